"""Guesses follow a moment after a batch: once for several, by one process, and whatever happens in between."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.defaults import conclusions, conclusions_store, service, store
from ccx_broker.defaults.conclusions import conclude_due
from ccx_broker.defaults.populations import BARS, current_population
from ccx_broker.defaults.rules import conclude_all, learn_from
from ccx_broker.defaults.rules.population import fold_of
from ccx_broker.kit.db import make_engine, make_sessions
from ccx_broker.profile.service import dismiss_default, set_preference
from ccx_broker.profile.store import effective_values, load_defaults
from tests.defaults.test_service import NOW, events, new_customer, statements
from tests.support import new_database

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(scope="module")
def sessions(worker_id: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on a database of which no running server draws the conclusions."""
    engine = make_engine(new_database(f"ccx_quiet_{worker_id}"), connections=20)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def customer(session: Session) -> UUID:
    return new_customer(session)


def due(session: Session) -> dict[UUID, Sequence[str]]:
    return dict(conclusions_store.lock_due(session, None, 1000).heard)


def finish(session: Session, now: datetime = NOW) -> None:
    """Draw all conclusions that are due."""
    after: UUID | None = None
    while done := conclude_due(session, after, now):
        after = done[-1]


def test_a_batch_leaves_conclusions_due_and_draws_none(session: Session, customer: UUID) -> None:
    service.learn(session, events(customer, 12), NOW)
    assert load_defaults(session, customer) == {}
    assert conclusions_store.is_due(session, customer)
    assert due(session)[customer] == ["Order Completed"]


def test_one_conclusion_follows_from_several_batches(session: Session, customer: UUID) -> None:
    for first in (0, 6, 12):
        service.learn(session, events(customer, 6, first=first), NOW)
    finish(session)
    assert load_defaults(session, customer)["buy.store"].evidence["of"] == 18
    assert not conclusions_store.is_due(session, customer)
    assert conclude_due(session, None, NOW) == []


def test_nothing_is_due_after_what_was_sent_before(session: Session, customer: UUID) -> None:
    service.learn(session, events(customer, 6), NOW)
    finish(session)
    service.learn(session, events(customer, 6), NOW)
    assert not conclusions_store.is_due(session, customer)


def test_what_is_concluded_is_what_the_rules_say(session: Session, customer: UUID) -> None:
    for first in (0, 9):
        service.learn(session, events(customer, 9, first=first), NOW)
        finish(session)
    observations = [o for e in events(customer, 18) if (o := e.observation()) is not None]
    view = current_population(session).view(fold_of(customer.bytes))
    expected = {
        offer.key: (offer.value, offer.confidence)
        for offer in conclude_all(learn_from({}, observations), view, BARS)
        if offer.value is not None
    }
    found = load_defaults(session, customer)
    assert {key: (guess.value, guess.confidence) for key, guess in found.items()} == expected


@pytest.mark.parametrize(("heard", "computed_at"), [("Message Opened", NOW), ("Order Completed", LATER)])
def test_only_what_was_heard_is_concluded_from(
    session: Session, customer: UUID, heard: str, computed_at: datetime
) -> None:
    """A guess that draws on orders is left as it is by an event of another kind."""
    service.learn(session, events(customer, 9), NOW)
    finish(session)
    state = store.lock_states(session, [customer])[customer]
    store.save_states(session, [(customer, state)], {customer: [heard]}, LATER)
    finish(session, LATER)
    assert load_defaults(session, customer)["buy.store"].computed_at == computed_at
    assert not conclusions_store.is_due(session, customer)


def test_names_of_what_was_heard_add_up(session: Session, customer: UUID) -> None:
    service.learn(session, events(customer, 1), NOW)
    state = store.lock_states(session, [customer])[customer]
    for heard in (["Message Opened", "Message Dismissed"], ["Message Opened"], []):
        store.save_states(session, [(customer, state)], {customer: heard}, NOW)
    assert sorted(due(session)[customer]) == ["Message Dismissed", "Message Opened", "Order Completed"]


def test_who_says_no_in_between_is_not_concluded_about(session: Session, customer: UUID) -> None:
    service.learn(session, events(customer, 12), NOW)
    set_preference(session, customer, "data.profiling", "no", now=NOW)
    finish(session)
    assert effective_values(session, customer, ["buy.store"]) == {}


def test_what_was_dismissed_in_between_does_not_come_back(session: Session, customer: UUID) -> None:
    service.learn(session, events(customer, 12), NOW)
    finish(session)
    service.learn(session, events(customer, 12, first=12), NOW)
    dismiss_default(session, customer, "buy.store")
    finish(session)
    assert load_defaults(session, customer)["buy.store"].state == "dismissed"


def test_everybodys_turn_comes(sessions: sessionmaker[Session]) -> None:
    """More customers than one piece of work is about, and one of them with something new each time."""
    with sessions.begin() as session:
        customers = [new_customer(session) for _ in range(conclusions.AT_ONCE * 2 + 5)]
        service.learn(session, [e for one in customers for e in events(one, 6)], NOW)
    first, work = min(customers), conclusions.Round(sessions, lambda: NOW)
    for turn in range(6):
        work()
        with sessions.begin() as session:
            service.learn(session, events(first, 1, first=100 + turn), NOW)
    with sessions.begin() as session:
        assert all("buy.store" in load_defaults(session, one) for one in customers)


def test_several_processes_share_the_work(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customers = [new_customer(session) for _ in range(conclusions.AT_ONCE * 3)]
        service.learn(session, [e for one in customers for e in events(one, 6)], NOW)
    meeting = Barrier(3)

    def work(_: int) -> set[UUID]:
        with sessions.begin() as session:
            taken = set(conclude_due(session, None, NOW))
            meeting.wait(60)  # nobody lets go of what is theirs before all have taken something
            return taken

    with ThreadPoolExecutor(3) as threads:
        taken = list(threads.map(work, range(3)))
    assert all(taken)
    assert len(set.union(*taken)) == sum(map(len, taken))


def test_a_batch_that_is_being_taken_in_is_not_waited_for(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        busy, free = new_customer(session), new_customer(session)
        service.learn(session, [*events(busy, 6), *events(free, 6)], NOW)
    with sessions.begin() as batch:
        service.learn(batch, events(busy, 6, first=6), NOW)
        with sessions.begin() as session:
            finish(session)
            assert "buy.store" in load_defaults(session, free)
            assert load_defaults(session, busy) == {}
    with sessions.begin() as session:
        finish(session)
        assert load_defaults(session, busy)["buy.store"].evidence["of"] == 12


def test_a_crash_loses_no_conclusion(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions.begin() as session:
        customer = new_customer(session)
        service.learn(session, events(customer, 12), NOW)

    def crash(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(conclusions_store, "settle", crash)
        with pytest.raises(SystemExit), sessions.begin() as session:
            conclude_due(session, None, NOW)
    with sessions.begin() as session:
        assert load_defaults(session, customer) == {}
        assert conclusions_store.is_due(session, customer)
        finish(session)
        assert "buy.store" in load_defaults(session, customer)


def test_a_failed_batch_leaves_nothing_due(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customer = new_customer(session)
    with sessions() as session:
        service.learn(session, events(customer, 12), NOW)
        session.rollback()
    with sessions.begin() as session:
        assert not conclusions_store.is_due(session, customer)


def test_batches_conclusions_and_answers_at_once_end_in_the_same(sessions: sessionmaker[Session]) -> None:
    """Nobody waits for ever, each event counts once, and the guesses are those of all events."""
    with sessions.begin() as session:
        customers = [new_customer(session) for _ in range(12)]

    def work(thread: int) -> None:
        for round_ in range(6):
            with sessions.begin() as session:
                if thread % 3 == 0:
                    batch = [e for one in customers for e in events(one, 2, first=100 * thread + 2 * round_)]
                    service.learn(session, batch if thread % 2 else batch[::-1], NOW)
                elif thread % 3 == 1:
                    conclude_due(session, None, NOW)
                else:
                    dismiss_default(session, customers[0], "buy.usual")

    with sessions.begin() as session:
        service.learn(session, [e for one in customers for e in events(one, 9, first=5000)], NOW)
        finish(session)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    with sessions.begin() as session:
        finish(session)
        found = [load_defaults(session, one)["buy.store"].evidence["of"] for one in customers]
    assert found == [9 + 2 * 12] * 12


def test_the_statements_of_a_piece_of_work_are_few(session: Session) -> None:
    customers = [new_customer(session) for _ in range(conclusions.AT_ONCE)]
    service.learn(session, [e for one in customers for e in events(one, 6)], NOW)
    with statements(session) as seen:
        assert len(conclude_due(session, None, NOW)) == conclusions.AT_ONCE
    assert len(seen) == 6


def test_looking_for_work_does_not_read_the_states_of_others(session: Session) -> None:
    """The index on what is due is used: a broker with a million customers looks as quickly."""
    many = "SELECT gen_random_uuid() AS customer_id, now() AS at FROM generate_series(1, 3000)"
    session.execute(
        text(
            f"WITH many AS MATERIALIZED ({many}), people AS (INSERT INTO customers (customer_id, email, name,"
            " created_at) SELECT customer_id, customer_id || '@example.com', 'Kim', at FROM many)"
            " INSERT INTO estimator_states (customer_id, state, unconcluded, updated_at)"
            " SELECT customer_id, '{}', '{}', at FROM many"
        )
    )
    session.execute(text("ANALYZE estimator_states"))
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT estimator_states") and not plans:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    event.listen(session.get_bind(), "before_cursor_execute", explain)
    try:
        conclude_due(session, uuid4(), NOW)
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", explain)
    assert "ix_estimator_states_unconcluded" in plans[0]
