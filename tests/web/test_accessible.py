"""Everybody can use every page: axe finds nothing against WCAG 2.2 AA, by day and by night, narrow and wide."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from ccx_broker.app import create_app
from ccx_broker.settings import load_settings
from tests.support import Broker, need_npm
from tests.web.parts import PARTS, serve_parts
from tests.web.sights import ELSEWHERE, NO_PAGES, SIGHTS, Way
from tests.web.stage import Stage, chromium, path_of, some_application, somebody

WIDTHS = (320, 1280)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LARGEST = 60_000  # bytes of a page with its stylesheets, scripts and pictures

pytestmark = pytest.mark.browser
ALL = [(f"{path} {name}", way) for path, ways in SIGHTS.items() for name, way in ways.items()]
ALL += list(ELSEWHERE.items())


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def axe() -> str:
    return (need_npm("axe-core") / "axe.min.js").read_text()


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    # Our policy forbids what axe needs: a script that is not ours. Other tests hold the policy.
    context = browser.new_context(bypass_csp=True)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def stage(broker: Broker, page: Page) -> Stage:
    return Stage(broker, page, somebody(broker), some_application(broker))


def complaints(page: Page, axe: str) -> list[str]:
    """Return what axe and the width have against a page as it stands, in every colour scheme and width."""
    page.evaluate(axe)
    found = []
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            answer: dict[str, Any] = page.evaluate(
                "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS
            )
            for violation in answer["violations"]:
                nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
                found.append(f"{scheme} {width}: {violation['id']}: {violation['help']}: {nodes}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{scheme} {width}: the page is {wide} wide")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "way"), ALL, ids=[name for name, _ in ALL])
def test_axe_finds_nothing_on_any_page_in_any_state(stage: Stage, axe: str, name: str, way: Way) -> None:
    broken: list[str] = []
    stage.page.on("response", lambda answer: broken.append(answer.url) if answer.status >= 500 else None)
    way(stage)
    assert broken == []
    path = name.partition(" ")[0]
    if path in SIGHTS:
        assert path_of(stage.page).startswith(path.partition("{")[0])
    assert complaints(stage.page, axe) == []
    whole = stage.page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".reduce((sum, entry) => sum + entry.decodedBodySize, 0)"
    )
    assert 0 < whole <= LARGEST, f"{whole} bytes"


def test_axe_would_find_something(page: Page, axe: str) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src=x></main></html>")
    assert any("image-alt" in each for each in complaints(page, axe))


@pytest.mark.parametrize("language", ["en", "de"])
def test_axe_finds_nothing_against_the_parts_that_pages_are_made_of(
    page: Page, axe: str, language: str
) -> None:
    serve_parts(page, language)
    page.goto(PARTS)
    assert complaints(page, axe) == []


def test_every_page_is_looked_at(database_url: str, tmp_path: Path) -> None:
    settings = load_settings({"CCX_DATA_DIR": str(tmp_path), "CCX_DATABASE_URL": database_url})
    app = create_app(settings, database_url)
    described = json.dumps(list(app.openapi()["paths"]))
    pages = {
        route.path
        for route in iter_route_contexts(app.routes)
        if route.path and "GET" in (route.methods or ()) and f'"{route.path}"' not in described
    }
    assert pages - set(NO_PAGES) == set(SIGHTS), "tests/web/sights.py says how to get to each page"
