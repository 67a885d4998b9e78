"""`POST /v1/events` over real HTTP: who may send what about whom, and what comes of it."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.consent import service as consent
from ccx_broker.consent.rules import Answer, Ask, Grant
from ccx_broker.defaults import events_store
from ccx_broker.defaults import store as behaviour
from ccx_broker.kit.ids import new_id
from ccx_broker.kit.runtime import Lifetimes
from ccx_broker.oauth import service as oauth
from ccx_broker.oauth.rules import Authorisation
from ccx_broker.organisations.rules import Application
from ccx_broker.profile.service import set_preference
from ccx_broker.profile.store import load_defaults
from tests.consent.support import new_application, new_customer
from tests.defaults.examples import MONDAY_NOON, order
from tests.support import Broker

LONG_AGO = MONDAY_NOON - timedelta(weeks=104)
LIFETIMES = Lifetimes(*[timedelta(minutes=10)] * 4)
SHOP_SCOPES = ("pref:buy", "events:write", "preferences:read")
NOT_YOURS = "no live grant of a customer with this userId lets your organisation send behaviour"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shop:
    """An organisation, its application and a client-credentials token."""

    application: Application
    token: str

    @property
    def organisation_id(self) -> UUID:
        return self.application.organisation_id


def open_shop(session: Session, scopes: Sequence[str] = ("events:write",)) -> Shop:
    application = new_application(session, scopes=SHOP_SCOPES)
    issued = oauth.issue_to_organisation(session, application, scopes, lifetimes=LIFETIMES, now=now())
    return Shop(application, issued.access_token)


def give(session: Session, customer_id: UUID, shop: Shop, *, events: bool = True) -> Grant:
    """Let the customer share `buy.store` with the shop, and behaviour if `events`."""
    ask = Ask(keys=("buy.store",), special=frozenset(), needed=(), purposes=("service",), wants_events=True)
    answer = Answer(frozenset({"buy.store"}), timedelta(days=30), allow_events=events)
    grant = consent.give(session, customer_id, shop.application, ask, answer, now=now())
    assert isinstance(grant, Grant)
    return grant


def customer_token(
    session: Session, shop: Shop, grant: Grant, scopes: tuple[str, ...] = ("events:write",)
) -> str:
    whole = Authorisation(
        client_id=shop.application.client_id,
        customer_id=grant.customer_id,
        grant_id=grant.grant_id,
        family_id=new_id(),
        scopes=scopes,
        keys=grant.keys,
    )
    issued = oauth.issue(session, shop.organisation_id, whole, whole, grant, lifetimes=LIFETIMES, now=now())
    return issued.access_token


def sent(subject: str, message_id: str, **changes: Any) -> dict[str, Any]:
    return (
        {
            "type": "track",
            "event": "Order Completed",
            "userId": subject,
            "messageId": message_id,
            "timestamp": "2024-03-04T17:00:00.000Z",
        }
        | order()
        | changes
    )


def weeks(subject: str, count: int) -> list[dict[str, Any]]:
    return [
        sent(subject, f"order-{i}", timestamp=(LONG_AGO + timedelta(weeks=i)).isoformat())
        for i in range(count)
    ]


def post(http: httpx2.Client, token: str, batch: Any, **more: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = batch if isinstance(batch, bytes) else json.dumps({"batch": batch}).encode()
    return http.post("/v1/events", headers=headers, content=content, **more)


def reasons(answer: httpx2.Response) -> list[tuple[int, str, str]]:
    assert answer.status_code == 200, answer.text
    return [(r["index"], r["field"], r["reason"]) for r in answer.json()["refused"]]


@pytest.fixture
def shop(sessions: sessionmaker[Session]) -> Shop:
    with sessions.begin() as session:
        return open_shop(session)


@pytest.fixture
def grant(sessions: sessionmaker[Session], shop: Shop) -> Grant:
    """A customer's live grant to the shop that allows behaviour."""
    with sessions.begin() as session:
        return give(session, new_customer(session), shop)


def test_behaviour_becomes_defaults(
    broker: Broker, http: httpx2.Client, shop: Shop, grant: Grant, sessions: sessionmaker[Session]
) -> None:
    answer = post(http, shop.token, weeks(grant.subject, 12))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 12, "duplicates": 0, "refused": []})
    broker.conclude()
    with sessions() as session:
        assert load_defaults(session, grant.customer_id)["buy.store"].value == "367"
        events = events_store.events_page(session, grant.customer_id, before=None, limit=20)
    assert {event.organisation_id for event in events} == {shop.organisation_id}


def test_sending_again_is_harmless(http: httpx2.Client, shop: Shop, grant: Grant) -> None:
    post(http, shop.token, weeks(grant.subject, 3))
    answer = post(http, shop.token, [*weeks(grant.subject, 5), *weeks(grant.subject, 5)])
    assert answer.json() == {"accepted": 2, "duplicates": 8, "refused": []}


def test_a_bad_event_is_refused_and_the_rest_is_kept(http: httpx2.Client, shop: Shop, grant: Grant) -> None:
    batch = [
        sent(grant.subject, "good-1"),
        sent(grant.subject, "bad-time", timestamp="yesterday"),
        "no object",
        sent(grant.subject, "bad-type", type="page"),
        sent("nobody", "bad-subject"),
        sent(grant.subject, "good-2"),
    ]
    answer = post(http, shop.token, batch)
    assert answer.json()["accepted"] == 2
    assert [(r["index"], r["message_id"], r["field"]) for r in answer.json()["refused"]] == [
        (1, "bad-time", "timestamp"),
        (2, None, ""),
        (3, "bad-type", "type"),
        (4, "bad-subject", "userId"),
    ]
    assert all(r["reason"] for r in answer.json()["refused"])


def test_a_customers_token_is_good_for_its_own_subject_alone(
    http: httpx2.Client, shop: Shop, grant: Grant, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        other = give(session, new_customer(session), shop)
        token = customer_token(session, shop, grant)
    answer = post(http, token, [sent(grant.subject, "a"), sent(other.subject, "b")])
    assert answer.json()["accepted"] == 1
    assert reasons(answer) == [(1, "userId", NOT_YOURS)]


def test_all_that_has_to_do_with_the_customer_is_one_reason(
    http: httpx2.Client, shop: Shop, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        rival = open_shop(session)
        elsewhere = give(session, new_customer(session), rival)
        without_events = give(session, new_customer(session), shop, events=False)
        withdrawn = give(session, new_customer(session), shop)
        consent.withdraw(session, withdrawn.customer_id, withdrawn.grant_id, now())
    subjects = ["unknown", elsewhere.subject, without_events.subject, withdrawn.subject]
    answer = post(http, shop.token, [sent(subject, f"m-{i}") for i, subject in enumerate(subjects)])
    assert reasons(answer) == [(i, "userId", NOT_YOURS) for i in range(4)]
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (0, 0)


def test_after_a_withdrawal_nothing_is_taken(
    http: httpx2.Client, shop: Shop, grant: Grant, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        token = customer_token(session, shop, grant)
    assert post(http, token, [sent(grant.subject, "before")]).json()["accepted"] == 1
    with sessions.begin() as session:
        consent.withdraw(session, grant.customer_id, grant.grant_id, now())
    assert post(http, token, [sent(grant.subject, "after")]).status_code == 401
    assert reasons(post(http, shop.token, [sent(grant.subject, "after")])) == [(0, "userId", NOT_YOURS)]
    # Not even that it is a repetition is told.
    assert reasons(post(http, shop.token, [sent(grant.subject, "before")])) == [(0, "userId", NOT_YOURS)]


def test_the_sender_can_not_tell_that_a_customer_forbids_collecting(
    http: httpx2.Client, shop: Shop, grant: Grant, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        set_preference(session, grant.customer_id, "data.collect", "no", now=now())
    assert post(http, shop.token, weeks(grant.subject, 9)).json() == {
        "accepted": 9,
        "duplicates": 0,
        "refused": [],
    }
    assert post(http, shop.token, weeks(grant.subject, 9)).json() == {
        "accepted": 0,
        "duplicates": 9,
        "refused": [],
    }
    with sessions() as session:
        assert events_store.events_page(session, grant.customer_id, before=None, limit=20) == []
        assert load_defaults(session, grant.customer_id) == {}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic x", "Bearer ccxa_wrong", "Bearer ccxs_wrong"])
def test_without_a_live_token_it_is_a_401_that_says_how(http: httpx2.Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = http.post("/v1/events", headers=headers, json={"batch": []})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="ccx"')
    assert ("invalid_token" in answer.headers["www-authenticate"]) == (header or "").startswith("Bearer ccx")


def test_a_token_for_something_else_is_a_403(http: httpx2.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        token = open_shop(session, ["preferences:read"]).token
    answer = post(http, token, [])
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="events:write"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b'{"batch": [', "body"),
        (b'{"batch": ["\\ud800"]}', "body"),
        (b"\xff", "body"),
        (b"[]", "batch"),
        (b'{"batch": {}}', "batch"),
        (b'{"events": []}', "batch"),
        (b"[" * 100_000, "body"),
    ],
)
def test_a_body_of_another_shape_is_refused_as_a_whole(
    http: httpx2.Client, shop: Shop, body: bytes, field: str
) -> None:
    answer = post(http, shop.token, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_where_the_json_ends_is_said(http: httpx2.Client, shop: Shop) -> None:
    reason = post(http, shop.token, b'{"batch":\n [}').json()["errors"][0]["reason"]
    assert "line 2, column 3" in reason


def test_an_empty_batch_is_nothing_to_do(http: httpx2.Client, shop: Shop) -> None:
    assert post(http, shop.token, []).json() == {"accepted": 0, "duplicates": 0, "refused": []}


def test_500_events_are_taken_and_501_are_too_many(http: httpx2.Client, shop: Shop, grant: Grant) -> None:
    batch = [sent(grant.subject, f"m-{i}", properties={}, context={}) for i in range(501)]
    assert post(http, shop.token, batch).status_code == 413
    assert post(http, shop.token, batch[:500]).json()["accepted"] == 500


def test_more_than_a_mebibyte_is_too_large(http: httpx2.Client, shop: Shop) -> None:
    fits = b'{"batch":[]' + b" " * (1024 * 1024 - 12) + b"}"
    assert post(http, shop.token, fits).status_code == 200
    answer = post(http, shop.token, fits + b" ")
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_a_length_is_counted_while_it_is_read(http: httpx2.Client, shop: Shop) -> None:
    def endless(chunks: int) -> Iterator[bytes]:
        yield b'{"batch":[]'
        for _ in range(chunks):
            yield b" " * 65_536
        yield b"}"

    headers = {"Authorization": f"Bearer {shop.token}"}
    assert http.post("/v1/events", headers=headers, content=endless(15)).status_code == 200
    assert http.post("/v1/events", headers=headers, content=endless(40)).status_code == 413


def test_parallel_batches_of_one_customer_count_each_event_once(
    broker: Broker, shop: Shop, grant: Grant, sessions: sessionmaker[Session]
) -> None:
    everything = weeks(grant.subject, 60)

    def send(thread: int) -> int:
        with httpx2.Client(base_url=broker.url, timeout=60) as http:
            part = everything[thread * 5 :] + everything[: thread * 5]
            answers = [post(http, shop.token, part[i : i + 20]) for i in range(0, 60, 20)]
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            return sum(answer.json()["accepted"] for answer in answers)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send, range(8))) == 60
    with sessions.begin() as session:
        state = behaviour.lock_states(session, [grant.customer_id])[grant.customer_id]
    assert state["buy.store"]["n"] == 60


@pytest.mark.parametrize(
    "change",
    [
        {"properties": {"products": "none"}},
        {"properties": {"products": [None, 1, {"category": 3, "quantity": "x"}], "store_id": []}},
        {"properties": {"products": [{"category": "\u0007bell"}], "store_id": "\u202e"}},
        {"properties": {"products": [{"category": "c" * 5000, "quantity": 1e300}], "total": {"a": 1}}},
        {"context": {"timezone": "../../etc/passwd"}},
        {"event": "Ünknown ✓", "properties": {"n": 123456789012345678901234567890}},
        {"timestamp": "1970-01-01T00:00:00Z"},
        {"timestamp": "0001-01-01T00:00:00Z"},
        {"userId": "' OR 1=1 --"},
    ],
)
def test_strange_events_never_break_the_server(
    http: httpx2.Client, shop: Shop, grant: Grant, change: dict[str, Any]
) -> None:
    batch = [sent(grant.subject, f"{uuid4()}") | change for _ in range(12)]
    assert post(http, shop.token, batch).status_code == 200
