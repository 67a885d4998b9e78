"""What we think, in a browser without JavaScript: why, keep, correct, dismiss, forget, and switch learning off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.defaults.examples import order
from tests.oauth_support import Browser, HtmlForm, SomeCustomer, authorise, new_application, new_customer
from tests.support import Broker

SCOPES = ("pref:buy", "events:write")
START = datetime(2026, 3, 7, 15, tzinfo=UTC)


class Shop:
    """An organisation that may tell what its customer does."""

    def __init__(self, broker: Broker, customer: SomeCustomer) -> None:
        self.broker = broker
        self.http = httpx2.Client(base_url=broker.url, timeout=30)
        token = authorise(
            broker,
            new_application(broker, SCOPES),
            customer,
            SCOPES,
            ["buy.store"],
            guesses=True,
            events=True,
        )
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.subject = self.read()["subject"]

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/v1/preferences").raise_for_status().json()
        return found

    def tell(self, count: int, store: str = "367", first: int = 0) -> None:
        batch = [
            {"type": "track", "event": "Order Completed", "userId": self.subject, "messageId": f"{store}-{i}"}
            | {"timestamp": (START + timedelta(weeks=i)).isoformat()}
            | order(store)
            for i in range(first, first + count)
        ]
        self.http.post("/v1/events", json={"batch": batch}).raise_for_status()
        self.broker.conclude()


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def shop(broker: Broker, customer: SomeCustomer) -> Iterator[Shop]:
    shop = Shop(broker, customer)
    shop.tell(20)
    yield shop
    shop.http.close()


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def text(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def form(browser: Browser, action: str, button: str) -> HtmlForm:
    return next(f for f in browser.forms() if f.action == action and ("do", button) in f.buttons)


def defaults(http: httpx2.Client, customer: SomeCustomer) -> dict[str, str]:
    items = http.get("/v1/me/defaults", headers=customer.bearer).json()["items"]
    return {item["key"]: item["state"] for item in items}


def test_before_anything_was_seen_the_page_says_what_will_be_there(browser: Browser) -> None:
    browser.open("/guesses")
    assert "Nothing is guessed yet" in text(browser)
    browser.open("/observed")
    assert "Nothing was observed" in text(browser)
    browser.open("/guesses/buy.store")
    assert browser.page is not None
    assert browser.page.status_code == 404


def test_each_guess_says_why_and_what_it_rests_on(shop: Shop, browser: Browser) -> None:
    browser.open("/guesses")
    assert "Which shop do you mostly go to?" in text(browser)
    assert "of your 20 visits" in text(browser)
    browser.open("/guesses/buy.store")
    assert "What would change it" in text(browser)
    assert text(browser).count("at store 367") >= 10


def test_a_guess_is_kept_with_one_tap(
    http: httpx2.Client, customer: SomeCustomer, shop: Shop, browser: Browser
) -> None:
    browser.open("/guesses")
    browser.send(form(browser, "/guesses/buy.store", "keep"), [("do", "keep")])
    assert "your own word" in text(browser)
    held = http.get("/v1/me/preferences/buy.store", headers=customer.bearer).json()
    assert (held["value"], held["source"]) == ("367", "stated")


def test_a_dismissed_guess_stays_away_until_it_is_asked_for(
    http: httpx2.Client, customer: SomeCustomer, shop: Shop, browser: Browser
) -> None:
    browser.open("/guesses")
    browser.send(form(browser, "/guesses/buy.store", "dismiss"), [("do", "dismiss")])
    shop.tell(5, first=20)
    assert "buy.store" not in {p["key"] for p in shop.read()["preferences"]}
    browser.open("/guesses")
    browser.send(form(browser, "/guesses/buy.store", "restore"), [("do", "restore")])
    assert defaults(http, customer)["buy.store"] == "offered"


def test_a_purchase_is_forgotten_and_a_shop_is_muted_and_unmuted(
    http: httpx2.Client, customer: SomeCustomer, shop: Shop, browser: Browser
) -> None:
    browser.open("/observed")
    forget = next(f for f in browser.forms() if f.action == "/observed/forget")
    browser.send(forget, [])
    assert "Forgotten" in text(browser)
    browser.open("/guesses")
    assert "of your 19 visits" in text(browser)
    browser.open("/observed")
    browser.send(form(browser, "/observed/source", "mute"), [("do", "mute")])
    assert "buy.store" not in defaults(http, customer)
    assert shop.read()["preferences"] == []
    browser.send(form(browser, "/observed/source", "unmute"), [("do", "unmute")])
    assert defaults(http, customer)["buy.store"] == "offered"
    browser.send(form(browser, "/observed/source", "forget"), [("do", "forget")])
    assert http.get("/v1/me/events", headers=customer.bearer).json()["items"] == []
    assert "buy.store" not in defaults(http, customer)


def test_learning_is_switched_off_and_on(
    http: httpx2.Client, customer: SomeCustomer, shop: Shop, browser: Browser
) -> None:
    browser.open("/observed")
    browser.send(form(browser, "/observed/learning", "off"), [("do", "off")])
    assert "Learning is off" in text(browser)
    assert shop.read()["preferences"] == []
    browser.send(form(browser, "/observed/learning", "on"), [("do", "on")])
    assert "Which shop do you mostly go to?" in text(browser)


def test_nobody_forgets_for_another_and_no_other_site_does(
    broker: Broker, http: httpx2.Client, customer: SomeCustomer, shop: Shop, browser: Browser
) -> None:
    event = http.get("/v1/me/events", headers=customer.bearer).json()["items"][0]["event_id"]
    stranger = Browser(broker)
    stranger.sign_in(new_customer(broker))
    stranger.open("/observed")
    forged = form(stranger, "/observed/learning", "off")
    forged.action, forged.buttons = "/observed/forget", []
    stranger.send(forged, [("event", event)])
    assert len(http.get("/v1/me/events", headers=customer.bearer).json()["items"]) == 20
    for path in ("/guesses/buy.store", "/observed/forget", "/observed/source", "/observed/learning"):
        assert browser.http.post(path, data={"do": "off"}).status_code == 403
