"""When to be silent. Chow, "On optimum recognition error and reject tradeoff", IEEE Trans. Inf. Theory 1970.

To say nothing costs something: the customer has to say it themselves. To be wrong costs more: somebody
treats them as they don't want to be. A guess is worth telling where its expected cost is the lower one:
(1 - p) × wrong <= silent, that is p >= 1 - silent / wrong. Both costs are data of the catalogue.
"""


def bar(wrong: float, silent: float) -> float:
    """Return the least probability of being right with which a guess may be told.

    Raises `ValueError` unless 0 < silent <= wrong: silence for nothing would be the end of all guesses.
    """
    if not 0 < silent <= wrong:
        raise ValueError(f"The costs have to be 0 < silent <= wrong, not silent {silent}, wrong {wrong}.")
    return 1 - silent / wrong
