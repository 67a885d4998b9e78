"""Changing what leads into an account, and showing once more who is there, over real HTTP."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from tests.accounts.test_passkeys import bearer, enrolled, options, origin_of, sign_in
from tests.passkey_support import Authenticator
from tests.support import Broker

PASSWORD = "a quiet yellow boat"
Sessions = sessionmaker[Session]


def address() -> str:
    return f"{uuid4().hex}@example.org"


def joined(http: httpx2.Client) -> tuple[str, str]:
    """Sign up with a password; return the address and a session's token."""
    email = address()
    http.post("/v1/accounts", json={"email": email, "password": PASSWORD, "name": "Ada"})
    return email, with_password(http, email).json()["token"]


def with_password(http: httpx2.Client, email: str, password: str = PASSWORD) -> httpx2.Response:
    return http.post("/v1/sessions", json={"email": email, "password": password})


def codes_of(http: httpx2.Client, token: str) -> list[str]:
    made = http.post("/v1/me/recovery-codes", headers=bearer(token))
    assert made.status_code == 201, made.text
    codes: list[str] = made.json()["codes"]
    return codes


def grow_old(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE sessions SET proved_at = proved_at - interval '5 minutes'"))


def problem(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:ccx:problem:")


def test_a_new_password_ends_the_old_one_and_all_other_sessions(http: httpx2.Client) -> None:
    email, token = joined(http)
    other = with_password(http, email).json()["token"]
    changed = http.put("/v1/me/password", json={"password": "another fine one"}, headers=bearer(token))
    assert changed.status_code == 204
    assert http.get("/v1/sessions", headers=bearer(token)).status_code == 200
    assert http.get("/v1/sessions", headers=bearer(other)).status_code == 401
    assert with_password(http, email).status_code == 401
    assert with_password(http, email, "another fine one").status_code == 201


def test_a_new_address_takes_the_password_along(http: httpx2.Client) -> None:
    email, token = joined(http)
    me, new = bearer(token), address()
    for wrong in ("", "not my password"):
        answer = http.put("/v1/me/email", json={"email": new, "password": wrong}, headers=me)
        assert answer.json()["errors"] == [{"field": "password", "reason": "is not your present one"}]
    assert http.put("/v1/me/email", json={"email": new, "password": PASSWORD}, headers=me).status_code == 204
    assert with_password(http, email).status_code == 401
    assert with_password(http, new).status_code == 201
    assert http.get("/v1/me/account", headers=me).json()["email"] == new


def test_a_new_address_does_not_lead_into_anothers_account(http: httpx2.Client) -> None:
    theirs, their_token = joined(http)
    _, mine = joined(http)
    taken = http.put("/v1/me/email", json={"email": theirs, "password": PASSWORD}, headers=bearer(mine))
    assert (taken.status_code, problem(taken)) == (409, "conflict")
    them = http.get("/v1/me/account", headers=bearer(their_token)).json()["customer_id"]
    token = with_password(http, theirs).json()["token"]
    assert http.get("/v1/me/account", headers=bearer(token)).json()["customer_id"] == them


def test_an_address_that_others_use_is_as_good_as_any(http: httpx2.Client) -> None:
    theirs, _ = joined(http)
    key, made = enrolled(http)
    me = bearer(made["token"])
    assert http.put("/v1/me/email", json={"email": theirs}, headers=me).status_code == 204
    assert sign_in(http, key).status_code == 201
    assert with_password(http, theirs).status_code == 201


def test_a_password_is_set_beside_a_passkey_and_removed_again(http: httpx2.Client) -> None:
    email = address()
    _, made = enrolled(http, email)
    me = bearer(made["token"])
    assert problem(http.put("/v1/me/password", json={"password": "short"}, headers=me)) == "invalid"
    assert http.put("/v1/me/password", json={"password": PASSWORD}, headers=me).status_code == 204
    assert with_password(http, email).status_code == 201
    assert http.delete("/v1/me/password", headers=me).status_code == 204
    assert with_password(http, email).status_code == 401


def test_a_password_that_is_the_only_way_in_stays(http: httpx2.Client) -> None:
    email, token = joined(http)
    assert problem(http.delete("/v1/me/password", headers=bearer(token))) == "last-way-in"
    assert with_password(http, email).status_code == 201


def test_no_two_changes_at_once_take_away_the_last_two_ways_in(broker: Broker) -> None:
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            _, made = enrolled(http)
            me = bearer(made["token"])
            http.put("/v1/me/password", json={"password": PASSWORD}, headers=me)
            key = http.get("/v1/me/passkeys", headers=me).json()["items"][0]["passkey_id"]
            paths = ("/v1/me/password", f"/v1/me/passkeys/{key}")
            answers = list(threads.map(lambda path, me=me: http.delete(path, headers=me), paths))
            assert sorted(answer.status_code for answer in answers) == [204, 409]


def test_what_leads_into_the_account_needs_a_fresh_proof(http: httpx2.Client, sessions: Sessions) -> None:
    email, token = joined(http)
    me = bearer(token)
    assert http.get("/v1/me/account", headers=me).json()["fresh"] is True
    grow_old(sessions)
    assert http.get("/v1/me/account", headers=me).json()["fresh"] is False
    doors = [
        ("PATCH", "/v1/me/account", {"name": "Eve"}),
        ("PUT", "/v1/me/email", {"email": address(), "password": PASSWORD}),
        ("PUT", "/v1/me/password", {"password": "another fine one"}),
        ("DELETE", "/v1/me/password", None),
        ("POST", "/v1/me/passkeys/options", None),
        ("POST", "/v1/me/passkeys", {"credential": {}}),
        ("DELETE", f"/v1/me/passkeys/{uuid4()}", None),
        ("POST", "/v1/me/recovery-codes", None),
    ]
    for method, path, body in doors:
        answer = http.request(method, path, json=body, headers=me)
        assert (answer.status_code, problem(answer)) == (403, "not-fresh"), path
    assert with_password(http, email).status_code == 201


def test_a_password_a_passkey_or_a_recovery_code_is_proof(http: httpx2.Client, sessions: Sessions) -> None:
    key, made = enrolled(http)
    me = bearer(made["token"])
    http.put("/v1/me/password", json={"password": PASSWORD}, headers=me)
    codes = codes_of(http, made["token"])
    asked = options(http, "/v1/me/confirmation/options", headers=me)
    assert len(asked["allowCredentials"]) == 1
    for proof in ({"password": PASSWORD}, {"credential": key.get(asked)}, {"recovery_code": codes[0]}):
        grow_old(sessions)
        assert http.post("/v1/me/confirmation", json=proof, headers=me).status_code == 204, proof
        assert http.get("/v1/me/account", headers=me).json()["fresh"] is True
        if "password" not in proof:
            assert http.post("/v1/me/confirmation", json=proof, headers=me).status_code == 401
    for none in ({}, {"password": PASSWORD, "recovery_code": codes[1]}):
        assert http.post("/v1/me/confirmation", json=none, headers=me).status_code == 422
    assert http.get("/v1/me/recovery-codes", headers=me).json()["left"] == 9


def test_what_belongs_to_another_is_no_proof(http: httpx2.Client, sessions: Sessions) -> None:
    key, theirs = enrolled(http)
    codes = codes_of(http, theirs["token"])
    _, token = joined(http)
    me = bearer(token)
    grow_old(sessions)
    proofs = [
        {"credential": key.get(options(http, "/v1/me/confirmation/options", headers=me))},
        {
            "credential": key.get(
                options(http, "/v1/me/confirmation/options", headers=bearer(theirs["token"]))
            )
        },
        {"recovery_code": codes[0]},
        {"password": "not my password"},
    ]
    for proof in proofs:
        assert http.post("/v1/me/confirmation", json=proof, headers=me).status_code == 401
    assert http.get("/v1/me/account", headers=me).json()["fresh"] is False
    # Nobody else's attempt has used the code up.
    assert http.post("/v1/sessions/recovery", json={"code": codes[0]}).status_code == 201


def test_guesses_in_an_open_session_wait(http: httpx2.Client) -> None:
    _, token = joined(http)
    guesses = [{"password": f"wrong guess {n}"} for n in range(12)]
    answers = [http.post("/v1/me/confirmation", json=guess, headers=bearer(token)) for guess in guesses]
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) >= 4
    assert set(statuses) == {401, 429}


def test_a_recovery_code_signs_in_once_however_it_is_typed(http: httpx2.Client) -> None:
    _, token = joined(http)
    codes = codes_of(http, token)
    assert len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    signed_in = http.post("/v1/sessions/recovery", json={"code": typed})
    assert signed_in.status_code == 201
    assert http.get("/v1/me/recovery-codes", headers=bearer(signed_in.json()["token"])).json()["left"] == 9
    for no_good in (codes[0], "", "k3f9-7m2x-0wq4-ehz8", "x" * 5000):
        answer = http.post("/v1/sessions/recovery", json={"code": no_good})
        assert (answer.status_code, problem(answer)) == (401, "wrong-credentials")


def test_new_recovery_codes_end_the_old_ones(http: httpx2.Client) -> None:
    _, token = joined(http)
    old, new = codes_of(http, token), codes_of(http, token)
    assert http.post("/v1/sessions/recovery", json={"code": old[0]}).status_code == 401
    assert http.post("/v1/sessions/recovery", json={"code": new[0]}).status_code == 201


def test_a_recovery_code_used_by_ten_at_once_is_used_once(broker: Broker) -> None:
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(10) as threads:
        _, token = joined(http)
        code = codes_of(http, token)[0]
        answers = threads.map(lambda _: http.post("/v1/sessions/recovery", json={"code": code}), range(10))
        assert sorted(answer.status_code for answer in answers) == [201, *[401] * 9]


def test_recovery_codes_are_stored_as_hashes(http: httpx2.Client, sessions: Sessions) -> None:
    _, token = joined(http)
    code = codes_of(http, token)[0].replace("-", "")
    with sessions() as session:
        stored = session.execute(text("SELECT string_agg(recovery_codes::text, '') FROM recovery_codes"))
        kept = stored.scalar_one()
    assert code not in kept
    assert code.encode().hex() not in kept


def test_wrong_recovery_codes_wait_like_wrong_passwords(http: httpx2.Client, sessions: Sessions) -> None:
    from datetime import timedelta

    from ccx_broker.accounts import recovery, throttle
    from ccx_broker.kit.clock import now
    from ccx_broker.kit.errors import NotSignedIn, TooMany
    from ccx_broker.kit.runtime import Keys

    place, at, free = uuid4().hex, now(), throttle.PER_NETWORK.free

    def guess() -> type[Exception]:
        with pytest.raises((NotSignedIn, TooMany)) as refused:
            recovery.sign_in(
                sessions,
                Keys(b"s" * 32, b"p" * 32),
                code="k3f9-7m2x-0wq4-ehz8",
                network=place,
                device="Tests",
                lifetime=timedelta(days=1),
                now=at,
            )
        return refused.type

    assert [guess() for _ in range(free + 2)] == [NotSignedIn] * free + [TooMany] * 2


def test_all_other_sessions_end_at_once(http: httpx2.Client) -> None:
    email, token = joined(http)
    others = [with_password(http, email).json()["token"] for _ in range(3)]
    assert http.delete("/v1/sessions/others", headers=bearer(token)).json() == {"ended": 3}
    assert http.get("/v1/sessions", headers=bearer(token)).status_code == 200
    for other in others:
        assert http.get("/v1/sessions", headers=bearer(other)).status_code == 401


def test_a_cookie_changes_an_account_only_from_our_own_pages(http: httpx2.Client) -> None:
    email, token = joined(http)
    cookie = {"Cookie": f"ccx_session={token}"}
    doors = [
        ("PUT", "/v1/me/email", {"email": address(), "password": PASSWORD}),
        ("PUT", "/v1/me/password", {"password": "another fine one"}),
        ("POST", "/v1/me/confirmation", {"password": PASSWORD}),
        ("POST", "/v1/me/recovery-codes", None),
        ("DELETE", "/v1/sessions/others", None),
    ]
    for foreign in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for method, path, body in doors:
            answer = http.request(method, path, json=body, headers=cookie | foreign)
            assert answer.status_code == 403, path
    assert with_password(http, email).status_code == 201


def test_a_passkey_beside_a_password_makes_it_dispensable(http: httpx2.Client) -> None:
    email, token = joined(http)
    me = bearer(token)
    key = Authenticator(origin_of(http))
    made = key.create(options(http, "/v1/me/passkeys/options", headers=me))
    assert http.post("/v1/me/passkeys", json={"credential": made}, headers=me).status_code == 201
    assert http.delete("/v1/me/password", headers=me).status_code == 204
    assert with_password(http, email).status_code == 401
    assert sign_in(http, key).status_code == 201
