"""Signing up, in and out in a real browser: without JavaScript, by keyboard, on a very small screen."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support import Broker, need_chromium

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
OPTIONS += ["--disable-sync", "--no-first-run"]
PASSWORD = "a quiet yellow boat"

pytestmark = pytest.mark.browser


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=need_chromium(), args=OPTIONS)
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
        yield context.new_page()
        chromium.close()


def test_a_person_signs_up_and_in_by_keyboard_alone(broker: Broker, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    email = f"{uuid4().hex}@example.org"

    page.goto(f"{broker.url}/signup?next=/devices")
    expect(page.get_by_label("Name")).to_be_focused()
    for typed in ("Ada Lovelace", email, PASSWORD):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Create my profile")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{broker.url}/devices")
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("navigation").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Create your profile")).to_be_visible()

    page.goto(f"{broker.url}/devices")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("not my password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("don't belong together")
    expect(page.get_by_label("Email")).to_have_value(email)
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{broker.url}/devices")

    refused = [each for each in complaints if "Content Security Policy" in each]
    assert refused == []


@pytest.mark.parametrize("path", ["/", "/signin", "/signup", "/no-such-page"])
def test_nothing_is_wider_than_a_very_small_screen(broker: Broker, page: Page, path: str) -> None:
    page.goto(broker.url + path)
    for part in page.locator("header, main, main > *, main form > *:visible, main a, main button").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= 320


def test_what_is_tapped_is_large_enough_for_a_thumb(broker: Broker, page: Page) -> None:
    page.goto(f"{broker.url}/signup")
    for part in page.locator("button, input:visible, .button, .brand").all():
        box = part.bounding_box()
        assert box is not None
        assert box["height"] >= 44
