"""Decisions of a customer while batches come in, and when they are cut off half-way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.defaults import events_store
from ccx_broker.defaults.forgetting import forget_event, forget_source, resume_learning, stop_learning
from ccx_broker.defaults.rules.events import LearnResult
from ccx_broker.profile.service import set_preference
from ccx_broker.profile.store import effective_values
from tests.defaults.examples import learn
from tests.defaults.test_forgetting import event_ids, guessed, learnt_by_rules, new_shop, state_of
from tests.defaults.test_service import NOW, events, kept, new_customer


def test_deciding_while_batches_come_in(sessions: sessionmaker[Session]) -> None:
    """However they interleave: in the end exactly what counts is in the state."""
    with sessions.begin() as session:
        customer, ours, theirs = new_customer(session), new_shop(session), new_shop(session)
        early = [*events(customer, 40, shop=ours), *events(customer, 40, shop=theirs, store="31", first=40)]
        learn(session, early, NOW)
        ids = event_ids(session, customer)

    def work(thread: int) -> None:
        for round_ in range(5):
            with sessions.begin() as session:
                if thread % 4 == 0:
                    batch = events(customer, 8, shop=ours, first=1000 * (thread + 1) + 8 * round_)
                    assert learn(session, [*batch, early[thread * 5 + round_]], NOW) == LearnResult(8, 1)
                elif thread % 4 == 1:
                    forget_event(session, customer, ids[f"order-{thread * 5 + round_}"], NOW)
                elif thread == 2:
                    decide = resume_learning if round_ % 2 else stop_learning
                    decide(session, customer, theirs, NOW)
                else:
                    batch = events(customer, 8, shop=theirs, first=1000 * (thread + 1) + 8 * round_)
                    learn(session, batch, NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with sessions.begin() as session:
        counting = [e for chunk in events_store.counting_events(session, customer) for e in chunk]
        gone = {f"order-{thread * 5 + round_}" for thread in (1, 5) for round_ in range(5)}
        assert {e.message_id for e in counting} >= {
            *(e.message_id for e in early[:40] if e.message_id not in gone),
            *(f"order-{1000 * (thread + 1) + i}" for thread in (0, 4) for i in range(40)),
        }
        assert gone.isdisjoint(e.message_id for e in counting)
        assert {e.organisation_id for e in counting} == {ours}  # it was muted last
        assert state_of(session, customer) == learnt_by_rules(counting)


def test_nothing_that_comes_after_a_no_is_learnt(sessions: sessionmaker[Session]) -> None:
    """Batches are under way when the customer says no to profiling; those that begin later teach nothing."""
    with sessions.begin() as session:
        customer = new_customer(session)
    said = Event()

    def send(thread: int) -> list[str]:
        """Send ten batches, the last one after the no; return what was sent after it."""
        late = []
        for round_ in range(10):
            if round_ == 9:
                said.wait()
            after = said.is_set()
            batch = events(customer, 3, first=1000 * thread + 3 * round_)
            with sessions.begin() as session:
                assert learn(session, batch, NOW) == LearnResult(3, 0)
            late += [event.message_id for event in batch] if after else []
        return late

    with ThreadPoolExecutor(6) as threads:
        sending = [threads.submit(send, thread) for thread in range(6)]
        with sessions.begin() as session:
            set_preference(session, customer, "data.profiling", "no", now=NOW)
        said.set()
        late = {message_id for each in sending for message_id in each.result()}
    with sessions.begin() as session:
        counting = [e for chunk in events_store.counting_events(session, customer) for e in chunk]
        assert len(late) >= 18
        assert late.isdisjoint(e.message_id for e in counting)
        assert state_of(session, customer) == learnt_by_rules(counting)
        assert effective_values(session, customer).keys() == {"data.profiling"}


@pytest.mark.parametrize("decide", ["forget_event", "forget_source", "stop_learning"])
def test_killed_in_the_middle_everything_is_as_before(sessions: sessionmaker[Session], decide: str) -> None:
    """The connection is cut when state and events are written and the guesses are not."""
    with sessions.begin() as session:
        customer, shop = new_customer(session), new_shop(session)
        learn(session, events(customer, 8, shop=shop), NOW)
        event_id = event_ids(session, customer)["order-3"]
    ways: dict[str, Callable[[Session], None]] = {
        "forget_event": lambda session: forget_event(session, customer, event_id, NOW),
        "forget_source": lambda session: forget_source(session, customer, shop, NOW),
        "stop_learning": lambda session: stop_learning(session, customer, shop, NOW),
    }

    def all_there() -> Any:
        with sessions() as session:
            seen = kept(session, customer), state_of(session, customer), guessed(session, customer)
            session.rollback()
        return seen

    before = all_there()

    def doomed() -> None:
        with sessions.begin() as session:
            ways[decide](session)

    with ThreadPoolExecutor(1) as threads, sessions() as other:
        other.execute(text("SELECT 1 FROM defaults WHERE customer_id = :id FOR UPDATE"), {"id": customer})
        killed = threads.submit(doomed)
        while not other.scalar(CUT):
            assert not killed.done()
        with pytest.raises(OperationalError):
            killed.result()
        other.rollback()
    assert all_there() == before
    doomed()
    assert all_there() != before


CUT = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks
     WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
""")
