"""Global Privacy Control: heeded before the first answer, shown, written down, and taken back for good."""

from typing import Any

import httpx2
import pytest

from tests.oauth_support import Browser, SomeCustomer, new_customer
from tests.support import Broker

SHARE = "/v1/me/preferences/data.share"
SIGNAL = {"Sec-GPC": "1"}


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def share(http: httpx2.Client, customer: SomeCustomer) -> dict[str, Any]:
    found: dict[str, Any] = http.get(SHARE, headers=customer.bearer).json()
    return found


def visit(browser: Browser, **headers: str) -> str:
    return browser.http.get("/log", headers=headers).raise_for_status().text


def test_the_site_says_that_it_heeds_the_signal(http: httpx2.Client) -> None:
    answer = http.get("/.well-known/gpc.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"gpc": True, "lastUpdate": "2026-11-24"}


def test_the_signal_is_heeded_before_the_first_answer_and_shown_in_it(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    assert "Global Privacy Control" in visit(browser, **SIGNAL)
    found = share(http, customer)
    assert (found["value"], found["source"]) == ("no", "imported")
    history = http.get(f"{SHARE}/history", headers=customer.bearer).json()["items"]
    assert [(entry["action"], entry["value"]) for entry in history] == [("signalled", "no")]
    assert "Global Privacy Control" not in visit(browser, **SIGNAL), "it is news only once"


def test_the_signal_comes_before_the_very_first_page_after_signing_in(
    broker: Broker, http: httpx2.Client, customer: SomeCustomer
) -> None:
    browser = Browser(broker)
    browser.http.headers.update(SIGNAL)
    browser.sign_in(customer)
    assert browser.page is not None
    assert "Global Privacy Control" in browser.page.text
    assert share(http, customer)["value"] == "no"


def test_what_the_customer_says_afterwards_stands(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    visit(browser, **SIGNAL)
    http.put(SHARE, json={"value": "yes"}, headers=customer.bearer).raise_for_status()
    visit(browser, **SIGNAL)
    assert share(http, customer)["value"] == "yes"
    http.delete(SHARE, headers=customer.bearer).raise_for_status()
    visit(browser, **SIGNAL)
    assert share(http, customer)["value"] is None


def test_an_earlier_yes_gives_way_and_an_earlier_no_stays_the_customers_own(
    broker: Broker, http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    http.put(SHARE, json={"value": "yes"}, headers=customer.bearer).raise_for_status()
    visit(browser, **SIGNAL)
    assert share(http, customer)["value"] == "no"
    other = new_customer(broker)
    http.put(SHARE, json={"value": "no"}, headers=other.bearer).raise_for_status()
    second = Browser(broker)
    second.sign_in(other)
    assert "Global Privacy Control" not in visit(second, **SIGNAL)
    assert share(http, other)["source"] == "stated"


@pytest.mark.parametrize("value", ["0", "", "true", "11"])
def test_any_other_value_is_no_signal(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser, value: str
) -> None:
    visit(browser, **{"Sec-GPC": value})
    assert share(http, customer)["value"] is None


def test_a_visitor_without_a_session_is_nobodys_signal(http: httpx2.Client) -> None:
    assert http.get("/", headers=SIGNAL).status_code == 200
