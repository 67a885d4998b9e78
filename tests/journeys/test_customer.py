"""A customer's whole way in a real browser: arriving, answering, sharing, looking, and taking it all back.

The same story by mouse, by keyboard alone, and on a phone whose browser runs no scripts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser as Chromium

from tests.accounts.test_passkey_browser import Device, local
from tests.journeys.hands import Keyboard, Mouse
from tests.journeys.shop import Shop, site
from tests.journeys.steps import (
    SOLD_OUT,
    STORE,
    accept_the_guess,
    answer_the_seven,
    export_it,
    find_it_in_the_log,
    let,
    narrow,
    see_it_as_they_see,
    sign_up,
    withdraw,
)
from tests.support import Broker
from tests.web.stage import chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True)
class Way:
    """How the customer uses the browser."""

    hand: type[Mouse]
    width: int
    scripts: bool = True


WAYS = {
    "mouse": Way(Mouse, 1280),
    "keyboard": Way(Keyboard, 1280),
    "phone without scripts": Way(Mouse, 360, scripts=False),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as started:
        yield started


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def hand(broker: Broker, browser: Chromium, way: Way) -> Iterator[Mouse]:
    context = browser.new_context(
        java_script_enabled=way.scripts, viewport={"width": way.width, "height": 780}, base_url=local(broker)
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    if way.scripts:
        Device(context.new_cdp_session(page))
    yield way.hand(page)
    context.close()
    assert [each for each in complaints if "Content Security Policy" in each or "Error:" in each] == []


@pytest.fixture(scope="module")
def back() -> Iterator[str]:
    with site() as address:
        yield address


def test_a_customer_arrives_shares_looks_and_takes_it_all_back(
    broker: Broker, back: str, hand: Mouse, way: Way
) -> None:
    market = Shop(broker, "Market", back, ("pref:buy", "events:write"))
    courier = Shop(broker, "Swift & Sons", back, ("pref:buy", "pref:deliver"))

    sign_up(hand, with_passkey=way.scripts)
    answer_the_seven(hand)
    let(hand, market, [STORE, f"{market.name} may send what I buy"])
    market.tells(visits=20)
    accept_the_guess(hand)
    let(hand, courier, [STORE, SOLD_OUT, "How do you like to get your things?"])
    said = {"buy.substitution": ("similar", "stated"), "deliver.method": ("click_and_collect", "stated")}
    assert courier.sees() == said | {"buy.store": ("Old Mill", "stated")}

    see_it_as_they_see(hand, courier)
    narrow(hand, STORE)
    assert courier.sees() == said
    withdraw(hand, courier)
    assert courier.looks().status_code == 401

    find_it_in_the_log(hand, courier)
    export_it(hand, courier)


def test_who_has_only_keys_can_skip_what_stands_on_every_page(broker: Broker, browser: Chromium) -> None:
    page = browser.new_page(base_url=broker.url)
    page.goto("/")
    hand = Keyboard(page)
    hand.tab_to("Skip to the content", "link")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert hand.stop()["name"] == "Create your profile"
    page.close()
