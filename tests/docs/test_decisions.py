"""A decision that nothing enforces is a wish: each record ends with what holds it, and that exists."""

import re
from pathlib import Path

import pytest

from tests.docs.code import ROOT, names_of_tests

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_ends_with_what_enforces_it(record: Path) -> None:
    end = record.read_text("utf-8").rpartition("Enforced by")[2]
    assert 0 < len(end) < 1000, "end it with `Enforced by` and the file or test"
    files = re.findall(r"`([\w./-]+\.\w+|\.importlinter)(?:::\w+)?`", end)
    assert files
    for file in files:
        assert (ROOT / file).is_file(), file
    assert set(re.findall(r"\b(test_\w+)\b(?!\.py|/)", end)) <= names_of_tests()


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_is_one_page_and_has_the_number_of_its_file(record: Path) -> None:
    text = record.read_text("utf-8")
    assert text.startswith(f"# {int(record.stem[:4])}. ")
    assert len(text.split()) < 750


def test_numbers_are_given_once() -> None:
    numbers = [record.stem[:4] for record in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_the_index_lists_every_record_under_its_title() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    listed = set(re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", index, re.MULTILINE))
    titles = {record: record.read_text("utf-8").partition("\n")[0].partition(". ") for record in RECORDS}
    assert listed == {
        (start.removeprefix("# "), title, record.name) for record, (start, _, title) in titles.items()
    }
