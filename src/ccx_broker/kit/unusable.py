"""The error of everything that an operator, and nobody else, can put right."""


class Unusable(Exception):
    """Something outside the program is not as it must be; the message says what to do about it."""
