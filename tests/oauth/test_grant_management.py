"""Grant management (FAPI, draft 03): asking again by a grant's id, looking at it, giving it back."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    ask_url,
    authorise,
    consent,
    exchange,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

SCOPES = ("pref:buy", "pref:diet.allergens", "events:write", "offline_access")
MANAGE = ("grant_management_query", "grant_management_revoke")


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, [*SCOPES, *MANAGE, "preferences:read"])


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def said(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def page_of(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def own_token(broker: Broker, application: SomeApplication, scope: str = " ".join(MANAGE)) -> dict[str, str]:
    body = {"grant_type": "client_credentials", "scope": scope}
    token = post(broker, "/oauth/token", application, body).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def renew(broker: Broker, application: SomeApplication, token: dict[str, Any]) -> httpx2.Response:
    body = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    return post(broker, "/oauth/token", application, body)


def grant_of(http: httpx2.Client, customer: SomeCustomer, token: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    return found


def test_the_metadata_says_what_can_be_managed(broker: Broker) -> None:
    metadata = httpx2.get(f"{broker.url}/.well-known/oauth-authorization-server").json()
    assert metadata["grant_management_endpoint"] == f"{broker.url}/oauth/grants"
    assert metadata["grant_management_actions_supported"] == ["query", "revoke", "create", "merge", "replace"]
    assert metadata["grant_management_action_required"] is False
    assert set(MANAGE) <= set(metadata["scopes_supported"])


def test_merge_keeps_what_it_does_not_ask_about(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"], events=True)
    merge = {"grant_management_action": "merge", "grant_id": first["grant_id"]}
    scopes = ["pref:buy.store", "pref:buy.coupons", "offline_access"]
    path, verifier = ask_url(application, scopes, **merge)
    browser.open(path)
    assert page_of(browser).count("shared now</span>") == 1
    assert page_of(browser).count("new</span>") == 1
    assert "It keeps what it does not ask about now" in page_of(browser)
    assert "would end" not in page_of(browser)
    code = said(consent(browser, ["buy.store", "buy.coupons"]))["code"]
    token = exchange(broker, application, code, verifier).json()
    assert token["grant_id"] == first["grant_id"]
    grant = grant_of(http, customer, token)
    assert set(grant["keys"]) == {"buy.store", "buy.coupons", "diet.allergens"}
    assert grant["allow_events"] is True
    # §5.2: the refresh tokens from before are no good any more; it is no theft, though.
    assert renew(broker, application, first).json()["error"] == "invalid_grant"
    assert renew(broker, application, token).status_code == 200
    items = http.get(f"/v1/me/grants/{token['grant_id']}/history", headers=customer.bearer).json()["items"]
    assert [item["action"] for item in items] == ["granted", "amended"]


def test_replace_leaves_only_what_is_ticked_now_and_the_page_says_what_would_go(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"], events=True)
    replace = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    path, verifier = ask_url(application, ["pref:buy", "offline_access"], **replace)
    browser.open(path)
    assert "would lose it" in page_of(browser)
    assert page_of(browser).count("would end</span>") == 2
    assert "It keeps what" not in page_of(browser)
    code = said(consent(browser, ["buy.coupons"]))["code"]
    token = exchange(broker, application, code, verifier).json()
    assert token["grant_id"] == first["grant_id"]
    grant = grant_of(http, customer, token)
    assert (grant["keys"], grant["allow_events"]) == (["buy.coupons"], False)
    assert renew(broker, application, first).json()["error"] == "invalid_grant"


def test_create_ends_what_there_is_and_begins_anew(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store"])
    create = {"grant_management_action": "create"}
    path, verifier = ask_url(application, ["pref:buy.coupons"], **create)
    browser.open(path)
    assert "If you share now, that <b>ends</b>" in page_of(browser)
    code = said(consent(browser, ["buy.coupons"]))["code"]
    token = exchange(broker, application, code, verifier).json()
    assert token["grant_id"] != first["grant_id"]
    assert grant_of(http, customer, token)["keys"] == ["buy.coupons"]
    assert grant_of(http, customer, first)["ended_reason"] == "replaced"
    assert renew(broker, application, first).json()["error"] == "invalid_grant"
    browser.open("/sharing")
    assert "replaced by a new one" in page_of(browser)


def test_create_without_a_grant_simply_makes_one(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    path, verifier = ask_url(application, ["pref:buy"], grant_management_action="create")
    browser.open(path)
    code = said(consent(browser, ["buy.store"]))["code"]
    assert exchange(broker, application, code, verifier).json()["grant_id"]


def test_a_refused_question_changes_nothing(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store"])
    for action in (
        {"grant_management_action": "create"},
        {"grant_management_action": "replace", "grant_id": first["grant_id"]},
    ):
        browser.open(ask_url(application, ["pref:buy.coupons"], **action)[0])
        assert said(consent(browser, [], action="deny"))["error"] == "access_denied"
    assert grant_of(http, customer, first)["version"] == 1
    assert renew(broker, application, first).status_code == 200


def test_a_grant_that_is_not_this_customers_and_clients_is_not_known(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    stranger = new_application(broker, SCOPES)
    elsewhere = authorise(broker, stranger, customer, SCOPES, ["buy.store"])["grant_id"]
    somebody = new_customer(broker)
    others = authorise(broker, application, somebody, SCOPES, ["buy.store"])["grant_id"]
    ended = authorise(broker, application, customer, SCOPES, ["buy.store"])["grant_id"]
    http.delete(f"/v1/me/grants/{ended}", headers=customer.bearer).raise_for_status()
    answers = []
    for grant_id in (elsewhere, others, ended, str(uuid4()), "nonsense"):
        wish = {"grant_management_action": "merge", "grant_id": grant_id}
        path, _ = ask_url(application, ["pref:buy"], state="s", **wish)
        answers.append(said(browser.open(path)))
    assert answers[0]["error"] == "invalid_grant_id"
    assert all(answer == answers[0] for answer in answers)
    # Another application of the same organisation may, since the grant is the organisation's.
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    mine = authorise(broker, application, customer, SCOPES, ["buy.store"])["grant_id"]
    wish = {"grant_management_action": "merge", "grant_id": mine}
    assert browser.open(ask_url(sister, ["pref:buy"], **wish)[0]) == ""


def test_a_grant_that_ends_while_the_page_is_open_is_not_brought_back(
    broker: Broker,
    application: SomeApplication,
    browser: Browser,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store"])
    wish = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    browser.open(ask_url(application, ["pref:buy"], **wish)[0])
    http.delete(f"/v1/me/grants/{first['grant_id']}", headers=customer.bearer).raise_for_status()
    assert said(consent(browser, ["buy.coupons"]))["error"] == "invalid_grant_id"
    assert http.get("/v1/me/grants?state=live", headers=customer.bearer).json()["items"] == []


@pytest.mark.parametrize(
    "wish",
    [
        {"grant_id": str(uuid4())},
        {"grant_management_action": "merge"},
        {"grant_management_action": "replace"},
        {"grant_management_action": "create", "grant_id": str(uuid4())},
        {"grant_management_action": "update", "grant_id": str(uuid4())},
    ],
)
def test_wishes_that_make_no_sense_are_refused(
    broker: Broker, application: SomeApplication, wish: dict[str, str]
) -> None:
    path, _ = ask_url(application, ["pref:buy"], **wish)
    assert said(httpx2.get(broker.url + path).headers["location"])["error"] == "invalid_request"


def test_who_keeps_no_secret_manages_no_grants(broker: Broker) -> None:
    public = new_application(broker, SCOPES, public=True)
    path, _ = ask_url(public, ["pref:buy"], grant_management_action="create")
    assert said(httpx2.get(broker.url + path).headers["location"])["error"] == "invalid_request"


def test_an_organisation_looks_at_a_grant_as_it_is_now(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"], events=True)
    http.patch(
        f"/v1/me/grants/{token['grant_id']}", json={"keys": ["buy.store"]}, headers=customer.bearer
    ).raise_for_status()
    answer = http.get(f"/oauth/grants/{token['grant_id']}", headers=own_token(broker, application))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["scopes"] == [{"scope": "pref:buy.store events:write"}]
    (detail,) = found["authorization_details"]
    assert (detail["type"], detail["keys"]) == ("ccx_preferences", ["buy.store"])
    assert found["created_at"] < found["expires_at"]
    assert "customer" not in answer.text
    assert customer.customer_id not in answer.text


def test_giving_a_grant_back_kills_every_token_at_once(
    broker: Broker,
    application: SomeApplication,
    customer: SomeCustomer,
    http: httpx2.Client,
    browser: Browser,
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert http.get("/v1/preferences", headers=bearer).status_code == 200
    path = f"/oauth/grants/{token['grant_id']}"
    mine = own_token(broker, application)
    given_back = http.delete(path, headers=mine)
    assert (given_back.status_code, given_back.content) == (204, b"")
    assert http.get("/v1/preferences", headers=bearer).status_code == 401
    for each in (token["access_token"], token["refresh_token"]):
        assert post(broker, "/oauth/introspect", application, {"token": each}).json() == {"active": False}
    assert renew(broker, application, token).json()["error"] == "invalid_grant"
    assert http.get(path, headers=mine).status_code == 404
    assert http.delete(path, headers=mine).status_code == 404
    assert grant_of(http, customer, token)["ended_reason"] == "returned"
    items = http.get(f"/v1/me/grants/{token['grant_id']}/history", headers=customer.bearer).json()["items"]
    assert [item["action"] for item in items] == ["granted", "returned"]
    browser.open("/sharing")
    assert "given back by them" in page_of(browser)


def test_another_organisation_can_not_tell_a_grant_from_nothing(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    stranger = own_token(broker, new_application(broker, MANAGE))
    for method in ("GET", "DELETE"):
        answers = [
            http.request(method, f"/oauth/grants/{grant_id}", headers=stranger)
            for grant_id in (token["grant_id"], str(uuid4()), "nonsense")
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({answer.content for answer in answers}) == 1
    assert grant_of(http, customer, token)["state"] == "live"
    sister = new_application(broker, MANAGE, organisation_id=application.organisation_id)
    assert (
        http.get(f"/oauth/grants/{token['grant_id']}", headers=own_token(broker, sister)).status_code == 200
    )


def test_each_way_needs_its_own_scope_and_the_organisations_own_token(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    path = f"/oauth/grants/{token['grant_id']}"
    for headers in ({}, {"Authorization": "Bearer ccxa_nonsense"}, customer.bearer):
        for method in ("GET", "DELETE"):
            answer = http.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert "oauth-protected-resource" in answer.headers["www-authenticate"]
    customers = {"Authorization": f"Bearer {token['access_token']}"}
    for method, headers in (
        ("GET", customers),
        ("DELETE", customers),
        ("GET", own_token(broker, application, MANAGE[1])),
        ("DELETE", own_token(broker, application, MANAGE[0])),
    ):
        answer = http.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert grant_of(http, customer, token)["state"] == "live"
