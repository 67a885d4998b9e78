"""What may be seen of an event that is no order: its properties, few, short, and nothing sensitive."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from ccx_broker.defaults.rules.sensitive import is_sensitive

Value = str | float | bool | tuple[str, ...]

MOST_PROPERTIES = 24
MOST_ITEMS = 24
MOST_TEXTS = 200
LONGEST = 80


def seen_of(properties: Mapping[str, Any]) -> Mapping[str, Value] | None:
    """Return the properties that an estimator may see; None if the event may teach nothing at all.

    An event teaches nothing if a text anywhere in it holds a sensitive word, or if it holds more texts
    than anyone would look through. What is neither a text, a number, a yes or no, nor a list of texts is
    left out.
    """
    for number, text in enumerate(_texts(properties)):
        if number >= MOST_TEXTS or is_sensitive(text):
            return None
    seen: dict[str, Value] = {}
    for name, value in properties.items():
        if len(seen) == MOST_PROPERTIES:
            break
        kept = _plain(value)
        if kept is not None:
            seen[name] = kept
    return seen


def _plain(value: object) -> Value | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e12 and isfinite(value) else None
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, list):
        texts = (_short(item) for item in value[:MOST_ITEMS] if isinstance(item, str))
        return tuple(text for text in texts if text is not None)
    return None


def _short(value: str) -> str | None:
    """Return a text on one line, without what can't be printed; None if nothing is left."""
    text = " ".join(value[: 4 * LONGEST].split())[:LONGEST].strip()
    return text if text and text.isprintable() else None


def _texts(value: object) -> Iterator[str]:
    """Yield every text in some JSON, however deep (the intake has bounded the depth)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
