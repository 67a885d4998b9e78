"""`prompt` and `max_age`: who has to prove anew who they are, and when no page is shown at all."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.oauth.rules.sign_ins import GOES_ON, must_sign_in_again
from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    ask_url,
    consent,
    exchange,
    new_application,
    new_customer,
)
from tests.support import Broker

SCOPES = ("openid", "pref:buy")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES)


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def said(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def path_of(browser: Browser) -> str:
    return urlsplit(browser.here).path


def age(sessions: sessionmaker[Session], customer: SomeCustomer, seconds: int) -> None:
    with sessions.begin() as session:
        session.execute(
            text("UPDATE sessions SET created_at = created_at - :age WHERE customer_id = :id"),
            {"id": customer.customer_id, "age": timedelta(seconds=seconds)},
        )


@pytest.mark.parametrize("asks", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
def test_the_customer_has_to_sign_in_anew_and_once(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    sessions: sessionmaker[Session],
    asks: dict[str, str],
) -> None:
    age(sessions, customer, 3600)
    path, verifier = ask_url(application, SCOPES, **asks)
    assert browser.open(path) == ""
    assert path_of(browser) == "/signin", "although signed in"
    assert browser.page is not None
    assert "once more that it is you" in browser.page.text
    # Going on without signing in leads back here: the way back proves nothing.
    form = browser.form_with("password")
    back = dict(form.fields)["next"]
    browser.open(back)
    assert path_of(browser) == "/signin"
    browser.sign_in(customer)
    assert path_of(browser) == "/oauth/authorize", "once is enough"
    code = said(consent(browser, ["buy.store"]))["code"]
    token = exchange(broker, application, code, verifier).json()
    assert token["id_token"]


def test_who_was_not_signed_in_signs_in_once(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    browser = Browser(broker)
    browser.open(ask_url(application, SCOPES, prompt="login", max_age="0")[0])
    browser.sign_in(customer)
    assert path_of(browser) == "/oauth/authorize"


def test_a_forged_way_back_does_not_count(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    for since in ("0", "0.", "0." + "0" * 32, ".", "x.y", "ä.ä"):
        browser.open(ask_url(application, SCOPES, prompt="login", signed_in_since=since)[0])
        assert path_of(browser) == "/signin", since
    # One that was made for another request is none either.
    other, _ = ask_url(application, SCOPES, prompt="login", state="other")
    browser.open(other)
    query = urlsplit(dict(browser.form_with("password").fields)["next"]).query
    marker = parse_qs(query)["signed_in_since"][0]
    browser.open(ask_url(application, SCOPES, prompt="login", signed_in_since=marker)[0])
    assert path_of(browser) == "/signin"


def test_a_sign_in_young_enough_is_enough(
    application: SomeApplication, browser: Browser, customer: SomeCustomer, sessions: sessionmaker[Session]
) -> None:
    age(sessions, customer, 60)
    browser.open(ask_url(application, SCOPES, max_age="3600")[0])
    assert path_of(browser) == "/oauth/authorize"
    browser.open(ask_url(application, SCOPES, max_age="30")[0])
    assert path_of(browser) == "/signin"


def test_prompt_none_answers_at_once_whatever_the_matter_is(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    sessions: sessionmaker[Session],
) -> None:
    some, _ = ask_url(application, ["openid", "pref:buy.store"], prompt="none")
    assert said(httpx2.get(broker.url + some).headers["location"])["error"] == "login_required"
    assert said(browser.open(some))["error"] == "consent_required"

    browser.open(ask_url(application, SCOPES)[0])
    consent(browser, ["buy.store"])
    path, verifier = ask_url(application, ["openid", "pref:buy.store"], prompt="none", nonce="n")
    token = exchange(broker, application, said(browser.open(path))["code"], verifier).json()
    assert token["scope"].split() == ["pref:buy.store", "openid"]
    assert token["id_token"]
    # More than was shared is not had without a page, nor by a sister application that nobody has seen.
    assert said(browser.open(ask_url(application, SCOPES, prompt="none")[0]))["error"] == "consent_required"
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    asked, _ = ask_url(sister, ["openid"], prompt="none")
    assert said(browser.open(asked))["error"] == "consent_required"

    age(sessions, customer, 60)
    old, _ = ask_url(application, ["openid"], prompt="none", max_age="30")
    assert said(browser.open(old))["error"] == "login_required"


def test_prompt_none_is_for_the_customer_whom_the_application_expects(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    def signed_in(who: Browser) -> str:
        path, verifier = ask_url(application, ["openid"])
        back = who.open(path) or consent(who, [])
        token: str = exchange(broker, application, said(back)["code"], verifier).json()["id_token"]
        return token

    other = Browser(broker)
    other.sign_in(new_customer(broker))
    mine, others = signed_in(browser), signed_in(other)
    for hint, answer in ((mine, "code"), (others, "error"), ("no.id.token", "error")):
        path, _ = ask_url(application, ["openid"], prompt="none", id_token_hint=hint)
        assert answer in said(browser.open(path))


def test_an_app_that_anybody_could_be_is_never_answered_without_a_page(
    broker: Broker, browser: Browser
) -> None:
    app = new_application(broker, SCOPES, redirect_uri="com.example.shop:/back", public=True)
    browser.open(ask_url(app, ["openid"])[0])
    consent(browser, [])
    assert said(browser.open(ask_url(app, ["openid"], prompt="none")[0]))["error"] == "consent_required"


def test_coming_back_to_sign_in_needs_no_page_unless_the_client_wants_one(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    browser.open(ask_url(application, ["openid"])[0])
    consent(browser, [])
    assert "code" in said(browser.open(ask_url(application, ["openid"])[0]))
    assert browser.open(ask_url(application, ["openid"], prompt="consent")[0]) == ""
    assert path_of(browser) == "/oauth/authorize"
    # Where anything is to be shared, the page is shown.
    assert browser.open(ask_url(application, SCOPES)[0]) == ""


@pytest.mark.parametrize(
    "wrong", [{"prompt": "none login"}, {"prompt": "dance"}, {"max_age": "-1"}, {"max_age": "soon"}]
)
def test_what_openid_connect_does_not_know_is_refused(
    broker: Broker, application: SomeApplication, wrong: dict[str, str]
) -> None:
    path, _ = ask_url(application, SCOPES, state="s", **wrong)
    found = said(httpx2.get(broker.url + path).headers["location"])
    assert (found["error"], found["state"], found["iss"]) == ("invalid_request", "s", broker.url)


@pytest.mark.parametrize(
    ("prompt", "max_age", "signed_in", "since", "due"),
    [
        ((), None, 24 * HOUR, None, False),
        (("consent",), None, 24 * HOUR, None, False),
        (("login",), None, timedelta(), None, True),
        (("login",), None, HOUR / 6, HOUR / 4, False),
        (("login",), None, HOUR / 4, HOUR / 6, True),
        (("login",), None, HOUR, GOES_ON + timedelta(seconds=1), True),
        ((), 600, HOUR, None, True),
        ((), 3600, HOUR, None, False),
        ((), 0, timedelta(minutes=5), timedelta(minutes=6), False),
        ((), 60, timedelta(minutes=40), timedelta(minutes=41), True),
    ],
)
def test_when_a_sign_in_is_too_old(
    prompt: tuple[str, ...],
    max_age: int | None,
    signed_in: timedelta,
    since: timedelta | None,
    due: bool,
) -> None:
    asked = None if since is None else NOW - since
    assert must_sign_in_again(prompt, max_age, NOW - signed_in, asked, NOW) is due
