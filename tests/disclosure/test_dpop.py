"""A bound token reads with its key's proof; stolen, it reads nothing, and the customer sees who tried."""

from typing import Any

import httpx2
import pytest

from tests.disclosure.support import OWN_SCOPES, Shared, log_of, state
from tests.dpop_support import Prover, digest
from tests.oauth_support import exchange, new_application, new_customer, obtain_code
from tests.support import Broker, start_broker

READ = "/v1/preferences"
SCOPES = ("pref:buy",)


@pytest.fixture
def me() -> Prover:
    return Prover()


@pytest.fixture
def shared(broker: Broker, http: httpx2.Client, me: Prover) -> Shared:
    """What a customer shares with an application whose token is bound to the key of `me`."""
    shop = new_application(broker, [*SCOPES, *OWN_SCOPES])
    customer = new_customer(broker)
    state(http, customer, {"buy.store": "367"})
    code, verifier = obtain_code(broker, shop, customer, SCOPES, ["buy.store"])
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": shop.redirect_uri,
        "code_verifier": verifier,
    }
    auth = (shop.client_id, shop.client_secret or "")
    answer = me.send(broker, "POST", "/oauth/token", data=form, auth=auth)
    return Shared(customer, shop, answer.raise_for_status().json())


def token_of(shared: Shared) -> str:
    token: str = shared.token["access_token"]
    return token


def reasons(http: httpx2.Client, shared: Shared) -> list[str]:
    return [line["reason"] for line in log_of(http, shared.customer)]


def test_the_holder_of_the_key_reads(broker: Broker, shared: Shared, me: Prover) -> None:
    for path in (READ, f"{READ}?a=b"):
        answer = me.send(broker, "GET", path, token_of(shared))
        assert answer.status_code == 200
        assert [held["key"] for held in answer.json()["preferences"]] == ["buy.store"]
        assert answer.headers["dpop-nonce"] == me.nonce


def test_a_stolen_token_alone_is_worthless(
    broker: Broker, http: httpx2.Client, shared: Shared, me: Prover
) -> None:
    token, thief = token_of(shared), Prover()
    as_bearer = http.get(READ, headers={"Authorization": f"Bearer {token}"})
    assert as_bearer.status_code == 401
    assert as_bearer.headers["www-authenticate"].startswith("DPoP ")
    assert 'error="invalid_token"' in as_bearer.headers["www-authenticate"]
    by_another_key = thief.send(broker, "GET", READ, token)
    assert by_another_key.status_code == 401
    assert "buy.store" not in by_another_key.text
    without_proof = http.get(READ, headers={"Authorization": f"DPoP {token}"})
    assert without_proof.status_code == 401
    assert 'error="invalid_dpop_proof"' in without_proof.headers["www-authenticate"]
    # The proof is seen, too, and sent again.
    me.send(broker, "GET", READ, token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": me.proof("GET", broker.url + READ, token)}
    assert http.get(READ, headers=headers).status_code == 200
    replayed = http.get(READ, headers=headers)
    assert replayed.status_code == 401
    assert 'error="invalid_dpop_proof"' in replayed.headers["www-authenticate"]
    assert [reason for reason in reasons(http, shared) if reason] == [
        "proof_used_before",
        "proof_flawed",
        "proof_of_another_key",
        "proof_missing",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htu": "https://shop.example/v1/preferences"},
        {"ath": digest("ccxa_another")},
        {"ath": None},
        {"iat": 1},
    ],
)
def test_a_proof_for_another_request_is_refused(
    broker: Broker, http: httpx2.Client, shared: Shared, me: Prover, changes: dict[str, Any]
) -> None:
    answer = me.send(broker, "GET", READ, token_of(shared), changes=changes)
    assert answer.status_code == 401
    assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]
    assert reasons(http, shared)[0] == "proof_flawed"


def test_a_replay_is_seen_by_another_process(
    broker: Broker, http: httpx2.Client, database_url: str, shared: Shared, me: Prover
) -> None:
    token = token_of(shared)
    me.send(broker, "GET", READ, token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": me.proof("GET", broker.url + READ, token)}
    assert http.get(READ, headers=headers).status_code == 200
    with start_broker(database_url, CCX_ISSUER=broker.url) as other:
        assert httpx2.get(other.url + READ, headers=headers).status_code == 401
        fresh = {"DPoP": me.proof("GET", broker.url + READ, token)}
        assert httpx2.get(other.url + READ, headers=headers | fresh).status_code == 200


def test_the_nonce_is_learnt_from_a_refusal_that_no_log_has(
    http: httpx2.Client, broker: Broker, shared: Shared, me: Prover
) -> None:
    me.nonce, before = None, len(log_of(http, shared.customer))
    token = token_of(shared)
    headers = {"Authorization": f"DPoP {token}", "DPoP": me.proof("GET", broker.url + READ, token)}
    answer = http.get(READ, headers=headers)
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"]
    assert len(log_of(http, shared.customer)) == before


def test_a_bearer_token_takes_no_proof(broker: Broker, shared: Shared, me: Prover) -> None:
    code, verifier = obtain_code(broker, shared.shop, shared.customer, SCOPES, ["buy.store"])
    token = exchange(broker, shared.shop, code, verifier).json()["access_token"]
    assert me.send(broker, "GET", READ, token).status_code == 401
    assert httpx2.get(broker.url + READ, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_one_proof_reads_a_whole_batch_once(
    broker: Broker, http: httpx2.Client, shared: Shared, me: Prover
) -> None:
    auth, form = (
        (shared.shop.client_id, shared.shop.client_secret or ""),
        {"grant_type": "client_credentials"},
    )
    token = me.send(broker, "POST", "/oauth/token", data=form, auth=auth).json()["access_token"]
    learned = http.post("/oauth/introspect", data={"token": token_of(shared)}, auth=auth).json()
    path, body = "/v1/customers/preferences:batch", {"subjects": [learned["sub"], "nobody"] * 200}
    url = broker.url + path
    headers = {"Authorization": f"DPoP {token}", "DPoP": me.proof("POST", url, token)}
    first = http.post(path, json=body, headers=headers).raise_for_status().json()["items"]
    assert sum("preferences" in item for item in first) == 200
    assert http.post(path, json=body, headers=headers).status_code == 401


def test_a_bare_refusal_offers_both_ways(http: httpx2.Client) -> None:
    offered = http.get(READ).headers["www-authenticate"]
    assert offered.startswith("Bearer ")
    assert ", DPoP " in offered
    assert 'algs="ES256' in offered
