"""What the documents list is what there is, and what they point at exists."""

import json
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from ccx_broker.consent import rules as consent
from ccx_broker.disclosure.rules import Reason
from ccx_broker.kit.errors import Problem
from ccx_broker.oauth.rules import CUSTOMER_SCOPES, ORGANISATION_SCOPES
from ccx_broker.organisations.rules import PLAIN_SCOPES
from ccx_broker.profile.catalogue import CATALOGUE
from tests.docs.code import ROOT, named_slugs, names_of_tests, parsed, slugs

API = (ROOT / "docs" / "api.md").read_text("utf-8")
PAGES = sorted({ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")})
METHODS = ("get", "put", "post", "patch", "delete")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def section(title: str) -> str:
    """Return what stands under a heading of docs/api.md."""
    return API.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """Return what stands in backticks in the first column of the tables of a text."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_endpoint_is_listed_and_no_other() -> None:
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text("utf-8"))
    there = {f"{m.upper()} {path}" for path, ways in document["paths"].items() for m in METHODS if m in ways}
    outside = {"GET /healthz", "GET /oauth/authorize", "GET /oauth/logout"}
    assert first_cells(section("Endpoints")) == there | outside


def test_every_scope_is_listed_and_no_other() -> None:
    plain = PLAIN_SCOPES | CUSTOMER_SCOPES | ORGANISATION_SCOPES
    assert first_cells(section("Scopes")) == plain | {"pref:<step>", "pref:<key>"}
    for step in CATALOGUE.steps:
        assert f"`{step}`" in section("Scopes")


def test_every_problem_is_listed_and_no_other() -> None:
    assert first_cells(section("Errors")) == slugs()


def test_every_problem_has_the_status_that_is_listed() -> None:
    listed = dict(re.findall(r"^\| `([\w-]+)` \| (\d+) \|", section("Errors"), re.MULTILINE))
    import_module("ccx_broker.app")  # and with it every feature's kinds of problem
    kinds = {kind.__name__: kind for kind in problems(Problem)}
    given = {kind.slug: kind.status for kind in kinds.values()}
    given |= {slug: kinds[name].status for name, slug in named_slugs()}
    assert {slug: int(status) for slug, status in listed.items()} == given


def problems(kind: type[Problem]) -> list[type[Problem]]:
    return [kind, *(each for below in kind.__subclasses__() for each in problems(below))]


def test_every_reason_of_a_refusal_is_listed_and_no_other() -> None:
    assert first_cells(section("In the customer's log")) == set(Reason)


def test_every_step_of_a_grants_history_is_listed() -> None:
    text = section("In the customer's log")
    for action in consent.Action.__args__:  # type: ignore[attr-defined]
        assert f"`{action}`" in text


@pytest.mark.parametrize("page", ["security.md", "security/oauth.md"])
def test_every_test_that_a_security_page_names_exists(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text("utf-8")))
    assert len(named) > 30
    assert named - names_of_tests() == set()


def test_no_requirement_of_the_best_practice_is_without_a_place_and_a_test() -> None:
    """RFC 9700 §2 and §4 and FAPI 2.0's attackers: no empty cell, and a test in the last one."""
    page = (ROOT / "docs" / "security" / "oauth.md").read_text("utf-8")
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if "tests" not in row[-1] and not row[0].strip().startswith("---")]
    assert len(rows) > 35
    for row in rows:
        assert all(cell.strip() for cell in row), row
        assert "`test_" in row[-1], row
    sections = {row[0].strip() for row in rows}
    assert {f"4.{number}" for number in range(1, 18)} <= sections
    assert {"2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"} <= sections


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_source_file_that_is_named_exists(page: Path) -> None:
    """`src/…`, `tests/…` and the like are meant from the root; `feature/file.py` from the package."""
    for name in re.findall(r"`(\w[\w./-]*/[\w.-]+\.(?:py|json|ini))(?:::\w+)?`", page.read_text("utf-8")):
        assert (ROOT / name).exists() or (ROOT / "src" / "ccx_broker" / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_that_is_printed_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    functions = {
        getattr(node, "name", "").replace("_", "-")
        for node in parsed(ROOT / "src" / "ccx_broker" / "cli.py").body
    }
    known = functions | {"organisation", "application", "defaults", "keys", "registration-token"}
    assert set(re.findall(r"ccx-broker ([a-z]+(?:-[a-z]+)*)\b", text)) <= known


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout, so nobody can say which files belong to it")
    return listed.stdout.splitlines()


# Put together here, so that this file does not name what it looks for.
NOWHERE = re.compile(
    "|".join(
        (
            r"pypi\." + "org",
            r"files\.python" + "hosted",
            r"registry\.npm" + "js",
            r"index-" + r"url[ =]+\S*://",
            r"(?<![\w.$}~-])/(home|Users|root|work|workspace|mnt)/" + r"\w+",
        )
    )
)


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        found += [f"{name}: {match[0]}" for match in NOWHERE.finditer(text)]
    assert not found, "\n".join(found)
