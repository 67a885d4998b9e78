"""The flows as standard clients walk them: Authlib's client over HTTP, a person with a plain browser."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.common.security import generate_token
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.ids import token_hash
from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    authorise,
    consent,
    exchange,
    new_application,
    new_customer,
    obtain_code,
    post,
)
from tests.support import Broker

SCOPES = ("pref:buy", "pref:diet.allergens", "events:write", "offline_access")


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, [*SCOPES, "preferences:read"])


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def refresh(broker: Broker, application: SomeApplication, token: str, **more: str) -> httpx2.Response:
    body = {"grant_type": "refresh_token", "refresh_token": token} | more
    return post(broker, "/oauth/token", application, body)


def active(broker: Broker, application: SomeApplication, token: str) -> bool:
    answer = post(broker, "/oauth/introspect", application, {"token": token})
    assert answer.status_code == 200, answer.text
    is_active: bool = answer.json()["active"]
    return is_active


@pytest.mark.parametrize("public", [False, True])
def test_a_standard_client_from_metadata_to_revocation(
    broker: Broker, customer: SomeCustomer, public: bool
) -> None:
    application = new_application(broker, SCOPES, public=public)
    metadata = httpx2.get(f"{broker.url}/.well-known/oauth-authorization-server").json()
    client = application.client(broker, SCOPES)
    verifier = generate_token(48)
    url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)

    browser = Browser(broker)
    assert browser.open(url) == ""
    assert urlsplit(browser.here).path == "/signin"
    browser.sign_in(customer)
    back = consent(browser, ["buy.store"], events=True)
    said = parse_qs(urlsplit(back).query)
    assert said["state"] == [state]
    assert said["iss"] == [metadata["issuer"]]

    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    assert token["token_type"] == "Bearer"
    assert token["scope"].split() == ["pref:buy.store", "events:write", "offline_access"]
    assert 590 <= token["expires_in"] <= 600
    assert token["grant_id"]

    renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]
    assert renewed["access_token"] != token["access_token"]
    assert renewed["scope"] == token["scope"]

    if not public:
        learned = client.introspect_token(metadata["introspection_endpoint"], renewed["access_token"]).json()
        assert learned["active"] is True
        assert learned["client_id"] == application.client_id
        assert learned["scope"] == token["scope"]
        assert learned["sub"].startswith("ccxu_")
        assert learned["iss"] == metadata["issuer"]
    answer = client.revoke_token(metadata["revocation_endpoint"], renewed["refresh_token"])
    assert answer.status_code == 200
    assert refresh(broker, application, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    if not public:
        assert not active(broker, application, renewed["access_token"])
        assert not active(broker, application, token["access_token"])


def test_fifty_redemptions_of_one_code_give_one_token(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    code, verifier = obtain_code(broker, application, customer, SCOPES, ["buy.store"])
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: exchange(broker, application, code, verifier), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert active(broker, application, won["access_token"])


def test_fifty_uses_of_one_refresh_token_give_one_token(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: refresh(broker, application, token["refresh_token"]), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert refresh(broker, application, won["refresh_token"]).status_code == 200


def test_a_wrong_exchange_does_not_use_the_code_up(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    code, verifier = obtain_code(broker, application, customer, SCOPES, ["buy.store"])
    stranger = new_application(broker, SCOPES)
    # Of the same organisation, so that nothing but the client itself differs.
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    wrong = [
        exchange(broker, stranger, code, verifier),
        exchange(broker, sister, code, verifier),
        exchange(broker, application, code, generate_token(48)),
        exchange(broker, application, code, verifier, {"redirect_uri": "https://shop.example/other"}),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in wrong] == [(400, "invalid_grant")] * 4
    for missing in ("code_verifier", "redirect_uri", "code"):
        answer = exchange(broker, application, code, verifier, {missing: ""})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert exchange(broker, application, code, verifier).status_code == 200


def test_a_stolen_refresh_token_that_is_used_again_ends_the_family(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, sessions: sessionmaker[Session]
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store"])
    second = refresh(broker, application, first["refresh_token"]).json()
    with sessions.begin() as session:
        # As if a minute had gone by: until then it may be a retry of the good client.
        session.execute(
            text(
                "UPDATE refresh_tokens SET claimed_at = claimed_at - interval '1 minute' WHERE token_hash = :h"
            ),
            {"h": token_hash(first["refresh_token"])},
        )
    again = refresh(broker, application, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not active(broker, application, second["access_token"])
    assert refresh(broker, application, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_its_own_clients(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    stolen = refresh(broker, sister, token["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert refresh(broker, application, token["refresh_token"]).status_code == 200


def test_the_token_says_what_was_granted_not_what_was_asked(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["diet.allergens", "buy.coupons"])
    assert token["scope"].split() == ["pref:buy.coupons", "pref:diet.allergens", "offline_access"]


def test_there_is_a_refresh_token_only_where_one_was_asked_for(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, ["pref:buy"], ["buy.store"])
    assert "refresh_token" not in token
    assert token["scope"] == "pref:buy.store"


def test_a_refresh_may_ask_for_less_and_never_gets_more(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"])
    for none_of_it in ("pref:buy.coupons", "pref:discover", "events:write", "nonsense"):
        answer = refresh(broker, application, token["refresh_token"], scope=none_of_it)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    more = refresh(broker, application, token["refresh_token"], scope="pref:buy pref:diet pref:buy.coupons")
    assert more.json()["scope"] == "pref:buy.store"
    token = more.json()
    less = refresh(broker, application, token["refresh_token"], scope="pref:buy").json()
    assert less["scope"] == "pref:buy.store"
    again = refresh(broker, application, less["refresh_token"]).json()
    assert again["scope"].split() == ["pref:buy.store", "pref:diet.allergens", "offline_access"]


def test_withdrawal_kills_tokens_codes_and_refresh_tokens(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    code, verifier = obtain_code(broker, application, customer, SCOPES, ["buy.coupons"])
    ended = http.delete(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer)
    assert ended.json()["ended_reason"] == "withdrawn"

    def all_are_dead() -> None:
        assert not active(broker, application, token["access_token"])
        assert not active(broker, application, token["refresh_token"])
        for answer in (
            exchange(broker, application, code, verifier),
            refresh(broker, application, token["refresh_token"]),
        ):
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    all_are_dead()
    # A later consent is another grant: it brings nothing of the old one back.
    authorise(broker, application, customer, SCOPES, ["buy.store"])
    all_are_dead()


def test_a_token_never_has_more_than_its_grant_still_holds(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"], events=True)
    narrower = {"keys": ["buy.store"], "allow_events": False}
    changed = http.patch(f"/v1/me/grants/{token['grant_id']}", json=narrower, headers=customer.bearer)
    assert changed.status_code == 200, changed.text
    learned = post(broker, "/oauth/introspect", application, {"token": token["access_token"]}).json()
    assert learned["scope"].split() == ["pref:buy.store", "offline_access"]
    renewed = refresh(broker, application, token["refresh_token"]).json()
    assert renewed["scope"].split() == ["pref:buy.store", "offline_access"]


def test_a_token_never_outlives_its_grant(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    grant = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    http.patch(
        f"/v1/me/grants/{grant['grant_id']}", json={"expires_at": soon}, headers=customer.bearer
    ).raise_for_status()
    assert refresh(broker, application, token["refresh_token"]).json()["expires_in"] <= 60


def test_another_organisation_learns_nothing_about_a_token(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    stranger = new_application(broker, SCOPES)
    for each in (token["access_token"], token["refresh_token"], "ccxa_nonsense"):
        answer = post(broker, "/oauth/introspect", stranger, {"token": each})
        assert answer.json() == {"active": False}
    refused = post(broker, "/oauth/revoke", stranger, {"token": token["access_token"]})
    assert refused.json()["error"] == "invalid_grant"
    assert active(broker, application, token["access_token"])
    sister = new_application(broker, SCOPES, organisation_id=application.organisation_id)
    assert active(broker, sister, token["access_token"])


def test_revoking_an_access_token_leaves_the_refresh_token(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    for _ in range(2):
        answer = post(broker, "/oauth/revoke", application, {"token": token["access_token"]})
        assert answer.status_code == 200
    assert post(broker, "/oauth/revoke", application, {"token": "unknown"}).status_code == 200
    assert not active(broker, application, token["access_token"])
    assert refresh(broker, application, token["refresh_token"]).status_code == 200


def test_client_credentials_are_for_the_organisations_own_work(
    broker: Broker, application: SomeApplication
) -> None:
    def ask(scope: str) -> httpx2.Response:
        body = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        return post(broker, "/oauth/token", application, body)

    token = ask("").json()
    assert token["scope"].split() == ["events:write", "preferences:read"]
    assert "refresh_token" not in token
    assert "grant_id" not in token
    assert ask("preferences:read").json()["scope"] == "preferences:read"
    for scope in (
        "pref:buy",
        "pref:buy.store",
        "offline_access",
        "changes:read",
        "preferences:read pref:buy",
    ):
        answer = ask(scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    public = new_application(broker, ["preferences:read"], public=True)
    answer = post(broker, "/oauth/token", public, {"grant_type": "client_credentials"})
    assert answer.json()["error"] == "invalid_client"
