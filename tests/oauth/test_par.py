"""Pushed authorization requests (RFC 9126): who may push what, and what becomes of it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.ids import token_hash
from tests.oauth_support import (
    AUTHORIZE,
    Browser,
    SomeApplication,
    SomeCustomer,
    ask_url,
    consent,
    exchange,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

SCOPES = ("pref:buy", "offline_access")
PREFIX = "urn:ietf:params:oauth:request_uri:"


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES)


@pytest.fixture(scope="module")
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def push(
    broker: Broker, application: SomeApplication, scopes: Iterable[str] = SCOPES, **changes: str
) -> tuple[httpx2.Response, str]:
    path, verifier = ask_url(application, scopes, **changes)
    return post(broker, "/oauth/par", application, dict(parse_qsl(urlsplit(path).query))), verifier


def pushed(broker: Broker, application: SomeApplication, **changes: str) -> tuple[str, str]:
    answer, verifier = push(broker, application, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["request_uri"], verifier


def way_to(application: SomeApplication, uri: str, **more: str) -> str:
    return f"{AUTHORIZE}?{urlencode({'client_id': application.client_id, 'request_uri': uri} | more)}"


def said(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


@pytest.mark.parametrize("public", [False, True])
def test_a_pushed_request_leads_to_a_token(
    broker: Broker, browser: Browser, customer: SomeCustomer, public: bool
) -> None:
    application = new_application(broker, SCOPES, public=public)
    answer, verifier = push(broker, application, state="s 1")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    uri = answer.json()["request_uri"]
    assert uri.startswith(PREFIX)
    assert answer.json()["expires_in"] == 60
    # A person who has to sign in first, looks, presses a button, looks again and then decides.
    fresh = Browser(broker)
    fresh.open(way_to(application, uri))
    assert fresh.sign_in(customer) == ""
    assert consent(fresh, [], action="needed") == ""
    back = said(consent(fresh, ["buy.store"]))
    assert (back["state"], back["iss"]) == ("s 1", broker.url)
    token = exchange(broker, application, back["code"], verifier).json()
    assert token["scope"].split() == ["pref:buy.store", "offline_access"]


@pytest.mark.parametrize("action", ["share", "deny"])
def test_it_is_answered_once(
    broker: Broker, application: SomeApplication, browser: Browser, action: str
) -> None:
    uri, _ = pushed(broker, application)
    for _ in range(3):
        assert browser.open(way_to(application, uri)) == ""
    form_page = browser.here
    assert consent(browser, ["buy.store"], action=action).startswith(application.redirect_uri)
    assert browser.open(form_page) == ""
    assert browser.page is not None
    assert browser.page.status_code == 400
    assert "answered before" in browser.page.text


def test_two_answers_at_once_give_one_code(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    uri, _ = pushed(broker, application)
    browser.open(way_to(application, uri))
    form = browser.form_with("duration")
    body = urlencode([*form.fields, ("key", "buy.store"), ("action", "share")])
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": broker.url,
        "Sec-Fetch-Site": "same-origin",
        "Cookie": "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar),
    }
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: httpx2.post(browser.here, content=body, headers=headers, timeout=60), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 7


def test_an_error_is_an_answer_too(broker: Broker, application: SomeApplication, browser: Browser) -> None:
    uri, _ = pushed(broker, application, prompt="none", state="x")
    assert said(browser.open(way_to(application, uri)))["error"] == "consent_required"
    assert httpx2.get(broker.url + way_to(application, uri)).status_code == 400


def test_what_stands_beside_it_does_not_count(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    uri, _ = pushed(broker, application, state="pushed")
    browser.open(
        way_to(
            application, uri, redirect_uri="https://evil.example", state="sent", scope="pref:diet.allergens"
        )
    )
    back = consent(browser, ["buy.store"])
    assert back.startswith(application.redirect_uri)
    assert said(back)["state"] == "pushed"


def test_it_is_its_own_clients(broker: Broker, application: SomeApplication) -> None:
    uri, _ = pushed(broker, application)
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    for path in (
        way_to(sister, uri),
        way_to(application, uri, client_id=""),
        way_to(application, uri + "x"),
        way_to(application, "https://shop.example/request.jwt"),
        way_to(application, uri, client_id="nobody", redirect_uri=application.redirect_uri),
    ):
        answer = httpx2.get(broker.url + path)
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert httpx2.get(broker.url + way_to(application, uri)).status_code == 303


def age(sessions: sessionmaker[Session], uri: str, seconds: int) -> None:
    with sessions.begin() as session:
        changed = session.execute(
            text(
                "UPDATE pushed_requests SET expires_at = expires_at - make_interval(secs => :s) "
                "WHERE uri_hash = :h RETURNING 1"
            ),
            {"h": token_hash(uri), "s": seconds},
        )
        assert changed.scalar() == 1


def test_a_browser_has_sixty_seconds_to_come_and_then_time_to_read(
    broker: Broker, application: SomeApplication, browser: Browser, sessions: sessionmaker[Session]
) -> None:
    late, _ = pushed(broker, application)
    age(sessions, late, 60)
    assert httpx2.get(broker.url + way_to(application, late)).status_code == 400

    uri, _ = pushed(broker, application)
    browser.open(way_to(application, uri))
    age(sessions, uri, 25 * 60)
    browser.open(way_to(application, uri))
    assert consent(browser, ["buy.store"]).startswith(application.redirect_uri)

    left, _ = pushed(broker, application)
    browser.open(way_to(application, left))
    age(sessions, left, 30 * 60)
    assert httpx2.get(broker.url + way_to(application, left)).status_code == 400


def test_it_is_validated_again_when_it_is_opened(broker: Broker, sessions: sessionmaker[Session]) -> None:
    application = new_application(broker, SCOPES)
    uri, _ = pushed(broker, application, state="s")
    with sessions.begin() as session:
        session.execute(
            text("UPDATE applications SET scopes = '{pref:discover}' WHERE client_id = :c"),
            {"c": application.client_id},
        )
    back = httpx2.get(broker.url + way_to(application, uri)).headers["location"]
    assert back.startswith(application.redirect_uri)
    assert (said(back)["error"], said(back)["state"]) == ("invalid_scope", "s")
    assert httpx2.get(broker.url + way_to(application, uri)).status_code == 400


def test_only_its_hash_is_kept_and_no_secret_of_the_client(
    broker: Broker, application: SomeApplication, sessions: sessionmaker[Session]
) -> None:
    path, _ = ask_url(application, SCOPES)
    body = dict(parse_qsl(urlsplit(path).query)) | {"client_secret": str(application.client_secret)}
    answer = httpx2.post(f"{broker.url}/oauth/par", data=body).json()
    with sessions() as session:
        row = session.execute(
            text("SELECT t::text FROM pushed_requests t WHERE uri_hash = :h"),
            {"h": token_hash(answer["request_uri"])},
        ).scalar_one()
    assert answer["request_uri"].removeprefix(PREFIX) not in row
    assert str(application.client_secret) not in row


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "pref:diet.allergens"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"request_uri": PREFIX + "ccxq_other"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"grant_id": "x"}, "invalid_request"),
    ],
)
def test_what_authorize_would_refuse_is_refused_at_once(
    broker: Broker, application: SomeApplication, change: dict[str, str], error: str
) -> None:
    answer, _ = push(broker, application, **change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "location" not in answer.headers


def test_a_client_has_to_prove_itself(broker: Broker, application: SomeApplication) -> None:
    path, _ = ask_url(application, SCOPES)
    body = dict(parse_qsl(urlsplit(path).query))
    for wrong in ({}, {"client_secret": "wrong"}, {"client_id": "nobody"}):
        answer = httpx2.post(f"{broker.url}/oauth/par", data=body | wrong)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = post(broker, "/oauth/par", application, body | {"client_id": "another"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_it_takes_a_form_of_bounded_size(broker: Broker, application: SomeApplication) -> None:
    auth = (application.client_id, str(application.client_secret))
    assert httpx2.get(f"{broker.url}/oauth/par").status_code == 405
    assert httpx2.post(f"{broker.url}/oauth/par", json={}, auth=auth).status_code == 400
    large = httpx2.post(f"{broker.url}/oauth/par", data={"state": "x" * 70_000}, auth=auth)
    assert large.status_code == 413


names = st.sampled_from(
    ["response_type", "redirect_uri", "scope", "state", "request_uri", "authorization_details", "grant_id"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(names, st.text(max_size=40) | st.sampled_from(["code", "[{}]", "null"])))
def test_whatever_is_pushed_is_answered_and_leads_nowhere_unregistered(
    broker: Broker, application: SomeApplication, http: httpx2.Client, changes: dict[str, str]
) -> None:
    path, _ = ask_url(application, SCOPES)
    body = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} | changes
    answer = http.post(
        "/oauth/par",
        content=urlencode(body, errors="surrogatepass"),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(application.client_id, str(application.client_secret)),
    )
    assert answer.status_code in (201, 400)
    if answer.status_code == 201:
        found = http.get(way_to(application, answer.json()["request_uri"]))
        assert found.headers["location"].startswith("/signin?")
