"""JSON between the program and its database, in which whole numbers may be of any size.

What estimators remember is full of those: sums of weights that double with every half-life. That rules out the
parsers which know 64 bits, and the standard library's takes three times as long.
"""

from typing import Any

from msgspec import json


def dumps(value: Any) -> str:
    """Write a value as JSON; UUIDs and times become text."""
    return json.encode(value).decode()


def loads(text: str | bytes) -> Any:
    """Read JSON."""
    return json.decode(text)
