"""docs/catalogue.md says what the catalogue says. Run this file to write its tables anew."""

import re
from collections.abc import Iterator
from pathlib import Path

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.wording import allowed

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"


def keys() -> Iterator[str]:
    for step in CATALOGUE.steps:
        yield f"\n### {step}\n"
        yield "| key | question | allowed | sensitivity | guessed |"
        yield "| --- | --- | --- | --- | --- |"
        for item in CATALOGUE.of_step(step):
            guessed = (
                f"from {1 - item.guess['silent'] / item.guess['wrong']:.0%}" if item.inferable else "never"
            )
            yield (
                f"| `{item.key}` | {item.question} | {allowed(item.schema)} | {item.sensitivity} | {guessed} |"
            )


def mappings() -> Iterator[str]:
    yield "\n| key | vocabulary | name there | values there |"
    yield "| --- | --- | --- | --- |"
    for item in CATALOGUE.items:
        for vocabulary, there in item.mappings.items():
            values = ", ".join(f"{ours} → {theirs}" for ours, theirs in there.get("values", {}).items())
            inverted = "inverted" if there.get("inverted") else ""
            yield f"| `{item.key}` | {vocabulary} | `{there['name']}` | {values or inverted or 'the same'} |"


def written(page: str) -> str:
    for name, lines in (("keys", keys()), ("mappings", mappings())):
        table = "\n".join(lines)
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}\n\n{found[2]}",  # type: ignore[misc]
            page,
            flags=re.DOTALL,
        )
    return page


def test_the_page_shows_the_catalogue_as_it_is() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), "run `python tests/profile/test_docs.py`"
    for item in CATALOGUE.items:
        assert f"| `{item.key}` | {item.question} |" in page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
