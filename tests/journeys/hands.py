"""Ways to use a page: by mouse and by keyboard. Both find a thing by how its name begins, as a person does.

Capitals don't matter. Where several have the same name it is the first on the page, or the one that stands
below the heading `about`. Whatever is pressed leads to another page, which is waited for.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

FURTHEST = 150
"""So often Tab is pressed for one thing, and no more: who needs as many has given up before."""

SHOWN = """() => {
  const at = document.activeElement;
  return [at, at.closest("label")].some(each => {
    const style = each && getComputedStyle(each);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  });
}"""
"""Whether it can be seen where one is: an outline around it, or around the card whose tick it is."""


class Mouse:
    """Clicks and types."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, name: str, about: str = "") -> None:
        """Press a button or follow a link."""
        with self.page.expect_event("load"):
            self._find(name, "button", "link", about=about).click()

    def write(self, label: str, text: str) -> None:
        """Write into a field."""
        self._find(label, "textbox").fill(text)

    def tick(self, label: str) -> None:
        """Tick a box, or take its tick away."""
        self._find(label, "checkbox").click()

    def pick(self, option: str) -> None:
        """Pick one of the answers to the page's question."""
        self._find(option, "radio").check()

    def choose(self, label: str, option: str) -> None:
        """Choose from a list that unfolds."""
        self._find(label, "combobox").select_option(label=option)

    def download(self, name: str) -> str:
        """Take a file with one, and return what is in it."""
        with self.page.expect_download() as coming:
            self._take(name)
        return Path(coming.value.path()).read_text()

    def read(self, *sentences: str) -> None:
        """Find sentences on the page; fails if one does not stand there."""
        for sentence in sentences:
            expect(self.page.get_by_role("main")).to_contain_text(sentence)

    def _take(self, name: str) -> None:
        self._find(name, "link").click()

    def _find(self, name: str, *roles: Any, about: str = "") -> Locator:
        like = re.compile(f"^{re.escape(name)}", re.IGNORECASE)
        place = self.page.get_by_role("region", name=about) if about else self.page.locator("body")
        found = place.get_by_role(roles[0], name=like)
        for role in roles[1:]:
            found = found.or_(place.get_by_role(role, name=like))
        return found.first


class Keyboard(Mouse):
    """Tab and Shift+Tab, Enter, Space, arrows and letters; never the mouse.

    At each stop the browser itself says what has the focus, as it does to a screen reader.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cdp = page.context.new_cdp_session(page)
        self.passed: list[dict[str, str]] = []
        page.on("framenavigated", lambda _: self.passed.clear())

    def press(self, name: str, about: str = "") -> None:
        self.tab_to(name, "button", "link", about=about)
        with self.page.expect_event("load"):
            self.page.keyboard.press("Enter")

    def write(self, label: str, text: str) -> None:
        self.tab_to(label, "textbox")
        self.page.keyboard.type(text)

    def tick(self, label: str) -> None:
        self.tab_to(label, "checkbox")
        self.page.keyboard.press("Space")

    def pick(self, option: str) -> None:
        self.tab_to("", "radio")
        self.page.keyboard.press("Space")
        self._down_to(option, lambda: self.stop()["name"])

    def choose(self, label: str, option: str) -> None:
        self.tab_to(label, "combobox")
        self.page.keyboard.press("Home")
        self._down_to(option, lambda: self.page.evaluate("document.activeElement.selectedOptions[0].text"))

    def tab_to(self, name: str, *roles: str, about: str = "") -> None:
        """Go to something: back, if it was passed on this page, or else on."""

        def is_it(stop: dict[str, str]) -> bool:
            named = begins(stop["name"], name) and begins(stop["description"], about)
            return named and stop["role"] in roles

        way = "Shift+Tab" if any(map(is_it, self.passed)) else "Tab"
        for _ in range(FURTHEST):
            stop = self.stop()
            if is_it(stop):
                return
            self.passed.append(stop)
            self.page.keyboard.press(way)
        raise AssertionError(f"No keys lead to {name!r} {about!r}, only to {self.passed}")

    def stop(self) -> dict[str, str]:
        """Return name, role and description of what has the focus; fails if that can't be seen."""
        at = self.cdp.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]
        wanted = {"objectId": at["objectId"], "fetchRelatives": False}
        node = self.cdp.send("Accessibility.getPartialAXTree", wanted)["nodes"][0]
        said = {part: node.get(part, {}).get("value", "") for part in ("name", "role", "description")}
        assert at["className"] == "HTMLBodyElement" or self.page.evaluate(SHOWN), f"No focus seen at {said}"
        return said

    def _take(self, name: str) -> None:
        self.tab_to(name, "link")
        self.page.keyboard.press("Enter")

    def _down_to(self, option: str, chosen: Callable[[], str]) -> None:
        for _ in range(FURTHEST):
            if begins(chosen(), option):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"No arrow leads to {option!r}, only to {chosen()!r}")


def begins(whole: str, words: str) -> bool:
    """Whether a name begins with these words."""
    return whole.casefold().startswith(words.casefold())
