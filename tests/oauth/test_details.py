"""Rich authorization requests (RFC 9396), from the authorize endpoint to the token and its introspection."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.oauth_support import (
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

PURPOSES = [
    "dpv:ServiceProvision=We pick your shopping the way you like it.",
    "dpv:Marketing=We tell you what is new.",
]


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, ["pref:buy", "pref:diet.allergens", "events:write"], purposes=PURPOSES)


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def details(**fields: Any) -> str:
    return json.dumps([{"type": "ccx_preferences", "keys": ["buy.store", "diet.allergens"]} | fields])


def said(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def token_for(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    asked: str,
    *,
    keys: list[str],
    scopes: str = "",
    **answer: Any,
) -> dict[str, Any]:
    path, verifier = ask_url(application, scopes.split(), authorization_details=asked)
    browser.open(path)
    code = said(consent(browser, keys, **answer))["code"]
    token: dict[str, Any] = exchange(broker, application, code, verifier).raise_for_status().json()
    return token


def test_the_metadata_names_the_type(broker: Broker) -> None:
    metadata = httpx2.get(f"{broker.url}/.well-known/oauth-authorization-server").json()
    assert metadata["authorization_details_types_supported"] == ["ccx_preferences"]
    assert metadata["pushed_authorization_request_endpoint"] == f"{broker.url}/oauth/par"


def test_the_token_says_what_was_granted_of_the_details(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    asked = details(purposes=["dpv:ServiceProvision"])
    token = token_for(
        broker, application, browser, asked, keys=["buy.store"], scopes="offline_access", duration="month"
    )
    grant = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    assert grant["keys"] == ["buy.store"]
    assert grant["purposes"] == ["dpv:ServiceProvision"]
    (granted,) = token["authorization_details"]
    until = granted["until"]
    assert granted == {
        "until": until,
        "type": "ccx_preferences",
        "keys": ["buy.store"],
        "purposes": ["dpv:ServiceProvision"],
        "include_defaults": True,
    }
    assert abs(datetime.fromisoformat(until) - datetime.fromisoformat(grant["expires_at"])) < timedelta(
        seconds=1
    )
    assert token["scope"].split() == ["pref:buy.store", "offline_access"]
    for name in ("access_token", "refresh_token"):
        learned = post(broker, "/oauth/introspect", application, {"token": token[name]}).json()
        assert learned["authorization_details"] == token["authorization_details"]
    again = post(
        broker,
        "/oauth/token",
        application,
        {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
    ).json()
    assert again["authorization_details"] == token["authorization_details"]


def test_details_and_scopes_may_be_asked_for_together(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    asked = details(keys=["diet.allergens"])
    keys = ["buy.store", "diet.allergens"]
    scopes = "pref:buy.store events:write"
    token = token_for(broker, application, browser, asked, keys=keys, scopes=scopes, events=True)
    assert token["scope"].split() == ["pref:buy.store", "pref:diet.allergens", "events:write"]
    assert [each["keys"] for each in token["authorization_details"]] == [["diet.allergens"]]


def test_who_asks_by_scope_gets_no_details(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    path, verifier = ask_url(application, ["pref:buy.store"])
    browser.open(path)
    code = said(consent(browser, ["buy.store"]))["code"]
    assert "authorization_details" not in exchange(broker, application, code, verifier).json()


def test_the_page_shows_what_is_asked_and_no_more(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    until = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    asked = details(purposes=["dpv:Marketing"], include_defaults=False, until=until)
    browser.open(ask_url(application, [], authorization_details=asked)[0])
    assert browser.page is not None
    assert "We tell you what is new." in browser.page.text
    assert "We pick your shopping" not in browser.page.text
    form = browser.form_with("duration")
    assert ("duration", "asked") in form.fields
    assert form.boxes == [("key", "buy.store"), ("key", "diet.allergens")]
    assert 'value="month"' in browser.page.text
    assert 'value="quarter"' not in browser.page.text
    assert "as it asks" in browser.page.text


@pytest.mark.parametrize("duration", ["asked", "month", "now"])
def test_it_never_lasts_longer_than_was_asked(
    *,
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
    duration: str,
) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    asked = details(until=until.isoformat(), include_defaults=False)
    path, verifier = ask_url(application, [], authorization_details=asked)
    browser.open(path)
    form = browser.form_with("duration")
    # A form that names a longer time than there was to choose from is shown again.
    assert browser.send(form, [("key", "buy.store"), ("duration", "year"), ("action", "share")]) == ""
    form = browser.form_with("duration")
    back = browser.send(form, [("key", "buy.store"), ("duration", duration), ("action", "share")])
    token = exchange(broker, application, said(back)["code"], verifier).json()
    grant = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    assert grant["include_defaults"] is False
    expires_at = datetime.fromisoformat(grant["expires_at"])
    assert expires_at == until if duration == "asked" else expires_at < until


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("{}", "array"),
        (details(type="payment"), "type"),
        (details(keys=["buy.nonsense"]), "buy.nonsense"),
        (details(keys=["discover.categories"]), "not registered"),
        (details(until="2020-01-01T00:00:00Z"), "future"),
        (details(extra=1), "extra"),
        (details(purposes=["dpv:Other"]), "dpv:Other"),
    ],
)
def test_what_can_not_be_asked_is_refused_with_the_reason(
    broker: Broker, application: SomeApplication, asked: str, reason: str
) -> None:
    path, _ = ask_url(application, [], state="s", authorization_details=asked)
    found = said(httpx2.get(broker.url + path).headers["location"])
    assert (found["error"], found["state"], found["iss"]) == (
        "invalid_authorization_details",
        "s",
        broker.url,
    )
    assert reason in found["error_description"]
    body = dict(parse_qsl(urlsplit(path).query))
    answer = post(broker, "/oauth/par", application, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")
    assert reason in answer.json()["error_description"]


def test_a_token_request_may_name_a_part_and_never_gets_more(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    keys = ["buy.store", "diet.allergens"]
    token = token_for(broker, application, browser, details(), keys=keys, scopes="offline_access")
    body = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    for beyond in (details(keys=["buy.coupons"]), details(type="x"), "nonsense"):
        answer = post(broker, "/oauth/token", application, body | {"authorization_details": beyond})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")
    part = body | {"authorization_details": details(keys=["diet.allergens"])}
    less = post(broker, "/oauth/token", application, part).json()
    assert [each["keys"] for each in less["authorization_details"]] == [["diet.allergens"]]
    assert less["scope"].split() == ["pref:diet.allergens", "offline_access"]
    body["refresh_token"] = less["refresh_token"]
    assert post(broker, "/oauth/token", application, body).json()["scope"] == token["scope"]


def test_nothing_is_answered_unseen_for_another_purpose(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    """Without a page (`prompt=none`) only what the customer has agreed to, for what they agreed to."""
    first = details(purposes=["dpv:ServiceProvision"])
    keys = ["buy.store", "diet.allergens"]
    token_for(broker, application, browser, first, keys=keys)
    unseen = {"prompt": "none"}
    same, verifier = ask_url(application, [], authorization_details=first, **unseen)
    code = said(browser.open(same))["code"]
    token = exchange(broker, application, code, verifier).json()
    assert token["authorization_details"][0]["purposes"] == ["dpv:ServiceProvision"]
    for asked in (details(purposes=["dpv:Marketing"]), details()):
        other, _ = ask_url(application, [], authorization_details=asked, **unseen)
        assert said(browser.open(other))["error"] == "consent_required"


def test_an_organisations_own_token_has_no_details(broker: Broker) -> None:
    application = new_application(broker, ["preferences:read", "pref:buy"])
    body = {"grant_type": "client_credentials", "authorization_details": details(keys=["buy.store"])}
    answer = post(broker, "/oauth/token", application, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")


def test_a_narrowed_grant_narrows_the_details(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    token = token_for(broker, application, browser, details(), keys=["buy.store", "diet.allergens"])
    http.patch(
        f"/v1/me/grants/{token['grant_id']}",
        json={"keys": ["buy.store"], "include_defaults": False},
        headers=customer.bearer,
    ).raise_for_status()
    learned = post(broker, "/oauth/introspect", application, {"token": token["access_token"]}).json()
    (now,) = learned["authorization_details"]
    assert (now["keys"], now["include_defaults"]) == (["buy.store"], False)
