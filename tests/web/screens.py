"""`make screens`: pictures of the main pages, wide and narrow, by day and by night, to docs/screens/."""

import base64
import tempfile
from pathlib import Path

from playwright.sync_api import Browser as Chromium

from ccx_broker.kit.embedded import EmbeddedPostgres
from ccx_broker.kit.migrations import migrate
from tests.support import Broker, start_broker
from tests.web.ada import ada
from tests.web.sights import Way, as_visitor, asked, at
from tests.web.stage import Stage, chromium

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
TALLEST = 1800
QUALITY = 60


def first_agreement(further: str = "") -> Way:
    """Open the page of the newest agreement, or one below it."""

    def go(stage: Stage) -> None:
        newest, *_ = stage.api("GET", "/v1/me/grants").json()["items"]
        at(f"/sharing/{newest['grant_id']}{further}")(stage)

    return go


SCREENS: dict[str, tuple[str, Way]] = {
    "front": ("What this is, for a visitor", as_visitor("/")),
    "signup": ("Signing up", as_visitor("/signup")),
    "home": ("Home", at("/")),
    "seven-questions": ("The first of the seven questions", at("/start")),
    "preferences": ("My preferences", at("/preferences")),
    "hours": ("A question about hours", at("/preferences/deliver.window")),
    "ranking": ("A question about what is liked best", at("/preferences/pay.method_order")),
    "private": ("What is especially private", at("/preferences/private")),
    "guesses": ("What we think", at("/guesses")),
    "guess": ("One guess, and why", at("/guesses/buy.store")),
    "consent": ("An organisation asks", asked),
    "sharing": ("Who may see what", at("/sharing")),
    "agreement": ("One agreement, with the very values", first_agreement()),
    "as-they-see": ("See it as they see it", first_agreement("/as-they-see")),
    "log": ("Who looked", at("/log")),
    "messages": ("The inbox", at("/messages")),
    "account": ("The account", at("/account")),
}


def take(browser: Chromium, broker: Broker) -> None:
    """Take all pictures anew."""
    customer, shop = ada(broker)
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
                viewport={"width": width, "height": height},
                locale="en-GB",
            )
            page = context.new_page()
            stage = Stage(broker, page, customer, shop)
            for name, (_, way) in SCREENS.items():
                way(stage)
                tall = int(page.evaluate("document.documentElement.scrollHeight"))
                picture = context.new_cdp_session(page).send(
                    "Page.captureScreenshot",
                    {
                        "format": "webp",
                        "quality": QUALITY,
                        "captureBeyondViewport": True,
                        "clip": {"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST), "scale": 1},
                    },
                )
                (FOLDER / f"{name}-{size}-{scheme}.webp").write_bytes(base64.b64decode(picture["data"]))
            context.close()


def index() -> str:
    """Return the page that shows them side by side."""
    lines = ["# Screens", "", "What a customer sees. `make screens` takes the pictures anew.", ""]
    for name, (words, _) in SCREENS.items():
        lines += [f"## {words}", "", "| wide | narrow |", "| --- | --- |"]
        for scheme in ("light", "dark"):
            pictures = [f"![{words}, {size}, {scheme}]({name}-{size}-{scheme}.webp)" for size in SIZES]
            lines.append(f"| {' | '.join(pictures)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Start a broker of its own, fill it, and take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory(prefix="ccx-screens-") as folder,
        EmbeddedPostgres(Path(folder), {"fsync": "off"}) as url,
    ):
        migrate(url)
        with start_broker(url) as broker, chromium() as browser:
            take(browser, broker)
    (FOLDER / "README.md").write_text(index(), "utf-8")
    size = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    print(f"{len(list(FOLDER.glob('*.webp')))} pictures, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
