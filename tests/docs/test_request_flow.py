"""docs/request-flow.md names what exists and counts it right. Run this file to write its numbers anew."""

import re

import pytest

from tests.docs.code import ROOT, SOURCE, code_lines, definition

PAGE = ROOT / "docs" / "request-flow.md"
LIMIT = 300  # lines of code: what one can follow in one go
ROW = re.compile(r"^(\| \d+ \| `(?P<file>[^`]+)` \| (?P<names>[^|]+) \|) \d+ \|$", re.MULTILINE)
TOTAL = re.compile(r"^(\| \| \| \*\*together\*\* \|) \*\*\d+\*\* \|$", re.MULTILINE)


def names(row: re.Match[str]) -> list[str]:
    return re.findall(r"`([^`]+)`", row["names"])


def count(row: re.Match[str]) -> int:
    return sum(code_lines(SOURCE / row["file"], name) for name in names(row))


def written(page: str) -> str:
    total = sum(count(row) for row in ROW.finditer(page))
    page = ROW.sub(lambda row: f"{row[1]} {count(row)} |", page)
    return TOTAL.sub(lambda row: f"{row[1]} **{total}** |", page)


def test_one_consented_read_can_be_followed_in_one_go() -> None:
    rows = list(ROW.finditer(PAGE.read_text("utf-8")))
    assert len(rows) >= 10
    assert sum(count(row) for row in rows) < LIMIT


def test_the_page_counts_right() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), "run `python tests/docs/test_request_flow.py`"


STEPS = re.findall(r"^\d+\. .*(?:\n   .*)*", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[:40])
def test_a_step_names_only_what_exists(step: str) -> None:
    """Each `folder/file.py` exists and its folder defines the names that follow, up to the next file."""
    path = None
    for name in re.findall(r"`([^`]+)`", step):
        if re.fullmatch(r"\w+(/\w+)+\.py", name):
            path = SOURCE / name
            assert path.is_file(), name
        elif path and re.fullmatch(r"\w+", name) and name not in ("Ask", "INSERT", "messageId"):
            assert any(definition(other, name) for other in path.parent.glob("*.py")), name


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
