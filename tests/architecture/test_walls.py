"""Walls that import-linter can't see: which *names* are imported, and what is called on a session."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "ccx_broker"
MODULES = sorted(PACKAGE.rglob("*.py"))
SESSION_TYPES = {"sqlalchemy.orm.Session", "sqlalchemy.orm.sessionmaker"}
STATEMENTS = {"execute", "scalar", "scalars", "get", "get_one", "query", "add", "add_all", "merge", "delete"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield every imported name in full: `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: name the whole path of what you import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def may_write_sql(path: Path) -> bool:
    return (
        path.stem in ("store", "tables")
        or path.stem.endswith("_store")
        or path.parent.name in ("kit", "store")
    )


@pytest.mark.parametrize("path", [p for p in MODULES if not may_write_sql(p)], ids=name_of)
def test_only_stores_and_tables_know_sql(path: Path) -> None:
    """A service passes a session on, so it may name that type; everything else is the store's."""
    foreign = {name for name in imported(path) if name.partition(".")[0] == "sqlalchemy"} - SESSION_TYPES
    assert not foreign, f"{name_of(path)} imports {foreign}: move the statement to store.py"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            if isinstance(on, ast.Name) and on.id in ("session", "db"):
                assert node.func.attr not in STATEMENTS, (
                    f"{name_of(path)}:{node.lineno} runs a statement: move it to store.py"
                )


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.stem in ("rules", "words") or "rules" in p.parent.parts], ids=name_of
)
def test_rules_need_nothing_but_the_standard_library(path: Path) -> None:
    for name in imported(path):
        root, *rest = name.split(".")
        # `words` is held to the same: what people read may be said in any rule.
        ours = root == "ccx_broker" and ("rules" in rest or rest[0] == "words")
        assert root in sys.stdlib_module_names or ours, f"{name_of(path)} imports {name}: rules are pure"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.stem in ("tables", "schemas") and p.parent.name != "kit"], ids=name_of
)
def test_the_linter_knows_what_is_private(path: Path) -> None:
    assert f"    {name_of(path)}\n" in (ROOT / ".importlinter").read_text(), (
        f"add {name_of(path)} to the protected modules of its feature in .importlinter"
    )
