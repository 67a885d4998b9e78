"""Accounts over real HTTP, and what an attacker would try."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx2
import pytest

from tests.support import Broker, start_broker

PASSWORD = "a quiet yellow boat"


def address() -> str:
    return f"{uuid4().hex}@example.org"


def sign_up(http: httpx2.Client, email: str, password: str = PASSWORD) -> httpx2.Response:
    return http.post("/v1/accounts", json={"email": email, "password": password, "name": "Ada"})


def sign_in(http: httpx2.Client, email: str, password: str = PASSWORD) -> httpx2.Response:
    return http.post("/v1/sessions", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed_in(http: httpx2.Client) -> tuple[str, str]:
    email = address()
    assert sign_up(http, email).status_code == 201
    answer = sign_in(http, email)
    assert answer.status_code == 201, answer.text
    return email, answer.json()["token"]


def test_sign_up_sign_in_sign_out(http: httpx2.Client) -> None:
    _, token = signed_in(http)
    assert token.startswith("ccxs_")
    assert http.get("/v1/sessions", headers=bearer(token)).status_code == 200
    assert http.delete("/v1/sessions/current", headers=bearer(token)).status_code == 204
    refused = http.get("/v1/sessions", headers=bearer(token))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="ccx", error="invalid_token"'


def test_an_address_is_the_same_in_any_case_and_with_spaces_around(http: httpx2.Client) -> None:
    email = address()
    sign_up(http, f"  {email.upper()} ")
    assert sign_in(http, email).status_code == 201


def test_a_sign_up_sent_twice_leads_to_the_same_customer(http: httpx2.Client) -> None:
    email = address()
    assert sign_up(http, email).json() == sign_up(http, email).json()


def test_five_equal_sign_ups_at_once_make_one_customer(broker: Broker) -> None:
    email = address()
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: sign_up(http, email), range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5, [a.text for a in answers]
    assert len({answer.json()["customer_id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", f"{'a' * 250}@example.org"),
        ("password", "short"),
        ("password", "x" * 129),
        ("password", "Password123"),
        ("name", "   "),
        ("name", "x" * 101),
    ],
)
def test_a_wrong_field_is_named_and_never_echoed(http: httpx2.Client, field: str, value: str) -> None:
    body = {"email": address(), "password": PASSWORD, "name": "Ada"} | {field: value}
    answer = http.post("/v1/accounts", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert PASSWORD not in answer.text


def test_sessions_are_listed_the_newest_first_and_page_by_page(http: httpx2.Client) -> None:
    email, first = signed_in(http)
    second = sign_in(http, email).json()["token"]
    page = http.get("/v1/sessions", params={"limit": 1}, headers=bearer(first)).json()
    rest = http.get("/v1/sessions", params={"cursor": page["next"]}, headers=bearer(first)).json()
    assert [item["current"] for item in page["items"] + rest["items"]] == [False, True]
    assert rest["next"] is None
    assert page["items"][0]["device"].startswith("python-httpx")
    gone = http.delete(f"/v1/sessions/{page['items'][0]['session_id']}", headers=bearer(first))
    assert gone.status_code == 204
    assert http.get("/v1/sessions", headers=bearer(second)).status_code == 401


def test_nobody_can_end_the_session_of_another(http: httpx2.Client) -> None:
    _, mine = signed_in(http)
    _, theirs = signed_in(http)
    target = http.get("/v1/sessions", headers=bearer(theirs)).json()["items"][0]["session_id"]
    assert http.delete(f"/v1/sessions/{target}", headers=bearer(mine)).status_code == 404
    assert http.get("/v1/sessions", headers=bearer(theirs)).status_code == 200


def test_a_session_ended_in_one_process_is_ended_in_all(broker: Broker, database_url: str) -> None:
    with (
        start_broker(database_url) as other,
        httpx2.Client(base_url=broker.url, timeout=30) as here,
        httpx2.Client(base_url=other.url, timeout=30) as there,
    ):
        for _ in range(5):
            _, token = signed_in(here)
            assert there.get("/v1/sessions", headers=bearer(token)).status_code == 200
            assert here.delete("/v1/sessions/current", headers=bearer(token)).status_code == 204
            assert there.get("/v1/sessions", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer ccxs_é", "Basic YTpi", "Bearer ccxa_abc", ""]
)
def test_anything_else_is_no_session(http: httpx2.Client, header: str) -> None:
    answer = http.get("/v1/sessions", headers=[(b"Authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_with_one_changed_letter_is_refused(http: httpx2.Client) -> None:
    _, token = signed_in(http)
    for position in (6, 30, len(token) - 5):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert http.get("/v1/sessions", headers=bearer(changed)).status_code == 401


def test_sign_up_does_not_tell_whether_an_address_is_taken(http: httpx2.Client) -> None:
    email = address()
    free = sign_up(http, email)
    taken = sign_up(http, email, "another fine password")
    assert (taken.status_code, taken.json().keys()) == (free.status_code, free.json().keys())
    assert taken.json()["customer_id"] != free.json()["customer_id"]
    assert _shape(taken) == _shape(free)
    assert sign_in(http, email).status_code == 201


def test_sign_in_does_not_tell_whether_an_address_is_taken(http: httpx2.Client) -> None:
    email, _ = signed_in(http)
    wrong, unknown = sign_in(http, email, "not my password"), sign_in(http, address(), "not my password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert _shape(wrong) == _shape(unknown)


def _shape(answer: httpx2.Response) -> list[str]:
    return sorted(name for name in answer.headers if name != "date")


def test_of_twenty_wrong_guesses_at_once_few_are_free_and_then_one_waits(broker: Broker) -> None:
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(20) as threads:
        email, _ = signed_in(http)
        answers = list(threads.map(lambda n: sign_in(http, email, f"wrong guess {n}"), range(20)))
        statuses = [answer.status_code for answer in answers]
        # One is taken by the sign-up; a second may pass on a slow machine, and then one more is due.
        assert statuses.count(429) >= 12
        assert set(statuses) == {401, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        # Even the right password waits, or a guesser would learn that it was right.
        assert sign_in(http, email).status_code == 429


def test_guesses_by_way_of_sign_up_wait_as_well(broker: Broker) -> None:
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(20) as threads:
        email, _ = signed_in(http)
        statuses = [
            answer.status_code
            for answer in threads.map(lambda n: sign_up(http, email, f"wrong guess {n}"), range(20))
        ]
        assert statuses.count(429) >= 12


def test_an_account_of_ones_own_does_not_buy_more_guesses(broker: Broker) -> None:
    with httpx2.Client(base_url=broker.url, timeout=60) as http, ThreadPoolExecutor(6) as threads:
        email, _ = signed_in(http)
        sign_up(http, email, "the guesser's own one")
        for n in range(3):
            sign_in(http, email, f"wrong guess {n}")
            sign_in(http, email, "the guesser's own one")
        answers = list(threads.map(lambda n: sign_in(http, email, f"wrong guess {n}"), range(6)))
        assert [answer.status_code for answer in answers].count(429) >= 3


def test_a_cookie_opens_the_api_only_to_our_own_pages(http: httpx2.Client) -> None:
    _, token = signed_in(http)
    cookie = {"Cookie": f"ccx_session={token}"}
    assert http.get("/v1/sessions", headers=cookie).status_code == 200
    for foreign in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": str(http.base_url).rstrip("/")},
    ):
        assert http.delete("/v1/sessions/current", headers=cookie | foreign).status_code == 403
    own = {"Origin": str(http.base_url).rstrip("/")}
    assert http.delete("/v1/sessions/current", headers=cookie | own).status_code == 204
