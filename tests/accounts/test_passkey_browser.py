"""Passkeys in real Chromium, whose virtual authenticator stands in for a finger on a sensor."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import CDPSession, Page, Route, expect, sync_playwright
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from tests.accounts.test_browser import OPTIONS, PASSWORD
from tests.support import Broker, need_chromium

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=need_chromium(), args=OPTIONS)
        page = chromium.new_context(viewport={"width": 1024, "height": 740}).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()
        assert [each for each in complaints if "Content Security Policy" in each or "Error:" in each] == []


@pytest.fixture
def device(page: Page) -> "Device":
    return Device(page.context.new_cdp_session(page))


class Device:
    """The virtual authenticator of a page."""

    def __init__(self, cdp: CDPSession) -> None:
        self.cdp = cdp
        cdp.send("WebAuthn.enable", {"enableUI": False})
        self.plugged = ""
        self.plug_in()

    def plug_in(self) -> None:
        added = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self.plugged = added["authenticatorId"]

    def pull_out(self) -> None:
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.plugged})

    def touched(self, always: bool) -> None:
        """Whether somebody's finger lies on the sensor all the time, or is never there."""
        said = {"authenticatorId": self.plugged, "enabled": always}
        self.cdp.send("WebAuthn.setAutomaticPresenceSimulation", said)

    def passkeys(self) -> list[dict[str, Any]]:
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.plugged})
        credentials: list[dict[str, Any]] = found["credentials"]
        return credentials


def local(broker: Broker) -> str:
    """The address at which passkeys work on one's own machine."""
    return f"http://localhost:{urlsplit(broker.url).port}"


def sign_up(page: Page, broker: Broker) -> str:
    email = f"{uuid4().hex}@example.org"
    page.goto(f"{local(broker)}/signup")
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Go on with a passkey").click()
    expect(page.get_by_role("heading", name="One more thing, Ada Lovelace")).to_be_visible()
    return email


def grow_old(sessions: sessionmaker[Session]) -> None:
    """Let every session have been proved an hour ago."""
    with sessions.begin() as session:
        session.execute(text("UPDATE sessions SET proved_at = proved_at - interval '1 hour'"))


def test_a_person_arrives_with_a_passkey_and_comes_back_with_it(
    broker: Broker, page: Page, device: Device
) -> None:
    email = sign_up(page, broker)
    assert [each["rpId"] for each in device.passkeys()] == ["localhost"]
    page.get_by_role("button", name="Make my recovery codes").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text(f"Signed in as {email}")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    device.touched(False)
    page.goto(f"{local(broker)}/signin?next=/account")

    # The finger comes when the button has ended the browser's own offer and asks anew. The virtual sensor is
    # looked at once, when it is asked: put there earlier the finger would answer the offer, later nothing.
    def asks(question: Route) -> None:
        device.touched(True)
        question.continue_()

    page.route("**/v1/sessions/passkey/options", asks)
    page.get_by_role("button", name="Use my passkey").click()
    expect(page).to_have_url(f"{local(broker)}/account")
    expect(page.get_by_text("10 of 10 left")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    device.pull_out()
    page.goto(f"{local(broker)}/signin")
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(codes[3].upper().replace("-", " "))
    page.get_by_role("button", name="Sign in with it").click()
    expect(page).to_have_url(f"{local(broker)}/account")
    expect(page.get_by_text("9 of 10 left")).to_be_visible()


def test_without_a_passkey_the_page_says_so_and_the_password_is_there(
    broker: Broker, page: Page, device: Device
) -> None:
    page.goto(f"{local(broker)}/signin")
    assert device.passkeys() == []
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_browser_offers_the_passkey_in_the_address_field(
    broker: Broker, page: Page, device: Device
) -> None:
    sign_up(page, broker)
    page.get_by_role("button", name="Sign out").click()
    # The virtual device takes up the offer at once, as if a person had chosen it from the field's list.
    page.goto(f"{local(broker)}/signin?next=/account/passkeys")
    expect(page).to_have_url(f"{local(broker)}/account/passkeys")
    expect(page.get_by_text("Last used")).to_be_visible()


def test_what_leads_into_the_account_asks_for_the_passkey_again(
    broker: Broker, page: Page, device: Device, sessions: sessionmaker[Session]
) -> None:
    email = sign_up(page, broker)
    page.goto(f"{local(broker)}/account")
    grow_old(sessions)
    page.get_by_role("link", name="Set a password").click()
    expect(page.get_by_role("heading", name="Show that it is you")).to_be_visible()
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_role("heading", name="Set a password")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_text("Your password is set")).to_be_visible()

    page.get_by_role("link", name="Change the e-mail address").click()
    page.get_by_label("Email").fill(f"new-{email}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_text(f"Your e-mail address is now new-{email}")).to_be_visible()

    page.get_by_role("link", name="Change the password").click()
    page.get_by_role("button", name="Remove the password").click()
    expect(page.get_by_text("There is no password any more")).to_be_visible()


def test_a_second_passkey_is_added_named_and_removed(broker: Broker, page: Page, device: Device) -> None:
    sign_up(page, broker)
    page.goto(f"{local(broker)}/account/passkeys")
    expect(page.get_by_text("It is your only way to sign in")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("the same again")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This device has a passkey of yours already")
    device.pull_out()
    device.plug_in()
    page.get_by_label("Name", exact=True).fill("my phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".rows > li")).to_have_count(2)
    page.get_by_text("Rename").last.click()
    page.get_by_label("New name for my phone").fill("my old phone")
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("button", name="Remove my old phone").click()
    expect(page.locator(".rows > li")).to_have_count(1)


def test_at_an_address_that_is_a_number_the_page_leads_to_where_passkeys_work(
    broker: Broker, page: Page
) -> None:
    page.goto(f"{broker.url}/signin")
    expect(page.get_by_role("button", name="Use my passkey")).to_have_count(0)
    page.get_by_role("link", name="open this page there").click()
    expect(page).to_have_url(re.compile(f"^{local(broker)}/signin$"))
    expect(page.get_by_role("button", name="Use my passkey")).to_be_visible()
