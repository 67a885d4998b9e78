"""Evidence in plain words that can be said in any language."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any


def say(message: str, **values: Any) -> dict[str, Any]:
    """Return a sentence as evidence keeps it: English, and the message with its values apart.

    `message` is a text with `%(name)s` in it, as gettext translates it. A value is a number, a day as ISO
    8601 text, a text that may have a translation of its own, or a list of these.
    """
    return {
        "sentence": message % {name: spoken(value) for name, value in values.items()},
        "message": message,
        "values": values,
    }


def spoken(value: Any) -> str:
    """Return a value as English says it: a day as `3 March 2017`, a list as `a, b and c`."""
    if isinstance(value, list | tuple):
        return listed([spoken(each) for each in value])
    return _text(value) if isinstance(value, str) else str(value)


@lru_cache(maxsize=4096)  # the same days come again and again
def _text(value: str) -> str:
    if len(value) == 10 and value[4] == value[7] == "-":
        try:
            return a_day(date.fromisoformat(value))
        except ValueError:
            return value
    return value


def shares(values: Mapping[str, float]) -> dict[str, str]:
    """Return shares (0 to 1) as per cent: `27 %`."""
    return {name: f"{value:.0%}".replace("%", " %") for name, value in values.items()}


def a_day(day: date) -> str:
    """Return `3 March 2017`."""
    return f"{day.day} {day:%B %Y}"


def listed(names: list[str]) -> str:
    """Return `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def period(first: str, last: str) -> str:
    """Return `between 3 March and 12 October 2017` from two ISO days, naming the year once if it is one."""
    since, until = date.fromisoformat(first), date.fromisoformat(last)
    if since == until:
        return f"on {a_day(since)}"
    start = f"{since.day} {since:%B}" if since.year == until.year else a_day(since)
    return f"between {start} and {a_day(until)}"
