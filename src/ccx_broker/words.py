"""Texts for people, said in English and able to be said in another language.

`say("Wait %(minutes)d minutes.", minutes=5)` is an English string like any other: logs and the API show it
as it stands. It also remembers its pattern and its values, so a page can say it in the reader's language.
The pattern is a literal, never an f-string: `make words` reads it from the source. Standard library only,
so that rules may use it too.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

_FIELD = re.compile(r"%\((\w+)\)(?:\.(\d+))?([sdf])|%%")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Speaker(Protocol):
    """What a text needs to know of a language."""

    def find(self, message: str, many: str | None, n: int) -> str:
        """Return the translation of a pattern, in the form for `n` things if it has a plural."""

    def shown(self, value: Any, digits: int | None) -> str:
        """Write a value that is put into a sentence, a number with `digits` behind the point."""


class Said(str):
    """An English text that can be said in another language."""

    message: str
    values: Mapping[str, Any]
    many: str | None

    def __new__(
        cls, message: str, values: Mapping[str, Any] | None = None, many: str | None = None
    ) -> "Said":
        """Make it of its pattern, the values in it, and the pattern for more than one (`values["n"]`)."""
        values = values or {}
        pattern = message if many is None or values["n"] == 1 else many
        text = super().__new__(cls, fill(pattern, values, english))
        text.message, text.values, text.many = message, values, many
        return text

    def speak(self, speaker: Speaker) -> str:
        """Say it in the speaker's language."""
        pattern = speaker.find(self.message, self.many, self.values.get("n", 1))
        return fill(pattern, self.values, speaker.shown)


def say(message: str, /, **values: Any) -> Said:
    """Say something: `say("Until %(day)s", day="2026-11-24")`. Values: numbers, days, words, other texts."""
    return Said(message, values)


def say_n(one: str, many: str, n: int, /, **values: Any) -> Said:
    """Say something of `n` things: `say_n("%(n)d shop", "%(n)d shops", 3)`."""
    return Said(one, values | {"n": n}, many)


def word(text: str) -> str:
    """Mark a word that will be a value of a text, so that translators get to see it."""
    return text


def quiet(name: str) -> str:
    """Return a name that a shop writes in capitals as people do: `SOFT DRINKS` as `soft drinks`.

    Names of three letters may be abbreviations, and stay.
    """
    return name.lower() if name.isupper() and sum(map(str.isalpha, name)) > 3 else name


def why(evidence: Mapping[str, Any]) -> str:
    """Return the sentence of a guess's evidence, able to be said in another language if it has its pattern.

    `also` is a sentence more, with a pattern and values of its own.
    """
    if "message" not in evidence:
        return str(evidence["sentence"])
    said = Said(str(evidence["message"]), evidence.get("values", {}))
    return (
        Said("%(one)s %(more)s", {"one": said, "more": why(evidence["also"])}) if "also" in evidence else said
    )


def fill(pattern: str, values: Mapping[str, Any], shown: Callable[[Any, int | None], str]) -> str:
    """Put values into a pattern; `shown` writes each of them, a number with so many digits behind the point."""

    def field(found: re.Match[str]) -> str:
        name, digits, kind = found.groups()
        if name is None:
            return "%"
        if kind == "f":
            return shown(float(values[name]), 6 if digits is None else int(digits))
        return shown(values[name], 0 if kind == "d" else None)

    return _FIELD.sub(field, pattern)


def english(value: Any, digits: int | None = None) -> str:
    """Write a value in English: `1,234`, `3 March 2017`, `a, b and c`, words as they are."""
    if isinstance(value, list | tuple):
        *others, last = [english(part, digits) for part in value] or [""]
        return f"{', '.join(others)} and {last}" if others else last
    if is_day(value):
        return a_day(date.fromisoformat(value))
    if isinstance(value, date):
        return a_day(value.astimezone(UTC) if isinstance(value, datetime) else value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}" if digits is None else f"{value:,.{digits}f}"
    return str(value)


def is_day(value: Any) -> bool:
    """Whether a value is a day as ISO 8601 writes it: `2017-03-03`."""
    return isinstance(value, str) and _DAY.fullmatch(value) is not None


def a_day(day: date) -> str:
    """Return `3 March 2017`, whatever the machine's own language is."""
    months = "January February March April May June July August September October November December"
    return f"{day.day} {months.split()[day.month - 1]} {day.year}"
