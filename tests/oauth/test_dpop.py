"""DPoP at the token endpoint, at introspection and where behaviour comes in; attacks with what was stolen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.dpop_support import Prover
from tests.oauth_support import Browser as SomeBrowser
from tests.oauth_support import (
    SomeApplication,
    SomeCustomer,
    ask_url,
    consent,
    new_application,
    new_customer,
    obtain_code,
    post,
)
from tests.support import Broker, start_broker

SCOPES = ("pref:buy", "events:write", "offline_access")


@pytest.fixture(scope="module")
def app(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES, public=True, dpop_bound=None)


@pytest.fixture(scope="module")
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def code_form(app: SomeApplication, code: str, verifier: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": code,
        "redirect_uri": app.redirect_uri,
        "code_verifier": verifier,
    }


def new_token(broker: Broker, app: SomeApplication, customer: SomeCustomer, me: Prover) -> dict[str, Any]:
    code, verifier = obtain_code(broker, app, customer, SCOPES, ["buy.store"], events=True)
    answer = me.send(broker, "POST", "/oauth/token", data=code_form(app, code, verifier))
    token: dict[str, Any] = answer.raise_for_status().json()
    return token


def refresh_form(app: SomeApplication, token: dict[str, Any]) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "client_id": app.client_id,
        "refresh_token": token["refresh_token"],
    }


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_public_client_gets_bound_tokens_and_no_others(
    broker: Broker, app: SomeApplication, customer: SomeCustomer
) -> None:
    code, verifier = obtain_code(broker, app, customer, SCOPES, ["buy.store"])
    refused = post(broker, "/oauth/token", app, code_form(app, code, verifier))
    assert error_of(refused) == (400, "invalid_dpop_proof")
    # The code is not used up by that, and the answer to a proof says which nonce it needs.
    me = Prover()
    first = httpx2.post(
        f"{broker.url}/oauth/token",
        data=code_form(app, code, verifier),
        headers={"DPoP": me.proof("POST", f"{broker.url}/oauth/token")},
    )
    assert error_of(first) == (400, "use_dpop_nonce")
    me.nonce = first.headers["dpop-nonce"]
    token = me.send(broker, "POST", "/oauth/token", data=code_form(app, code, verifier)).json()
    assert token["token_type"] == "DPoP"


def test_who_asks_gets_bound_tokens_and_introspection_names_the_key(broker: Broker) -> None:
    shop, me = new_application(broker, ["preferences:read"]), Prover()
    auth = (shop.client_id, shop.client_secret or "")
    form = {"grant_type": "client_credentials"}
    token = me.send(broker, "POST", "/oauth/token", data=form, auth=auth).json()
    assert token["token_type"] == "DPoP"
    learned = post(broker, "/oauth/introspect", shop, {"token": token["access_token"]}).json()
    assert (learned["token_type"], learned["cnf"]) == ("DPoP", {"jkt": me.jkt})
    plain = post(broker, "/oauth/token", shop, form).json()
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in post(broker, "/oauth/introspect", shop, {"token": plain["access_token"]}).json()


def test_a_refresh_token_of_a_public_client_is_bound_to_the_key(
    broker: Broker, app: SomeApplication, customer: SomeCustomer
) -> None:
    me, thief = Prover(), Prover()
    token = new_token(broker, app, customer, me)
    stolen = thief.send(broker, "POST", "/oauth/token", data=refresh_form(app, token))
    assert error_of(stolen) == (400, "invalid_grant")
    token = me.send(broker, "POST", "/oauth/token", data=refresh_form(app, token)).raise_for_status().json()
    assert token["token_type"] == "DPoP"


def test_a_thief_without_the_key_gets_no_repeat_of_a_refresh(
    broker: Broker, app: SomeApplication, customer: SomeCustomer
) -> None:
    me, thief = Prover(), Prover()
    old = new_token(broker, app, customer, me)
    new = me.send(broker, "POST", "/oauth/token", data=refresh_form(app, old)).json()
    stolen = thief.send(broker, "POST", "/oauth/token", data=refresh_form(app, old))
    assert error_of(stolen) == (400, "invalid_grant")
    assert me.send(broker, "POST", "/oauth/token", data=refresh_form(app, new)).status_code == 200


def test_a_proof_is_good_for_one_request_in_every_process(
    broker: Broker, database_url: str, app: SomeApplication, customer: SomeCustomer
) -> None:
    me = Prover()
    token = new_token(broker, app, customer, me)
    url = f"{broker.url}/oauth/token"
    with start_broker(database_url, CCX_ISSUER=broker.url) as other:
        # The nonce is the other process's as well.
        headers = {"DPoP": me.proof("POST", url)}
        form = refresh_form(app, token)
        first = httpx2.post(f"{other.url}/oauth/token", data=form, headers=headers)
        token = first.raise_for_status().json()
        form = refresh_form(app, token)
        for one in (broker, other):
            again = httpx2.post(f"{one.url}/oauth/token", data=form, headers=headers)
            assert error_of(again) == (400, "invalid_dpop_proof")
        # Also a proof that was used for a request that failed.
        headers = {"DPoP": me.proof("POST", url)}
        wrong = httpx2.post(url, data=form | {"refresh_token": "ccxr_no"}, headers=headers)
        assert error_of(wrong) == (400, "invalid_grant")
        again = httpx2.post(f"{other.url}/oauth/token", data=form, headers=headers)
        assert error_of(again) == (400, "invalid_dpop_proof")


def test_of_many_at_once_with_one_proof_one_gets_through(broker: Broker) -> None:
    shop, me = new_application(broker, ["preferences:read"]), Prover()
    auth, form = (shop.client_id, shop.client_secret or ""), {"grant_type": "client_credentials"}
    me.send(broker, "POST", "/oauth/token", data=form, auth=auth)
    url = f"{broker.url}/oauth/token"
    headers = {"DPoP": me.proof("POST", url)}
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(httpx2.post, url, data=form, auth=auth, headers=headers) for _ in range(8)]
    assert sorted(each.result().status_code for each in sent) == [200] + [400] * 7


def test_two_proofs_are_none(broker: Broker) -> None:
    shop, me = new_application(broker, ["preferences:read"]), Prover()
    auth, form = (shop.client_id, shop.client_secret or ""), {"grant_type": "client_credentials"}
    me.send(broker, "POST", "/oauth/token", data=form, auth=auth)
    url = f"{broker.url}/oauth/token"
    headers = [("DPoP", me.proof("POST", url)), ("DPoP", me.proof("POST", url))]
    assert error_of(httpx2.post(url, data=form, auth=auth, headers=headers)) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("changes", [{"htu": "https://evil.example/oauth/token"}, {"htm": "GET"}, {"iat": 1}])
def test_a_proof_for_something_else_gives_no_token(broker: Broker, changes: dict[str, Any]) -> None:
    shop, me = new_application(broker, ["preferences:read"]), Prover()
    auth, form = (shop.client_id, shop.client_secret or ""), {"grant_type": "client_credentials"}
    answer = me.send(broker, "POST", "/oauth/token", data=form, auth=auth, changes=changes)
    assert error_of(answer) == (400, "invalid_dpop_proof")


def test_a_code_can_be_bound_to_the_key_before_it_exists(
    broker: Broker, app: SomeApplication, customer: SomeCustomer
) -> None:
    me, thief = Prover(), Prover()
    path, verifier = ask_url(app, SCOPES, dpop_jkt=me.jkt)
    browser = SomeBrowser(broker)
    browser.open(path)
    browser.sign_in(customer)
    code = consent(browser, ["buy.store"]).partition("code=")[2].partition("&")[0]
    form = code_form(app, code, verifier)
    # Even with the verifier.
    stolen = thief.send(broker, "POST", "/oauth/token", data=form)
    assert error_of(stolen) == (400, "invalid_grant")
    assert me.send(broker, "POST", "/oauth/token", data=form).status_code == 200
    assert "error=invalid_request" in browser.open(ask_url(app, SCOPES, dpop_jkt="short")[0])


def test_a_pushed_request_takes_a_proof_for_the_key(broker: Broker, app: SomeApplication) -> None:
    me, other = Prover(), Prover()
    asked = dict(httpx2.URL(ask_url(app, SCOPES)[0]).params)
    assert me.send(broker, "POST", "/oauth/par", data=asked).status_code == 201
    differs = me.send(broker, "POST", "/oauth/par", data=asked | {"dpop_jkt": other.jkt})
    assert error_of(differs) == (400, "invalid_dpop_proof")


def test_behaviour_is_taken_with_a_bound_token_and_its_proof_only(
    broker: Broker, app: SomeApplication, customer: SomeCustomer
) -> None:
    me, thief = Prover(), Prover()
    token = new_token(broker, app, customer, me)["access_token"]
    send = {"json": {"batch": []}}
    assert me.send(broker, "POST", "/v1/events", token, **send).status_code == 200
    url = f"{broker.url}/v1/events"
    bearer = httpx2.post(url, **send, headers={"Authorization": f"Bearer {token}"})
    assert bearer.status_code == 401
    stolen = thief.send(broker, "POST", "/v1/events", token, **send)
    assert stolen.status_code == 401
    assert stolen.headers["www-authenticate"].startswith("DPoP ")
    headers = {"Authorization": f"DPoP {token}", "DPoP": me.proof("POST", url, token)}
    assert [httpx2.post(url, **send, headers=headers).status_code for _ in range(2)] == [200, 401]


def test_the_metadata_names_the_algorithms(broker: Broker) -> None:
    said = httpx2.get(f"{broker.url}/.well-known/oauth-authorization-server").json()
    assert "ES256" in said["dpop_signing_alg_values_supported"]
    assert "none" not in said["dpop_signing_alg_values_supported"]
    assert not [alg for alg in said["dpop_signing_alg_values_supported"] if alg.startswith("HS")]
