"""OpenID Connect as standard clients use it: from the issuer's address to a verified ID token."""

import base64
import hashlib
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauthlib import OAuth2Session
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

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

SCOPES = ("openid", "pref:buy", "offline_access")


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES)


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def said(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def verified(broker: Broker, id_token: str, application: SomeApplication) -> dict[str, Any]:
    """Verify an ID token as a client does that knows the issuer's address only (Core §3.1.3.7)."""
    metadata = httpx2.get(f"{broker.url}/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(httpx2.get(metadata["jwks_uri"]).json())
    token = jwt.decode(id_token, keys, metadata["id_token_signing_alg_values_supported"])
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": broker.url},
        aud={"essential": True, "value": application.client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    rules.validate(token.claims)
    return dict(token.claims)


def sign_in(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, **changes: str
) -> dict[str, Any]:
    """Walk through a sign-in that asks for nothing else; return the token answer."""
    browser = Browser(broker)
    path, verifier = ask_url(application, ["openid"], **changes)
    back = browser.open(path) or browser.sign_in(customer) or consent(browser, [])
    answer: dict[str, Any] = exchange(broker, application, said(back)["code"], verifier).json()
    return answer


def test_both_metadata_documents_are_one(http: httpx2.Client) -> None:
    openid = http.get("/.well-known/openid-configuration").json()
    assert openid == http.get("/.well-known/oauth-authorization-server").json()
    # OpenID Connect Discovery §3: required of every provider.
    for name in (
        *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        *("subject_types_supported", "id_token_signing_alg_values_supported"),
    ):
        assert openid[name]
    assert openid["subject_types_supported"] == ["pairwise"]


@pytest.mark.parametrize("public", [False, True])
def test_authlib_signs_in_from_the_issuer_alone(broker: Broker, customer: SomeCustomer, public: bool) -> None:
    application = new_application(broker, SCOPES, public=public)
    metadata = httpx2.get(f"{broker.url}/.well-known/openid-configuration").json()
    client = OAuth2Client(
        application.client_id,
        application.client_secret,
        token_endpoint_auth_method="client_secret_basic" if application.client_secret else "none",
        scope=" ".join(SCOPES),
        redirect_uri=application.redirect_uri,
        code_challenge_method="S256",
        timeout=30,
    )
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    browser = Browser(broker)
    browser.open(url)
    before = int(time.time())
    browser.sign_in(customer)
    back = consent(browser, ["buy.store"])
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    claims = verified(broker, token["id_token"], application)
    assert claims["nonce"] == nonce
    assert before <= claims["auth_time"] <= claims["iat"] <= time.time()
    assert 0 < claims["exp"] - claims["iat"] <= 600
    half = hashlib.sha256(token["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"}

    assert client.get(metadata["userinfo_endpoint"]).json() == {"sub": claims["sub"]}
    assert client.get(f"{broker.url}/v1/preferences").json()["subject"] == claims["sub"]
    renewed = client.refresh_token(metadata["token_endpoint"])
    assert "openid" in renewed["scope"].split()
    assert client.get(metadata["userinfo_endpoint"]).json() == {"sub": claims["sub"]}


def test_requests_oauthlib_signs_in(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library insists on https, but for tests; and on a scope that is just what was asked.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    metadata = httpx2.get(f"{broker.url}/.well-known/openid-configuration").json()
    client = OAuth2Session(
        application.client_id, scope=list(SCOPES), redirect_uri=application.redirect_uri, pkce="S256"
    )
    url, _ = client.authorization_url(metadata["authorization_endpoint"], nonce="n-0S6_WzA2Mj")
    browser = Browser(broker)
    browser.open(url)
    browser.sign_in(customer)
    back = consent(browser, ["buy.store"])
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, client_secret=application.client_secret
    )
    claims = verified(broker, token["id_token"], application)
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert client.get(metadata["userinfo_endpoint"]).json() == {"sub": claims["sub"]}
    renewed = client.refresh_token(
        metadata["token_endpoint"],
        auth=(application.client_id, application.client_secret),
    )
    assert renewed["refresh_token"] != token["refresh_token"]


def test_two_organisations_cannot_join_their_subjects(broker: Broker, customer: SomeCustomer) -> None:
    mine, sister = (new_application(broker, ["openid"]) for _ in range(2))
    twin = new_application(broker, ["openid"], organisation_id=mine.organisation_id)
    subjects = [
        verified(broker, sign_in(broker, each, customer)["id_token"], each)["sub"]
        for each in (mine, sister, twin)
    ]
    assert subjects[0] != subjects[1]
    assert subjects[0] == subjects[2], "an organisation's applications know one customer by one name"
    # Random, not computed: nothing of either, nor of the customer's id, stands in the other.
    assert all(customer.customer_id.replace("-", "") not in subject for subject in subjects)
    assert all(len(subject) == len("ccxu_") + 24 for subject in subjects)


def test_a_sign_in_alone_shares_only_that_one_is_oneself(
    broker: Broker, http: httpx2.Client, customer: SomeCustomer
) -> None:
    application = new_application(broker, ["openid"])
    browser = Browser(broker)
    path, verifier = ask_url(application, ["openid"], nonce="n")
    browser.open(path)
    browser.sign_in(customer)
    assert browser.page is not None
    assert "you to sign in with it" in browser.page.text
    assert browser.form_with("duration").boxes == [], "there is nothing to tick"
    token = exchange(broker, application, said(consent(browser, []))["code"], verifier).json()
    assert token["scope"] == "openid"
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert http.get("/v1/preferences", headers=bearer).json()["preferences"] == []
    (grant,) = http.get("/v1/me/grants", headers=customer.bearer).json()["items"]
    assert (grant["keys"], grant["allow_events"], grant["include_defaults"]) == ([], False, False)
    browser.open("/sharing")
    assert "That you are you" in browser.page.text

    soon = datetime.fromisoformat(grant["granted_at"]) + timedelta(hours=2)
    path = f"/v1/me/grants/{grant['grant_id']}"
    changed = http.patch(path, json={"expires_at": soon.isoformat()}, headers=customer.bearer)
    assert changed.status_code == 200, "such a grant can be shortened as well"
    http.delete(path, headers=customer.bearer).raise_for_status()
    assert http.get("/oauth/userinfo", headers=bearer).status_code == 401


def test_sharing_nothing_but_who_one_is_takes_a_button_of_its_own(
    broker: Broker, http: httpx2.Client, application: SomeApplication, customer: SomeCustomer
) -> None:
    browser = Browser(broker)
    path, verifier = ask_url(application, SCOPES)
    browser.open(path)
    browser.sign_in(customer)
    assert consent(browser, []) == "", "nothing ticked: nothing is shared by mistake"
    assert browser.page is not None
    assert browser.page.status_code == 422
    token = exchange(
        broker, application, said(consent(browser, ["buy.store"], action="identify"))["code"], verifier
    ).json()
    assert token["scope"].split() == ["offline_access", "openid"]
    assert verified(broker, token["id_token"], application)["sub"]
    (grant,) = http.get("/v1/me/grants", headers=customer.bearer).json()["items"]
    assert grant["keys"] == []


def test_without_openid_there_is_no_id_token_and_no_userinfo(
    broker: Broker, http: httpx2.Client, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = authorise(broker, application, customer, ["pref:buy"], ["buy.store"])
    assert "id_token" not in token
    refused = http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert refused.status_code == 403
    assert 'scope="openid"' in refused.headers["www-authenticate"]
    own = post(
        broker,
        "/oauth/token",
        new_application(broker, ["openid", "preferences:read"]),
        {"grant_type": "client_credentials"},
    ).json()
    assert own["scope"] == "preferences:read"
    answer = http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {own['access_token']}"})
    assert answer.status_code == 403


def test_userinfo_takes_the_token_in_each_way_that_its_rfc_allows(
    broker: Broker, http: httpx2.Client, application: SomeApplication, customer: SomeCustomer
) -> None:
    token = sign_in(broker, application, customer)["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        http.get("/oauth/userinfo", headers=bearer),
        http.post("/oauth/userinfo", headers=bearer),
        http.post("/oauth/userinfo", data={"access_token": token}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.json()["sub"] for answer in answers}) == 1
    assert answers[0].headers["cache-control"] == "no-store"
    bad: Iterable[httpx2.Response] = (
        http.get("/oauth/userinfo"),
        http.get("/oauth/userinfo", params={"access_token": token}),
        http.post("/oauth/userinfo", data={"access_token": "ccxa_unknown"}),
        http.post("/oauth/userinfo", json={"access_token": token}),
    )
    for answer in bad:
        assert answer.status_code == 401
        assert "resource_metadata=" in answer.headers["www-authenticate"]


def test_an_id_token_says_when_the_customer_signed_in_and_not_when_they_shared(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, sessions: sessionmaker[Session]
) -> None:
    browser = Browser(broker)
    browser.sign_in(customer)
    with sessions.begin() as session:
        session.execute(
            text("UPDATE sessions SET created_at = now() - interval '1 hour' WHERE customer_id = :id"),
            {"id": customer.customer_id},
        )
    path, verifier = ask_url(application, ["openid"])
    browser.open(path)
    token = exchange(broker, application, said(consent(browser, []))["code"], verifier).json()
    claims = verified(broker, token["id_token"], application)
    assert 3590 <= claims["iat"] - claims["auth_time"] <= 3700


def test_a_public_client_needs_pkce_for_an_id_token_as_well(broker: Broker) -> None:
    application = new_application(broker, ["openid"], public=True)
    path, _ = ask_url(application, ["openid"], code_challenge="", code_challenge_method="")
    assert said(httpx2.get(broker.url + path).headers["location"])["error"] == "invalid_request"
