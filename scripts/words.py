"""Bring the catalogues of translations up to date: `make words`, and `make words NEW=fr` for a new language.

Reads every text from templates (`_`, `trans`), Python (`say`, `say_n`, `word`) and the preference catalogue,
and puts what is new into each `ccx.po`, still to be translated. What nobody says any more is taken out.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.wording import phrases

PACKAGE = Path(__file__).parents[1] / "src" / "ccx_broker"
LOCALE = PACKAGE / "locale"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": None,
    "say_n": (1, 2),
    "word": None,
}
JINJA = {"trimmed": "true", "silent": "false", "newstyle_gettext": "true", "extensions": "jinja2.ext.i18n"}


def texts() -> Catalog:
    """Return all texts that there are, in the order of the files that say them."""
    found = Catalog(charset="utf-8", fuzzy=False)
    said = extract_from_dir(
        PACKAGE,
        # The demo tells its story on a terminal, in English.
        method_map=[("demo/**", "ignore"), ("templates/**.html", "jinja2"), ("**.py", "python")],
        options_map={"templates/**.html": JINJA},
        keywords=KEYWORDS,
        strip_comment_tags=True,
    )
    for file, _, message, comments, context in said:
        found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    for place, context, message in of_the_catalogue():
        found.add(message, locations=[(place, 0)], context=context)
    return found


def of_the_catalogue() -> Iterator[tuple[str, str | None, str]]:
    """Yield place, context and text of each question, help and value of the preference catalogue."""
    for item in CATALOGUE.items:
        place = f"profile/data/v1/{item.step}.json"
        yield place, None, item.question
        yield place, None, item.help
        for about, phrase in phrases(item.schema):
            yield place, about, phrase


def updated(path: Path, template: Catalog) -> bytes:
    """Return the file's catalogue with all texts of `template` and no others."""
    code = path.parents[1].name
    catalog = Catalog(locale=code, charset="utf-8", fuzzy=False)
    if path.is_file():
        catalog = read_po(io.BytesIO(path.read_bytes()), locale=code)
    # A likely translation is a wrong one until somebody has read it: none is guessed.
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    catalog.header_comment = f"# {catalog.locale.english_name} for the CCX broker."  # type: ignore[union-attr]
    written = io.BytesIO()
    write_po(written, catalog, width=110, omit_header=False, include_lineno=False, sort_by_file=True)
    # Dates and tool names would change with every run.
    kept = [line for line in written.getvalue().splitlines(True) if not line.startswith(NOISE)]
    return b"".join(kept)


NOISE = tuple(
    f'"{name}'.encode()
    for name in (
        "POT-Creation",
        "PO-Revision",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
        "Project-Id",
        "Report-Msgid",
    )
)


def main(new: list[str]) -> None:
    """Update every language, and begin those of `new`."""
    template = texts()
    codes = sorted({folder.name for folder in LOCALE.iterdir() if folder.is_dir()} | set(new))
    for code in codes:
        path = LOCALE / code / "LC_MESSAGES" / "ccx.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(updated(path, template))
        there = read_po(io.BytesIO(path.read_bytes()), locale=code)
        missing = [message for message in there if message.id and not all(_strings(message.string))]
        print(f"{code}: {len(there)} texts, {len(missing)} to be translated")


def _strings(string: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    main(sys.argv[1:])
