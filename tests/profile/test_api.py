"""The profile's doors, asked over HTTP."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import Offer
from ccx_broker.profile.service import dismiss_default, offer_defaults
from tests.support import Broker

STORE = "/v1/me/preferences/buy.store"


def sign_up(broker: Broker) -> tuple[httpx2.Client, UUID]:
    client = httpx2.Client(base_url=broker.url, timeout=30)
    who = {"email": f"{uuid4()}@example.org", "password": "a walk in the rain"}
    customer = client.post("/v1/accounts", json=who | {"name": "Ada"}).json()["customer_id"]
    token = client.post("/v1/sessions", json=who).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client, UUID(customer)


@pytest.fixture
def customer(broker: Broker) -> Iterator[tuple[httpx2.Client, UUID]]:
    client, customer_id = sign_up(broker)
    yield client, customer_id
    client.close()


@pytest.fixture
def me(customer: tuple[httpx2.Client, UUID]) -> httpx2.Client:
    return customer[0]


def test_the_catalogue_is_open_to_all_and_sent_once(http: httpx2.Client) -> None:
    answer = http.get("/v1/catalogue")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=3600"
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    body = answer.json()
    assert body.keys() == {"version", "items"}
    assert len(body["items"]) == 68
    for item in body["items"]:
        assert ("guess" in item) == item["inferable"]
        assert item.keys() - {"guess"} == {
            "key", "step", "question", "help", "schema", "sensitivity", "inferable", "mappings",
        }  # fmt: skip
        Draft202012Validator.check_schema(item["schema"])
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = http.get("/v1/catalogue", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert http.get("/v1/catalogue", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me/preferences"),
        ("GET", STORE),
        ("PUT", STORE),
        ("DELETE", STORE),
        ("GET", f"{STORE}/history"),
        ("POST", f"{STORE}/restore"),
        ("GET", "/v1/me/preferences/no.such.key"),
    ],
)
def test_only_a_signed_in_customer_has_a_profile(http: httpx2.Client, method: str, path: str) -> None:
    answer = http.request(method, path, json={} if method in ("PUT", "POST") else None)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_key_is_listed_in_the_catalogues_order(me: httpx2.Client) -> None:
    me.put(STORE, json={"value": "367", "rank": "need", "note": "no car"}).raise_for_status()
    answer = me.get("/v1/me/preferences")
    assert answer.headers["cache-control"] == "no-store"
    items = answer.json()["items"]
    assert [item["key"] for item in items] == [item.key for item in CATALOGUE.items]
    said = next(item for item in items if item["key"] == "buy.store")
    assert said.pop("set_at").endswith("Z")
    assert said == {
        "key": "buy.store",
        "step": "buy",
        "value": "367",
        "source": "stated",
        "rank": "need",
        "confidence": None,
        "note": "no car",
        "version": 1,
    }
    silent = next(item for item in items if item["key"] == "buy.usual")
    assert silent == {
        "key": "buy.usual",
        "step": "buy",
        "value": None,
        "source": None,
        "rank": None,
        "confidence": None,
        "note": None,
        "set_at": None,
        "version": 0,
    }
    of_pay = me.get("/v1/me/preferences", params={"step": "pay"}).json()["items"]
    assert [item["key"] for item in of_pay] == ["pay.method_order", "pay.receipt"]
    wrong = me.get("/v1/me/preferences", params={"step": "sleep"})
    assert wrong.status_code == 422
    assert "discover" in wrong.json()["detail"]


def test_guesses_are_shown_until_dismissed_or_switched_off(
    customer: tuple[httpx2.Client, UUID], sessions: sessionmaker[Session]
) -> None:
    me, customer_id = customer
    now = datetime.now(UTC)
    with sessions.begin() as session:
        offer_defaults(
            session,
            [(customer_id, Offer(key, value, 0.75, {})) for key, value in guesses().items()],
            now,
        )
    guess = me.get(STORE).json()
    assert (guess["value"], guess["source"], guess["rank"]) == ("367", "default", "want")
    assert (guess["confidence"], guess["version"]) == (0.75, 0)
    with sessions.begin() as session:
        dismiss_default(session, customer_id, "buy.store")
    assert me.get(STORE).json()["value"] is None
    assert me.get("/v1/me/preferences/discover.own_brand").json()["value"] == "prefer"
    me.put("/v1/me/preferences/data.profiling", json={"value": "no"}).raise_for_status()
    sources = {item["source"] for item in me.get("/v1/me/preferences").json()["items"]}
    assert sources == {None, "stated"}


def guesses() -> dict[str, str]:
    return {"buy.store": "367", "discover.own_brand": "prefer"}


def test_a_write_upon_a_stale_version_is_refused(me: httpx2.Client) -> None:
    assert me.get(STORE).headers["etag"] == '"0"'
    create = {"If-None-Match": "*"}
    first = me.put(STORE, json={"value": "367"}, headers=create)
    assert (first.status_code, first.headers["etag"], first.json()["version"]) == (200, '"1"', 1)
    assert me.put(STORE, json={"value": "9"}, headers=create).status_code == 412
    second = me.put(STORE, json={"value": "42"}, headers={"If-Match": '"1"'})
    assert (second.status_code, second.headers["etag"]) == (200, '"2"')
    for stale in ('"1"', 'W/"2"', '"nonsense"', "2", '"99999999999999999999"'):
        refused = me.put(STORE, json={"value": "9"}, headers={"If-Match": stale})
        assert (refused.status_code, refused.json()["type"]) == (412, "urn:ccx:problem:changed")
    assert me.put(STORE, json={"value": "9"}, headers={"If-Match": '"7", "2"'}).json()["version"] == 3
    assert me.put(STORE, json={"value": "8"}, headers={"If-Match": "*"}).json()["version"] == 4
    assert me.delete(STORE, headers={"If-Match": '"3"'}).status_code == 412
    assert me.delete(STORE, headers={"If-Match": '"4"'}).status_code == 204
    assert me.delete(STORE, headers={"If-Match": '"4"'}).status_code == 204
    assert me.get(STORE).headers["etag"] == '"5"'
    assert me.put(STORE, json={"value": "9"}, headers={"If-Match": "*"}).status_code == 412
    assert me.put(STORE, json={"value": "9"}, headers=create).json()["version"] == 6
    senseless = me.put(STORE, json={"value": "9"}, headers={"If-None-Match": '"6"'})
    assert (senseless.status_code, senseless.json()["errors"][0]["field"]) == (422, "If-None-Match")


def test_saying_the_same_again_makes_no_version(me: httpx2.Client) -> None:
    body = {"value": {"day": "sat", "slot": "evening"}, "rank": "delighter", "note": "after work"}
    path = "/v1/me/preferences/buy.day_time"
    answers = [me.put(path, json=body) for _ in range(3)]
    assert {answer.headers["etag"] for answer in answers} == {'"1"'}
    assert len({answer.text for answer in answers}) == 1
    assert me.delete("/v1/me/preferences/buy.usual").status_code == 204
    assert me.get("/v1/me/preferences/buy.usual/history").json() == {"items": [], "next": None}


def test_the_history_is_paged_and_an_earlier_value_can_be_restored(me: httpx2.Client) -> None:
    for number in range(1, 6):
        me.put(STORE, json={"value": str(number), "rank": "need"}).raise_for_status()
    me.delete(STORE)
    seen, cursor = [], None
    while True:
        page = me.get(f"{STORE}/history", params={"limit": 4} | ({"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [(entry["version"], entry["value"]) for entry in seen] == [
        (6, None),
        (5, "5"),
        (4, "4"),
        (3, "3"),
        (2, "2"),
        (1, "1"),
    ]
    assert seen[0]["action"] == "removed"
    restored = me.post(f"{STORE}/restore", json={"version": 3}, headers={"If-Match": '"6"'})
    assert restored.status_code == 200
    assert restored.headers["etag"] == '"7"'
    assert (restored.json()["value"], restored.json()["rank"]) == ("3", "need")
    assert me.post(f"{STORE}/restore", json={"version": 3}).json()["version"] == 7
    assert me.post(f"{STORE}/restore", json={"version": 1}, headers={"If-Match": '"6"'}).status_code == 412
    assert me.post(f"{STORE}/restore", json={"version": 6}).status_code == 409
    assert me.post(f"{STORE}/restore", json={"version": 99}).status_code == 404
    assert me.post(f"{STORE}/restore", json={"version": 2**31}).status_code == 422
    for made_up in ("x", "////", "A" * 22, "_" * 22):
        assert me.get(f"{STORE}/history", params={"cursor": made_up}).status_code in (200, 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": "fax"}, "value"),
        ({"value": None}, "value"),
        ({"value": ["email"]}, "value"),
        ({}, "value"),
        ({"value": "email", "rank": "must"}, "rank"),
        ({"value": "email", "note": "x" * 501}, "note"),
        ({"value": "email", "note": "\x00"}, "note"),
        ({"value": "email", "rang": "need"}, "rang"),
    ],
)
def test_what_is_wrong_is_named(me: httpx2.Client, body: dict[str, object], field: str) -> None:
    answer = me.put("/v1/me/preferences/contact.channel", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert me.get("/v1/me/preferences/contact.channel").json()["version"] == 0


def test_a_wrong_value_is_told_key_value_and_what_is_allowed(me: httpx2.Client) -> None:
    (error,) = me.put("/v1/me/preferences/contact.channel", json={"value": "fax"}).json()["errors"]
    assert error == {
        "field": "value",
        "key": "contact.channel",
        "value": '"fax"',
        "reason": "it is not one of the values that are allowed",
        "allowed": "one of: email, sms, push, phone, post, none",
    }


@pytest.mark.parametrize("sent", [b'{"value": NaN}', b'{"value": "\\ud800"}', b'{"value": "a\\u0000"}', b"{"])
def test_json_that_nothing_can_keep_is_refused(me: httpx2.Client, sent: bytes) -> None:
    answer = me.put(STORE, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    json.loads(answer.text)


def test_deeply_nested_values_are_refused_and_not_a_crash(me: httpx2.Client) -> None:
    for depth in (50, 300, 700, 800, 850, 900, 920, 940, 960, 980, 1000, 8000):
        sent = '{"value": ' + "[" * depth + "]" * depth + "}"
        answer = me.put(STORE, content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), depth


def test_an_unknown_key_gets_a_suggestion(me: httpx2.Client) -> None:
    for answer in (
        me.get("/v1/me/preferences/buy.stor"),
        me.put("/v1/me/preferences/buy.stor", json={"value": "1"}),
        me.delete("/v1/me/preferences/buy.stor"),
        me.get("/v1/me/preferences/buy.stor/history"),
        me.post("/v1/me/preferences/buy.stor/restore", json={"version": 1}),
    ):
        assert answer.status_code == 404
        assert "`buy.store`" in answer.json()["detail"]


def test_customers_do_not_see_each_other(me: httpx2.Client, broker: Broker) -> None:
    me.put(STORE, json={"value": "367"}).raise_for_status()
    other, _ = sign_up(broker)
    assert other.get(STORE).json()["value"] is None
    assert other.get(f"{STORE}/history").json()["items"] == []
    assert other.post(f"{STORE}/restore", json={"version": 1}).status_code == 404
    other.close()


def test_parallel_writes_each_get_a_version_and_none_is_lost(me: httpx2.Client) -> None:
    def put(number: int, **more: str) -> httpx2.Response:
        return me.put(STORE, json={"value": str(number)}, headers=more)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(put, range(16)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 17))
    entries = me.get(f"{STORE}/history").json()["items"]
    assert {entry["value"] for entry in entries} == {str(number) for number in range(16)}
    assert me.get(STORE).json()["value"] == entries[0]["value"]
    # Of those who all saw version 16, one wins.
    with ThreadPoolExecutor(8) as pool:
        raced = list(pool.map(lambda n: put(n, **{"If-Match": '"16"'}).status_code, range(100, 108)))
    assert sorted(raced) == [200] + [412] * 7


def test_times_are_in_utc(me: httpx2.Client) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    said = me.put(STORE, json={"value": "367"}).json()["set_at"]
    assert said.endswith("Z")
    assert before < datetime.fromisoformat(said) < before + timedelta(minutes=5)
    assert me.get(f"{STORE}/history").json()["items"][0]["at"].endswith("Z")
