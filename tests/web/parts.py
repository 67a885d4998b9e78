"""The living style page: every macro of `templates/web` on one page, as a browser shows it."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup
from playwright.sync_api import Page, Route

from ccx_broker.kit.language import codes, language
from ccx_broker.web.rendering import environment
from ccx_broker.web.static import FILES

PARTS = "http://parts.test/"


def parts_page(code: str) -> str:
    """Return the page in a language."""
    source = Path(__file__).with_name("parts.html").read_text()
    return (
        environment(code)
        .from_string(source)
        .render(
            me=None,
            heeded_signal=False,
            path="/",
            csrf=lambda: Markup(""),
            languages=[language(each) for each in codes()],
            at=datetime(2026, 11, 24, 15, 4, tzinfo=UTC),
        )
    )


def serve_parts(page: Page, code: str) -> None:
    """Let a browser find the page and what it loads under `PARTS`."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = FILES[path.rpartition("/")[2]]
            route.fulfill(body=file.content, content_type=file.kind)
        else:
            route.fulfill(body=parts_page(code), content_type="text/html; charset=utf-8")

    page.route(f"{PARTS}**", answer)
