"""Passkeys over real HTTP, and what an attacker would try with them."""

from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.passkey_support import Authenticator, raw, text
from tests.support import Broker, start_broker

PASSWORD = "a quiet yellow boat"


def origin_of(http: httpx2.Client) -> str:
    return f"http://localhost:{http.base_url.port}"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def options(http: httpx2.Client, path: str, **sent: Any) -> dict[str, Any]:
    answer = http.post(path, **sent)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["publicKey"]
    return found


def enrolled(http: httpx2.Client, email: str | None = None) -> tuple[Authenticator, dict[str, Any]]:
    """Sign up with a passkey; return it and the answer."""
    who = {"email": email or f"{uuid4().hex}@example.org", "name": "Ada"}
    key = Authenticator(origin_of(http))
    made = key.create(options(http, "/v1/accounts/passkey/options", json=who))
    answer = http.post("/v1/accounts/passkey", json=who | {"credential": made})
    assert answer.status_code == 201, answer.text
    return key, answer.json()


def sign_in(http: httpx2.Client, key: Authenticator) -> httpx2.Response:
    credential = key.get(options(http, "/v1/sessions/passkey/options"))
    return http.post("/v1/sessions/passkey", json={"credential": credential})


def refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["type"] == "urn:ccx:problem:wrong-credentials"
    assert "token" not in answer.json()


def test_a_passkey_signs_up_and_in_without_a_password(http: httpx2.Client) -> None:
    key, made = enrolled(http)
    token = sign_in(http, key).json()["token"]
    account = http.get("/v1/me/account", headers=bearer(token)).json()
    assert account["customer_id"] == made["customer_id"]
    assert (account["password"], account["passkeys"]) == (False, 1)
    listed = http.get("/v1/me/passkeys", headers=bearer(token)).json()["items"]
    assert listed[0]["last_used_at"] is not None


def test_the_options_ask_for_a_passkey_that_is_found_without_an_address(http: httpx2.Client) -> None:
    who = {"email": "ada@example.org", "name": "Ada"}
    wanted = options(http, "/v1/accounts/passkey/options", json=who)
    assert wanted["authenticatorSelection"]["residentKey"] == "required"
    assert wanted["authenticatorSelection"]["userVerification"] == "preferred"
    assert wanted["rp"]["id"] == "localhost"
    asked = options(http, "/v1/sessions/passkey/options")
    assert asked["allowCredentials"] == []
    assert asked["rpId"] == "localhost"


def test_a_sign_up_with_a_passkey_does_not_tell_whether_an_address_is_taken(http: httpx2.Client) -> None:
    taken, free = f"{uuid4().hex}@example.org", f"{uuid4().hex}@example.org"
    http.post("/v1/accounts", json={"email": taken, "password": PASSWORD, "name": "Ada"})
    _, first = enrolled(http, taken)
    _, second = enrolled(http, taken)
    _, other = enrolled(http, free)
    assert first.keys() == second.keys() == other.keys()
    assert len({each["customer_id"] for each in (first, second, other)}) == 3
    signed_in = http.post("/v1/sessions", json={"email": taken, "password": PASSWORD})
    assert signed_in.status_code == 201


def test_an_answer_is_taken_once(http: httpx2.Client) -> None:
    key, _ = enrolled(http)
    key.counts, key.counter = False, 0
    credential = key.get(options(http, "/v1/sessions/passkey/options"))
    assert http.post("/v1/sessions/passkey", json={"credential": credential}).status_code == 201
    refused(http.post("/v1/sessions/passkey", json={"credential": credential}))


def test_a_sign_up_is_taken_once(http: httpx2.Client) -> None:
    who = {"email": f"{uuid4().hex}@example.org", "name": "Ada"}
    made = Authenticator(origin_of(http)).create(options(http, "/v1/accounts/passkey/options", json=who))
    assert http.post("/v1/accounts/passkey", json=who | {"credential": made}).status_code == 201
    again = http.post("/v1/accounts/passkey", json=who | {"credential": made})
    assert (again.status_code, again.json()["type"]) == (422, "urn:ccx:problem:passkey-refused")


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:1"},
        {"rp_id": "evil.example"},
        {"credential_id": b"x" * 32},
        {"handle": uuid4().bytes},
        {"handle": b""},
        {"key": Authenticator("").key},
    ],
    ids=["origin", "port", "site", "credential", "customer", "nobody", "key"],
)
def test_what_is_signed_elsewhere_or_by_another_is_refused(
    http: httpx2.Client, changed: dict[str, Any]
) -> None:
    key, _ = enrolled(http)
    refused(sign_in(http, replace(key, **changed)))
    assert sign_in(http, replace(key, counter=5)).status_code == 201


def test_one_customers_passkey_does_not_open_anothers_account(http: httpx2.Client) -> None:
    mine, _ = enrolled(http)
    theirs, _ = enrolled(http)
    refused(sign_in(http, replace(mine, handle=theirs.handle)))
    refused(sign_in(http, replace(mine, handle=theirs.handle, credential_id=theirs.credential_id)))


def test_a_copy_of_a_passkey_is_noticed_by_its_counter(http: httpx2.Client) -> None:
    key, _ = enrolled(http)
    copy = replace(key)
    for _ in range(3):
        assert sign_in(http, key).status_code == 201
    refused(sign_in(http, copy))
    assert sign_in(http, key).status_code == 201


def test_a_challenge_is_good_for_its_browser_and_its_purpose_only(
    http: httpx2.Client, broker: Broker
) -> None:
    key, made = enrolled(http)
    with httpx2.Client(base_url=broker.url, cookies={"ccx_visit": "another"}) as other:
        credential = key.get(options(http, "/v1/sessions/passkey/options"))
        refused(other.post("/v1/sessions/passkey", json={"credential": credential}))
    me = bearer(made["token"])
    confirming = key.get(options(http, "/v1/me/confirmation/options", headers=me))
    refused(http.post("/v1/sessions/passkey", json={"credential": confirming}))
    adding = options(http, "/v1/me/passkeys/options", headers=me)
    who = {"email": f"{uuid4().hex}@example.org", "name": "Eve"}
    created = Authenticator(origin_of(http)).create(adding)
    answer = http.post("/v1/accounts/passkey", json=who | {"credential": created})
    assert answer.json()["type"] == "urn:ccx:problem:passkey-refused"


def test_a_made_up_challenge_is_refused(http: httpx2.Client) -> None:
    key, _ = enrolled(http)
    wanted = options(http, "/v1/sessions/passkey/options")
    bent = bytearray(raw(wanted["challenge"]))
    bent[20] ^= 1
    for challenge in (bytes(bent), b"", b"x" * 84):
        credential = key.get(wanted | {"challenge": text(challenge)})
        refused(http.post("/v1/sessions/passkey", json={"credential": credential}))


@pytest.mark.parametrize("path", ["rawId", "id", "type", "clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", [None, "", "é", "AAAA", {"a": []}, 7], ids=str)
def test_whatever_is_no_answer_is_refused(http: httpx2.Client, path: str, value: object) -> None:
    key, _ = enrolled(http)
    credential = deepcopy(key.get(options(http, "/v1/sessions/passkey/options")))
    (credential if path in credential else credential["response"])[path] = value
    refused(http.post("/v1/sessions/passkey", json={"credential": credential}))


def test_a_customer_has_several_passkeys_and_never_loses_the_last_way_in(http: httpx2.Client) -> None:
    _, made = enrolled(http)
    me = bearer(made["token"])
    second = Authenticator(origin_of(http))
    wanted = options(http, "/v1/me/passkeys/options", headers=me)
    assert len(wanted["excludeCredentials"]) == 1
    body = {"credential": second.create(wanted), "name": "  my   phone "}
    added = http.post("/v1/me/passkeys", json=body, headers=me)
    assert (added.status_code, added.json()["name"]) == (201, "my phone")
    assert http.post("/v1/me/passkeys", json=body, headers=me).status_code == 422
    first, phone = (each["passkey_id"] for each in http.get("/v1/me/passkeys", headers=me).json()["items"])
    assert http.patch(f"/v1/me/passkeys/{phone}", json={"name": "old phone"}, headers=me).status_code == 204
    assert http.delete(f"/v1/me/passkeys/{first}", headers=me).status_code == 204
    last = http.delete(f"/v1/me/passkeys/{phone}", headers=me)
    assert (last.status_code, last.json()["type"]) == (409, "urn:ccx:problem:last-way-in")
    assert sign_in(http, second).status_code == 201


def test_nobody_touches_the_passkeys_of_another(http: httpx2.Client) -> None:
    _, mine = enrolled(http)
    _, theirs = enrolled(http)
    target = http.get("/v1/me/passkeys", headers=bearer(theirs["token"])).json()["items"][0]["passkey_id"]
    me = bearer(mine["token"])
    assert http.delete(f"/v1/me/passkeys/{target}", headers=me).status_code == 404
    assert http.patch(f"/v1/me/passkeys/{target}", json={"name": "x"}, headers=me).status_code == 404


def test_where_the_address_is_a_number_there_are_no_passkeys(database_url: str) -> None:
    with (
        start_broker(database_url, CCX_ISSUER="http://192.0.2.7") as numbered,
        httpx2.Client(base_url=numbered.url) as http,
    ):
        answer = http.post("/v1/sessions/passkey/options")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:ccx:problem:no-passkeys")
        assert "passkeys.js" not in http.get("/signin", headers={"Accept": "text/html"}).text
