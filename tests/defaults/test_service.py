"""Taking behaviour in: once each, from many at once, at a cost that doesn't grow, and only if allowed."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.defaults import events_store, service, store
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.events import LearnResult, ReceivedEvent
from ccx_broker.defaults.service import ask_again
from ccx_broker.kit.errors import NotFound
from ccx_broker.profile.service import accept_default, dismiss_default, set_preference
from ccx_broker.profile.store import load_defaults
from tests.defaults.examples import MONDAY_NOON, learn, received

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHOP = uuid4()


def new_customer(session: Session) -> UUID:
    customer_id = uuid4()
    session.execute(
        text(
            "INSERT INTO customers (customer_id, email, name, created_at) VALUES (:id, :email, 'Kim', :now)"
        ),
        {"id": customer_id, "email": f"{customer_id}@example.com", "now": NOW},
    )
    return customer_id


@pytest.fixture
def customer(session: Session) -> UUID:
    return new_customer(session)


def events(
    customer_id: UUID, count: int, *, first: int = 0, shop: UUID = SHOP, **of: Any
) -> list[ReceivedEvent]:
    """Return `count` weekly orders with message ids of their own."""
    return [
        received(customer_id, shop, f"order-{i}", MONDAY_NOON + timedelta(weeks=i % 500), **of)
        for i in range(first, first + count)
    ]


def visits(session: Session, customer_id: UUID) -> int:
    """Return how many visits the estimators have counted."""
    state = store.lock_states(session, [customer_id]).get(customer_id, {})
    return int(state["buy.store"]["n"]) if state else 0


def kept(session: Session, customer_id: UUID) -> Sequence[Any]:
    return session.execute(
        text("SELECT message_id, name, at, body FROM events WHERE customer_id = :id ORDER BY event_id"),
        {"id": customer_id},
    ).all()


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_behaviour_becomes_defaults_with_reasons(session: Session, customer: UUID) -> None:
    assert learn(session, events(customer, 12), NOW) == LearnResult(accepted=12, duplicates=0)
    defaults = load_defaults(session, customer)
    expected = {
        "buy.store": "367",
        "buy.day_time": {"day": None, "slot": "midday"},
        "buy.usual": ["1"],
        "discover.categories": ["COFFEE"],
        "buy.coupons": "dont",
        "buy.price_band": {"COFFEE": {"usual": 2.5, "highest": 2.61, "currency": "USD"}},
        "currency": "USD",
        "timezone": "America/New_York",
    }
    assert {key: default.value for key, default in defaults.items() if key in expected} == expected
    assert (
        defaults["buy.store"]
        .evidence["sentence"]
        .startswith("You bought at store 367 on 12 of your 12 visits")
    )
    assert defaults["buy.store"].computed_at == NOW


def test_a_repeated_batch_changes_nothing(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 6), NOW)
    before = load_defaults(session, customer)
    assert learn(session, events(customer, 6), NOW) == LearnResult(accepted=0, duplicates=6)
    assert load_defaults(session, customer) == before
    assert visits(session, customer) == 6


def test_one_message_twice_in_a_batch_is_one_event(session: Session, customer: UUID) -> None:
    assert learn(session, events(customer, 3) + events(customer, 3), NOW) == LearnResult(3, 3)
    assert visits(session, customer) == 3


def test_message_ids_belong_to_their_organisation(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 3), NOW)
    assert learn(session, events(customer, 3, shop=uuid4()), NOW).accepted == 3
    assert visits(session, customer) == 6


def test_nothing_to_learn_costs_nothing(session: Session) -> None:
    with statements(session) as seen:
        assert service.learn(session, [], NOW) == LearnResult(0, 0)
    assert seen == []


def test_in_pieces_and_in_any_order_it_comes_to_the_same(session: Session, customer: UUID) -> None:
    other = new_customer(session)
    learn(session, events(customer, 30), NOW)
    backwards = events(other, 30)[::-1]
    for start in range(0, 30, 7):
        learn(session, backwards[start : start + 7], NOW)
    states = store.lock_states(session, [customer, other])
    assert states[customer] == states[other]
    assert load_defaults(session, customer) == load_defaults(session, other)


def test_stored_states_are_those_that_the_rules_compute(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 10), NOW)
    observations = [o for e in events(customer, 10) if (o := e.observation()) is not None]
    assert store.lock_states(session, [customer])[customer] == learn_from({}, observations)


def test_the_number_of_statements_is_fixed(session: Session) -> None:
    def needed(customers: int, each: int) -> int:
        batch = [e for _ in range(customers) for e in events(new_customer(session), each)]
        with statements(session) as seen:
            service.learn(session, batch, NOW)
        return len(seen)

    assert needed(1, 6) == needed(3, 6) == needed(60, 6)
    assert max(needed(1, 6), needed(1, 400), needed(400, 1)) <= 5


def test_the_cost_does_not_grow_with_the_history(session: Session, customer: UUID) -> None:
    costs = []
    for round_ in range(6):
        with statements(session) as seen:
            service.learn(session, events(customer, 100, first=round_ * 100), NOW)
        state = json.dumps(store.lock_states(session, [customer])[customer])
        costs.append((len(seen), len(state)))
        assert not any("FROM events" in statement for statement in seen)
    assert len({count for count, _ in costs}) == 1
    assert costs[-1][1] <= costs[0][1] * 1.1
    assert visits(session, customer) == 600


def test_parallel_batches_of_one_customer_count_each_event_once(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customer = new_customer(session)
    everything = events(customer, 80)

    def send(thread: int) -> LearnResult:
        with sessions.begin() as session:
            return service.learn(session, everything[thread * 5 : thread * 5 + 45], NOW)

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(send, range(8)))
    assert sum(result.accepted for result in results) == 80
    with sessions.begin() as session:
        assert visits(session, customer) == 80
        observations = [o for e in everything if (o := e.observation()) is not None]
        assert store.lock_states(session, [customer])[customer] == learn_from({}, observations)


def test_batches_about_the_same_customers_in_any_order_do_not_deadlock(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        customers = [new_customer(session) for _ in range(10)]
    batch = [e for customer in customers for e in events(customer, 8)]

    def send(thread: int) -> int:
        turned = batch[thread * 9 :] + batch[: thread * 9]
        with sessions.begin() as session:
            return service.learn(session, turned if thread % 2 else turned[::-1], NOW).accepted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send, range(8))) == 80
    with sessions.begin() as session:
        assert [visits(session, customer) for customer in customers] == [8] * 10


def test_learning_and_answering_at_once_wait_for_each_other(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customer = new_customer(session)
        learn(session, events(customer, 8), NOW)

    def work(thread: int) -> None:
        for round_ in range(10):
            with sessions.begin() as session:
                if thread % 4 == 0:
                    learn(session, events(customer, 2, first=1000 * (thread + 1) + 2 * round_), NOW)
                elif thread % 4 == 1:
                    dismiss_default(session, customer, "buy.store")
                elif thread % 4 == 2:
                    ask_again(session, customer, "buy.store", NOW)
                else:
                    accept_default(session, customer, "discover.categories", now=NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with sessions.begin() as session:
        assert visits(session, customer) == 48
        ask_again(session, customer, "buy.store", NOW)
        assert load_defaults(session, customer)["buy.store"].evidence["of"] == 48


def test_who_forbids_profiling_is_not_learnt_from(session: Session, customer: UUID) -> None:
    set_preference(session, customer, "data.profiling", "no", now=NOW)
    assert learn(session, events(customer, 9), NOW) == LearnResult(9, 0)
    assert len(kept(session, customer)) == 9
    assert visits(session, customer) == 0
    assert load_defaults(session, customer) == {}


def test_who_forbids_collecting_has_nothing_kept_and_the_sender_can_not_tell(
    session: Session, customer: UUID
) -> None:
    set_preference(session, customer, "data.collect", "no", now=NOW)
    assert learn(session, events(customer, 9), NOW) == LearnResult(9, 0)
    assert learn(session, events(customer, 9), NOW) == LearnResult(0, 9)
    assert {(row.name, row.at, str(row.body)) for row in kept(session, customer)} == {("", NOW, "{}")}
    assert events_store.events_page(session, customer, before=None, limit=10) == []
    assert visits(session, customer) == 0


def test_one_customers_no_is_nobody_elses(session: Session, customer: UUID) -> None:
    other = new_customer(session)
    set_preference(session, customer, "data.collect", "no", now=NOW)
    set_preference(session, other, "data.collect", "yes", now=NOW)
    learn(session, events(customer, 7) + events(other, 7), NOW)
    assert (visits(session, customer), visits(session, other)) == (0, 7)


def test_a_dismissed_guess_stays_away_until_the_customer_asks(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 8), NOW)
    dismiss_default(session, customer, "buy.store")
    learn(session, events(customer, 20, first=8, store="31"), NOW)
    assert load_defaults(session, customer)["buy.store"].state == "dismissed"
    ask_again(session, customer, "buy.store", NOW)
    asked = load_defaults(session, customer)["buy.store"]
    assert (asked.state, asked.value) == ("offered", "31")


def test_only_what_was_dismissed_can_be_asked_again(session: Session, customer: UUID) -> None:
    with pytest.raises(NotFound):
        ask_again(session, customer, "buy.store", NOW)


def test_a_guess_is_taken_back_when_it_is_no_longer_likely(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 8), NOW)
    assert "buy.store" in load_defaults(session, customer)
    learn(session, events(customer, 8, shop=uuid4(), store="31"), NOW)
    assert "buy.store" not in load_defaults(session, customer)


def test_events_are_listed_the_latest_received_first(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 5), NOW)
    first = events_store.events_page(session, customer, before=None, limit=3)
    rest = events_store.events_page(session, customer, before=first[-1].event_id, limit=3)
    listed = [*first, *rest]
    assert [e.at for e in listed] == [MONDAY_NOON + timedelta(weeks=i) for i in (4, 3, 2, 1, 0)]
    assert listed[0].summary == "1 thing at store 367 for 2.5 USD"


@pytest.mark.parametrize(
    ("properties", "summary"),
    [
        ({"products": "none"}, "Order Completed"),
        ({"products": {"a": 1}, "store_id": {"a": 1}, "total": [2]}, "Order Completed"),
        ({"products": None, "total": 7, "currency": None}, "for 7"),
        ({"store_id": "s" * 5000}, f"at store {'s' * 40}"),
        ({}, "Order Completed"),
    ],
)
def test_events_of_odd_content_have_a_short_gist(
    session: Session, customer: UUID, properties: dict[str, Any], summary: str
) -> None:
    odd = ReceivedEvent(
        customer, SHOP, "odd", "Order Completed", MONDAY_NOON, {"properties": properties, "context": {}}
    )
    learn(session, [odd], NOW)
    assert events_store.events_page(session, customer, before=None, limit=3)[0].summary == summary


def test_an_event_without_properties_can_be_listed(session: Session, customer: UUID) -> None:
    learn(session, [ReceivedEvent(customer, SHOP, "x", "identify", MONDAY_NOON, {"traits": {}})], NOW)
    assert events_store.events_page(session, customer, before=None, limit=3)[0].summary == "identify"
