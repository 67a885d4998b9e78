"""Reads the source for the tests of the documents: where a name is defined, and how long it is."""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "ccx_broker"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def definition(path: Path, name: str) -> Definition | None:
    """Return what defines `name` (`Class.method` for one inside a class) at the top of a file, or None."""
    body: list[ast.stmt] = parsed(path).body
    found: Definition | None = None
    for part in name.split("."):
        found = next((node for node in body if isinstance(node, Definition) and part in _names(node)), None)
        if found is None:
            return None
        body = getattr(found, "body", [])
    return found


def code_lines(path: Path, name: str) -> int:
    """Count the lines of a definition that hold code: no blank lines, comments or docstrings."""
    node = definition(path, name)
    assert node is not None, f"{path} defines no {name}"
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    lines = _lines_with_code(path) & set(range(first, (node.end_lineno or first) + 1))
    return len(lines - set(_docstring_lines(node)))


@cache
def _lines_with_code(path: Path) -> frozenset[int]:
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    return frozenset(
        line
        for token in tokens
        if token.type not in nothing
        for line in range(token.start[0], token.end[0] + 1)
    )


def _docstring_lines(node: ast.AST) -> Iterator[int]:
    for each in ast.walk(node):
        body = getattr(each, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield from range(value.lineno, (value.end_lineno or value.lineno) + 1)


def _names(node: Definition) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id] if isinstance(node.target, ast.Name) else []
    return [node.name]


def names_of_tests() -> set[str]:
    """Return the names of all test functions that there are."""
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def slugs() -> set[str]:
    """Return every problem slug that the source gives: class attributes and `slug=` arguments.

    A slug that is put together (`f"http-{status}"`) counts by its fixed beginning with a `…`.
    """
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(parsed(path)):
            found |= set(_slugs_of(node))
    return found


def named_slugs() -> set[tuple[str, str]]:
    """Return each `Kind("…", slug="…")` of the source as the kind's name and the slug."""
    return {
        (node.func.id, slug)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        for argument in node.keywords
        if argument.arg == "slug" and isinstance(argument.value, ast.Constant)
        for slug in _text(argument.value)
    }


def _slugs_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.keyword) and node.arg == "slug":
        yield from _text(node.value)
    if isinstance(node, ast.ClassDef):
        for statement in node.body:
            if isinstance(statement, ast.Assign):
                yield from _assigned_slug(statement)


def _assigned_slug(statement: ast.Assign) -> Iterator[str]:
    for target in statement.targets:
        if isinstance(target, ast.Name) and target.id == "slug":
            yield from _text(statement.value)
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            for each, value in zip(target.elts, statement.value.elts, strict=True):
                if isinstance(each, ast.Name) and each.id == "slug":
                    yield from _text(value)


def _text(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    if isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
        yield f"{value.values[0].value}…"
