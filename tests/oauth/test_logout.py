"""Signing out because an application asks for it: whom, with whose word, and where that leads."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy.orm import Session

from ccx_broker.organisations import store
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

BYE = "https://shop.example/bye?from=ccx"


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, ["openid"], post_logout_redirect_uris=[BYE, "https://shop.example/b"])


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def id_token(broker: Broker, browser: Browser, application: SomeApplication) -> str:
    path, verifier = ask_url(application, ["openid"])
    back = browser.open(path) or consent(browser, [])
    code = parse_qs(urlsplit(back).query)["code"][0]
    token: str = exchange(broker, application, code, verifier).json()["id_token"]
    return token


def logout(**query: str) -> str:
    return f"/oauth/logout?{urlencode(query)}"


def is_signed_in(browser: Browser) -> bool:
    return browser.http.get("/devices").status_code == 200


def test_metadata_names_the_endpoint(broker: Broker, http: httpx2.Client) -> None:
    metadata = http.get("/.well-known/openid-configuration").json()
    assert metadata["end_session_endpoint"] == f"{broker.url}/oauth/logout"


def test_the_person_whom_the_id_token_names_is_signed_out_and_led_on(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    hint = id_token(broker, browser, application)
    assert is_signed_in(browser)
    left = browser.open(logout(id_token_hint=hint, post_logout_redirect_uri=BYE, state="a b&c"))
    assert left == "https://shop.example/bye?from=ccx&state=a+b%26c"
    assert not is_signed_in(browser)
    # Once more, signed out: the same end.
    assert browser.open(logout(id_token_hint=hint, post_logout_redirect_uri=BYE)) == BYE


def test_the_session_itself_ends_and_not_only_its_cookie(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    hint = id_token(broker, browser, application)
    stolen = dict(browser.http.cookies)
    browser.open(logout(id_token_hint=hint))
    with httpx2.Client(base_url=broker.url, cookies=stolen) as thief:
        assert thief.get("/devices").status_code != 200


def test_a_link_alone_signs_nobody_out(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    asked = logout(client_id=application.client_id, post_logout_redirect_uri=BYE, state="s")
    assert browser.open(asked) == ""
    assert is_signed_in(browser)
    assert browser.page is not None
    assert "shop.example" in browser.page.text
    left = browser.send(next(f for f in browser.forms() if f.action == "/oauth/logout/confirm"), [])
    assert left == f"{BYE}&state=s"
    assert not is_signed_in(browser)


def test_another_persons_id_token_signs_nobody_out(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    other = Browser(broker)
    other.sign_in(new_customer(broker))
    hint = id_token(broker, other, application)
    assert browser.open(logout(id_token_hint=hint, post_logout_redirect_uri=BYE)) == ""
    assert is_signed_in(browser)


@pytest.mark.parametrize(
    "wrong",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": f"{BYE}2"},
        {"post_logout_redirect_uri": "https://shop.example/callback"},
        {"client_id": "nobody"},
        {"id_token_hint": "not.a.token"},
        {"id_token_hint": ""},
        {"id_token_hint": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
    ],
)
def test_what_is_in_doubt_leads_nowhere(
    broker: Broker, application: SomeApplication, browser: Browser, wrong: dict[str, str]
) -> None:
    query = {"id_token_hint": id_token(broker, browser, application), "post_logout_redirect_uri": BYE} | wrong
    assert browser.open(logout(**query)) == ""
    assert browser.page is not None
    assert browser.page.status_code == 200
    assert "evil.example" not in browser.page.text


def test_an_id_token_of_another_client_does_not_open_the_way(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    sister = new_application(broker, ["openid"], organisation_id=application.organisation_id)
    hint = id_token(broker, browser, sister)
    asked = logout(id_token_hint=hint, client_id=application.client_id, post_logout_redirect_uri=BYE)
    assert browser.open(asked) == ""
    assert is_signed_in(browser)


def test_a_tampered_id_token_is_none(broker: Broker, application: SomeApplication, browser: Browser) -> None:
    head, body, signature = id_token(broker, browser, application).split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert browser.open(logout(id_token_hint=f"{head}.{body}.{flipped}", post_logout_redirect_uri=BYE)) == ""
    assert is_signed_in(browser)


def test_a_form_of_the_application_does_the_same(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    hint = id_token(broker, browser, application)
    sent = browser.http.post(
        "/oauth/logout",
        data={"id_token_hint": hint, "post_logout_redirect_uri": BYE},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"},
    )
    assert sent.status_code == 303
    assert browser.open(sent.headers["location"]) == BYE
    assert not is_signed_in(browser)


def test_confirming_takes_a_form_of_ours(broker: Broker, browser: Browser) -> None:
    answer = browser.http.post("/oauth/logout/confirm", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert is_signed_in(browser)


def test_nonsense_is_answered(browser: Browser) -> None:
    for path in ("/oauth/logout?state=1&state=2", "/oauth/logout?state=%00", "/oauth/logout"):
        assert browser.open(path) == ""
        assert browser.page is not None
        assert browser.page.status_code == 200
    assert browser.http.post("/oauth/logout", json={}).status_code == 303


def test_the_command_line_registers_where_a_logout_may_lead(broker: Broker, session: Session) -> None:
    made = json.loads(broker.cli("organisation", "add", "Goodbye Shop", "--json"))
    arguments = ["application", "add", "--organisation", made["organisation_id"], "--name", "App"]
    arguments += ["--redirect-uri", "https://shop.example/cb", "--scope", "openid"]
    added = json.loads(broker.cli(*arguments, "--post-logout-redirect-uri", BYE, "--json"))
    found = store.find_application(session, added["client_id"])
    assert found is not None
    assert found.post_logout_redirect_uris == (BYE,)
