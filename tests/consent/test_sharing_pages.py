"""One page an organisation: the very values, and every change that may be made without it."""

import json
import re

import httpx2
import pytest

from tests.disclosure.support import Shared, share, state
from tests.oauth_support import Browser, authorise, new_customer
from tests.support import Broker


@pytest.fixture
def shared(broker: Broker, http: httpx2.Client) -> Shared:
    return share(broker, http, ["buy.store", "contact.channel", "diet.allergens"])


@pytest.fixture
def browser(broker: Broker, shared: Shared) -> Browser:
    browser = Browser(broker)
    browser.sign_in(shared.customer)
    browser.open(f"/sharing/{shared.token['grant_id']}")
    return browser


def text(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def grant(http: httpx2.Client, shared: Shared) -> dict[str, object]:
    found: dict[str, object] = http.get(
        f"/v1/me/grants/{shared.token['grant_id']}", headers=shared.customer.bearer
    ).json()
    return found


def test_the_page_shows_the_very_values_and_how_often_it_looked(
    http: httpx2.Client, shared: Shared, browser: Browser
) -> None:
    assert "It has not looked yet" in text(browser)
    for words in ("367", "email", "peanuts", "especially private"):
        assert words in text(browser).lower()
    http.get("/v1/preferences", headers=shared.bearer).raise_for_status()
    browser.open(browser.here)
    assert "one look" in text(browser)


def test_a_tick_taken_away_is_seen_no_more(http: httpx2.Client, shared: Shared, browser: Browser) -> None:
    browser.send(browser.form_with("version"), [("key", "buy.store")], unset={"key"})
    assert "Saved" in text(browser)
    read = http.get("/v1/preferences", headers=shared.bearer).json()["preferences"]
    assert [p["key"] for p in read] == ["buy.store"]


def test_what_is_not_in_it_can_not_be_added(http: httpx2.Client, shared: Shared, browser: Browser) -> None:
    browser.send(browser.form_with("version"), [("key", "buy.store"), ("key", "buy.coupons")], unset={"key"})
    assert browser.page is not None
    assert browser.page.status_code == 422
    assert grant(http, shared)["keys"] == ["contact.channel", "buy.store", "diet.allergens"]


def test_nothing_left_is_said_to_be_an_end(http: httpx2.Client, shared: Shared, browser: Browser) -> None:
    browser.send(browser.form_with("version"), [], unset={"key"})
    assert "end sharing" in text(browser)
    assert grant(http, shared)["state"] == "live"


def test_it_can_be_made_shorter_and_longer(http: httpx2.Client, shared: Shared, browser: Browser) -> None:
    before = str(grant(http, shared)["expires_at"])
    browser.send(browser.form_with("version"), [("end", "day")])
    shorter = str(grant(http, shared)["expires_at"])
    browser.send(browser.form_with("version"), [("end", "year")])
    longer = str(grant(http, shared)["expires_at"])
    assert shorter < before < longer
    assert "You made it shorter" in text(browser)


def test_a_page_that_is_out_of_date_changes_nothing(
    http: httpx2.Client, shared: Shared, browser: Browser
) -> None:
    stale = browser.form_with("version")
    browser.send(stale, [("end", "year")])
    browser.send(stale, [("key", "buy.store")], unset={"key"})
    assert "changed in the meantime" in text(browser)
    assert len(grant(http, shared)["keys"]) == 3  # type: ignore[arg-type]


def test_it_is_ended_with_one_click(http: httpx2.Client, shared: Shared, browser: Browser) -> None:
    end = next(form for form in browser.forms() if (form.action or "").endswith("/end"))
    browser.send(end, [])
    assert http.get("/v1/preferences", headers=shared.bearer).status_code == 401
    browser.open(f"/sharing/{shared.token['grant_id']}")
    assert "This ended on" in text(browser)
    assert "End sharing" not in text(browser)


def test_as_they_see_it_is_what_they_get_word_for_word(
    http: httpx2.Client, shared: Shared, browser: Browser
) -> None:
    browser.open(f"{browser.here.partition('?')[0]}/as-they-see")
    shown = re.search(r"<code>(.*?)</code>", text(browser), re.DOTALL)
    assert shown is not None
    got = http.get("/v1/preferences", headers=shared.bearer).json()
    assert json.loads(shown[1].replace("&#34;", '"')) == got
    address = f"/v1/me/grants/{shared.token['grant_id']}/shared"
    preview = http.get(address, headers=shared.customer.bearer).json()
    assert [p["value"] for p in preview["preferences"]] == [p["value"] for p in got["preferences"]]
    log = http.get("/v1/me/disclosures", headers=shared.customer.bearer).json()["items"]
    assert len(log) == 1, "looking at it oneself is no look of theirs"


def test_nobody_sees_or_changes_anothers(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    stranger = Browser(broker)
    customer = new_customer(broker)
    stranger.sign_in(customer)
    for address in ("", "/as-they-see"):
        answer = stranger.http.get(f"/sharing/{shared.token['grant_id']}{address}")
        assert answer.status_code == 404
        assert "367" not in answer.text
    gone = http.get(f"/v1/me/grants/{shared.token['grant_id']}/shared", headers=customer.bearer)
    assert gone.status_code == 404


def test_the_dashboard_is_searched_and_filtered(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    from tests.disclosure.support import new_shop

    other = new_shop(broker)
    token = authorise(broker, other, shared.customer, ("pref:buy",), ["buy.store"])
    names = {
        str(g["grant_id"]): str(g["organisation"])
        for g in http.get("/v1/me/grants", headers=shared.customer.bearer).json()["items"]
    }
    http.delete(f"/v1/me/grants/{token['grant_id']}", headers=shared.customer.bearer)
    mine, ended = names[shared.token["grant_id"]], names[token["grant_id"]]
    browser = Browser(broker)
    browser.sign_in(shared.customer)

    def shown(query: str) -> tuple[bool, bool]:
        browser.open(f"/sharing?{query}")
        return mine in text(browser), f"{ended}<" in text(browser)

    assert shown("") == (True, True)
    assert shown("state=live") == (True, False)
    assert shown("state=ended") == (False, True)
    assert shown(f"q={mine.upper()}")[0] is True
    assert shown("q=nobody+of+this+name") == (False, False)
    assert "Nothing of that kind" in text(browser)


def test_a_grant_without_a_guess_shows_none(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    http.patch(
        f"/v1/me/grants/{shared.token['grant_id']}",
        json={"include_defaults": False},
        headers=shared.customer.bearer,
    ).raise_for_status()
    state(http, shared.customer, {"buy.store": "12"})
    preview = http.get(
        f"/v1/me/grants/{shared.token['grant_id']}/shared", headers=shared.customer.bearer
    ).json()
    assert {p["source"] for p in preview["preferences"]} == {"stated"}
