"""My preferences in a browser without JavaScript: every question can be answered, taken back and said again."""

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.journey import FIRST
from tests.oauth_support import Browser, HtmlForm, SomeCustomer, new_customer
from tests.profile.test_controls import sent_by
from tests.support import Broker


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def text(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def held(http: httpx2.Client, customer: SomeCustomer, key: str) -> Any:
    return http.get(f"/v1/me/preferences/{key}", headers=customer.bearer).json()["value"]


def answer_form(browser: Browser) -> HtmlForm:
    """Return the form that the answer of the page is given in."""
    here = urlsplit(browser.here).path
    return next(form for form in browser.forms() if form.action == here)


def say(browser: Browser, key: str, *pairs: tuple[str, str], unset: set[str] | None = None) -> str:
    browser.open(f"/preferences/{key}")
    browser.send(
        answer_form(browser), pairs, unset={"value", "name", "day", "slot"} if unset is None else unset
    )
    return text(browser)


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda item: item.key)
def test_every_question_is_answered_on_its_page(
    item: Any, http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    import json

    from ccx_broker.profile.controls import control, kind_of

    example = next(iter([*item.schema.get("examples", ()), *item.schema.get("enum", ()), True]))
    value = json.loads(json.dumps(example, default=lambda v: dict(v) if hasattr(v, "keys") else list(v)))
    fields = sent_by(control(item, value))
    shown = say(browser, item.key, *[(name, each) for name, values in fields.items() for each in values])
    assert "Saved." in shown
    if kind_of(item) != "week":
        assert held(http, customer, item.key) == value
    else:
        assert held(http, customer, item.key)
    assert len(shown.encode()) < 60_000


def test_an_answer_has_a_rank_and_a_note_and_a_history_with_undo(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    say(
        browser,
        "discover.own_brand",
        ("value", "prefer"),
        ("rank", "need"),
        ("note", "Since <2020>"),
        unset={"rank"},
    )
    shown = say(browser, "discover.own_brand", ("value", "avoid"))
    assert "Since &lt;2020&gt;" in shown
    assert "What you said before" in shown
    restore = next(form for form in browser.forms() if (form.action or "").endswith("/restore"))
    browser.send(restore, [])
    assert held(http, customer, "discover.own_brand") == "prefer"
    taken = next(form for form in browser.forms() if (form.action or "").endswith("/remove"))
    browser.send(taken, [])
    assert held(http, customer, "discover.own_brand") is None
    assert "You took it back" in text(browser)


def test_what_can_not_be_is_said_beside_the_form_and_nothing_is_lost(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    shown = say(browser, "buy.substitution_max_uplift", ("value", "250"))
    assert "That is not a possible answer" in shown
    assert 'value="250"' in shown
    assert "Choose or write something first" in say(browser, "buy.substitution_max_uplift")
    assert held(http, customer, "buy.substitution_max_uplift") is None


@pytest.mark.parametrize(
    "junk", [("value", "nonsense"), ("value", "mon-99"), ("name", "x" * 300), ("day", "noday")]
)
@pytest.mark.parametrize(
    "key", ["contact.hours", "buy.day_time", "buy.replenish", "access.extra_time", "pay.receipt"]
)
def test_junk_is_refused_in_words(browser: Browser, key: str, junk: tuple[str, str]) -> None:
    say(browser, key, junk)
    assert browser.page is not None
    assert browser.page.status_code in (200, 422)


def test_a_ranking_is_reordered_by_buttons_and_then_saved(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    say(browser, "pay.method_order", ("value", "card"), ("value", "cash"))
    shown = say(browser, "pay.method_order", ("value_move", "cash up"), unset=set())
    assert "Not saved yet" in shown
    assert held(http, customer, "pay.method_order") == ["card", "cash"]
    browser.send(answer_form(browser), [("value_move", "wallet in")])
    browser.send(answer_form(browser), [])
    assert held(http, customer, "pay.method_order") == ["cash", "card", "wallet"]


def test_half_hours_survive_a_form_that_shows_whole_ones(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    said = [{"days": ["mon"], "from": "18:00", "to": "20:30"}]
    http.put("/v1/me/preferences/deliver.window", json={"value": said}, headers=customer.bearer)
    browser.open("/preferences/deliver.window")
    browser.send(answer_form(browser), [("rank", "need")], unset={"rank"})
    assert held(http, customer, "deliver.window") == said
    browser.send(answer_form(browser), [("value", "tue-09")])
    assert held(http, customer, "deliver.window") == [
        {"days": ["tue"], "from": "09:00", "to": "10:00"},
        {"days": ["mon"], "from": "18:00", "to": "21:00"},
    ]


def test_questions_are_found_by_their_words(browser: Browser) -> None:
    browser.open("/preferences?q=shop+MOSTLY")
    assert "Which shop do you mostly go to?" in text(browser)
    browser.open("/preferences?q=zzz")
    assert "No question has these words" in text(browser)
    browser.open("/preferences?step=nonsense")
    assert browser.page is not None
    assert browser.page.status_code == 200


def test_what_is_especially_private_stands_apart(browser: Browser) -> None:
    special = [item for item in CATALOGUE.items if item.special]
    assert special
    browser.open("/preferences/private")
    room = text(browser)
    for item in special:
        assert f'href="/preferences/{item.key}"' in room
        browser.open(f"/preferences?step={item.step}")
        assert f'href="/preferences/{item.key}"' not in text(browser)


def test_the_first_visit_asks_seven_questions_each_of_which_can_be_skipped(
    http: httpx2.Client, customer: SomeCustomer, browser: Browser
) -> None:
    assert len(FIRST) == len(set(FIRST)) == 7
    browser.open("/start")
    assert "Question 1 of 7" in text(browser)
    for number, key in enumerate(FIRST, 1):
        assert browser.here.endswith(f"/start/{number}")
        form = answer_form(browser)
        if number % 2:
            option = next(value for name, value in form.boxes if name == "value")
            browser.send(form, [("value", option)], unset={"skip"})
            assert held(http, customer, key) == option
        else:
            browser.send(form, [("skip", "1")])
            assert held(http, customer, key) is None
    assert "That is a start" in text(browser)
    browser.open("/preferences")
    assert "4 of 7 answered" in text(browser)
    browser.open("/start")
    assert browser.here.endswith("/start/2"), "what was answered is not asked again"


def test_an_unknown_question_is_named(browser: Browser) -> None:
    browser.open("/preferences/buy.stoer")
    assert browser.page is not None
    assert browser.page.status_code == 404


def test_a_form_of_another_site_changes_nothing(broker: Broker, browser: Browser) -> None:
    for path in (
        "/preferences/buy.store",
        "/preferences/buy.store/remove",
        "/preferences/buy.store/restore",
        "/start/1",
    ):
        assert browser.http.post(path, data={"value": "9"}).status_code == 403
