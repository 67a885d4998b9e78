"""Every language says everything that English says, with the same values in it."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from ccx_broker.kit.language import codes
from scripts.words import LOCALE, PACKAGE, texts, updated

FURTHER = [code for code in codes() if code != "en"]
VALUE = re.compile(r"%\((\w+)\)(?:\.\d)?[sdf]")
DOCUMENTED = re.compile(r"`|\n")
"""A docstring tells of a pattern and is none."""
TAG = re.compile(r"</?[a-z][^>]*>")


@pytest.fixture(scope="module")
def template() -> Catalog:
    return texts()


def po(code: str) -> Path:
    return LOCALE / code / "LC_MESSAGES" / "ccx.po"


def messages(code: str) -> Iterator[Message]:
    catalog = read_po(io.BytesIO(po(code).read_bytes()), locale=code)
    return (message for message in catalog if message.id)


def forms(text: str | list[str] | tuple[str, ...]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_there_are_texts_of_every_kind(template: Catalog) -> None:
    said = {form for message in template for form in forms(message.id)}
    assert {
        "Sign in",
        "How do you like to pay?",
        "click and collect",
        "%(n)d minutes",
        "Not just now",
    } <= said


@pytest.mark.parametrize("code", FURTHER)
def test_the_file_is_up_to_date(code: str, template: Catalog) -> None:
    assert po(code).read_bytes() == updated(po(code), template), "run `make words`"


@pytest.mark.parametrize("code", FURTHER)
def test_every_text_is_translated(code: str) -> None:
    missing = [forms(message.id)[0] for message in messages(code) if not all(forms(message.string))]
    assert missing == [], "translate them in the .po file"
    assert [message.id for message in messages(code) if message.fuzzy] == []


@pytest.mark.parametrize("code", FURTHER)
def test_values_and_tags_are_the_same(code: str) -> None:
    for message in messages(code):
        wanted = set().union(*(VALUE.findall(form) for form in forms(message.id)))
        for form in forms(message.string):
            assert set(VALUE.findall(form)) <= wanted, form
            assert sorted(TAG.findall(form)) == sorted(TAG.findall(forms(message.id)[-1])), form
        assert set(VALUE.findall(forms(message.string)[-1])) == set(VALUE.findall(forms(message.id)[-1]))
        bare = VALUE.sub("", "".join(forms(message.string)).replace("%%", ""))
        assert not wanted or "%" not in bare, message.id


def test_texts_stand_in_the_source_as_they_are() -> None:
    """A text that is put together when the program runs would be in no catalogue."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "demo":  # speaks English only, on a terminal
            continue
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and call.args:
                name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                # What is no constant has been marked by `word` where it is written.
                first = call.args[0]
                parts = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                if name in ("say", "say_n", "word"):
                    assert not any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in parts), call.lineno
                    assert len(parts) == 1 or not any(isinstance(part, ast.Constant) for part in parts), path


def test_every_pattern_in_the_source_is_a_text_that_can_be_translated(template: Catalog) -> None:
    said = {form for message in template for form in forms(message.id)}
    patterns = {
        node.value
        for file in PACKAGE.rglob("*.py")
        if "demo" not in file.parts and file.name != "words.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VALUE.search(node.value)
        if " " in node.value and not DOCUMENTED.search(node.value)
    }
    assert len(patterns) > 50
    assert patterns - said == set(), "mark a pattern that is kept in a variable with `word`"


def test_only_literals_are_trusted_as_markup() -> None:
    """What `_()` is given becomes markup unescaped, so nobody's own words may get there."""
    for path in (PACKAGE / "templates").rglob("*.html"):
        for argument in re.findall(r"\b_\(\s*(.)", path.read_text("utf-8")):
            assert argument == '"', path
