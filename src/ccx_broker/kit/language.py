"""Languages: one catalogue of translations a file (`locale/<code>/LC_MESSAGES/ccx.po`), read when it is first needed.

English needs no file, since the patterns themselves are English. A further language is a further file.
"""

import gettext
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from ccx_broker.words import is_day

DOMAIN = "ccx"
# English as it is written between Dublin and Delhi: the day stands before the month.
_LOCALES = {"en": "en_GB"}


class Language:
    """A language that pages can be shown in: its words, and how it writes numbers, days and lists."""

    def __init__(self, code: str, translations: gettext.NullTranslations) -> None:
        self.code = code
        self.locale = Locale.parse(_LOCALES.get(code, code))
        self._translations = translations

    def __call__(self, text: Any) -> Any:
        """Say a text in this language, if it is one that can be (`words.Said` and its like)."""
        speak = getattr(text, "speak", None)
        return text if speak is None else speak(self)

    @property
    def name(self) -> str:
        """What its speakers call it."""
        name = self.locale.language_name or self.code
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def find(self, message: str, many: str | None = None, n: int = 1) -> str:
        """Return the translation of a pattern, in the form for `n` things if it has a plural."""
        if many is None:
            found = self._translations.gettext(message) if message else ""
            # A pattern that has a plural is found by its singular only in newer versions of Python 3.11.
            return found if found != message else self._translations.ngettext(message, message, 1)
        return self._translations.ngettext(message, many, n)

    def find_in(self, context: str, message: str) -> str:
        """Return the translation of a word that means different things in different places."""
        return self._translations.pgettext(context, message)

    def shown(self, value: Any, digits: int | None = None) -> str:
        """Write a value that is put into a sentence: a number, a day, a word, a text."""
        if hasattr(value, "speak"):
            return str(value.speak(self))
        if isinstance(value, list | tuple):
            return self.listed([self.shown(part, digits) for part in value])
        if is_day(value):
            return self.day(date.fromisoformat(value))
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.number(value, digits)
        return self.find(value) if isinstance(value, str) else str(value)

    def number(self, value: float, digits: int | None = None) -> str:
        """Write a number: `1,234.5`."""
        pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self.locale)

    def percent(self, share: float) -> str:
        """Write a share from 0 to 1: `43%`."""
        return format_percent(share, locale=self.locale)

    def day(self, at: date) -> str:
        """Write a day, of a time its day in UTC: `24 November 2026`."""
        return format_date(at.astimezone(UTC) if isinstance(at, datetime) else at, "long", self.locale)

    def time(self, at: datetime) -> str:
        """Write a time of a day in UTC: `24 November 2026, 15:04 UTC`."""
        return (
            f"{self.day(at)}, {format_time(at.astimezone(UTC), 'HH:mm', tzinfo=UTC, locale=self.locale)} UTC"
        )

    def listed(self, parts: Sequence[str]) -> str:
        """Write a list: `a, b and c`."""
        return format_list(parts, locale=self.locale)

    def weekday(self, number: int, width: str = "wide") -> str:
        """Name a day of the week, Monday being 0; `width` is `wide` or `abbreviated`."""
        return str(self.locale.days["stand-alone"][width][number])


def codes() -> tuple[str, ...]:
    """Return which languages there are, English first."""
    folders = (folder.name for folder in (files("ccx_broker") / "locale").iterdir() if folder.is_dir())
    return ("en", *sorted(folders))


@cache
def language(code: str) -> Language:
    """Return one of the languages that `codes` names."""
    if code == "en":
        return Language(code, gettext.NullTranslations())
    source = files("ccx_broker") / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    binary = io.BytesIO()
    write_mo(binary, read_po(io.BytesIO(source.read_bytes()), locale=code))
    binary.seek(0)
    return Language(code, gettext.GNUTranslations(binary))


def best(wanted: Iterable[str]) -> str | None:
    """Return the first of these language tags (BCP 47) that there is, by its first part (RFC 4647 §3.4)."""
    there = codes()
    return next((code for tag in wanted if (code := tag.partition("-")[0].lower()) in there), None)


def accepted(header: str) -> list[str]:
    """Return the tags of an `Accept-Language` header, the preferred first (RFC 9110 §12.5.4)."""
    weighed = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        name, _, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if quality > 0:
            weighed.append((-quality, place, tag.strip()))
    return [tag for _, _, tag in sorted(weighed)]


ENGLISH = language("en")
