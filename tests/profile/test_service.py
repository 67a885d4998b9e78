"""The use cases on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.errors import Changed, Conflict, Invalid, NotFound
from ccx_broker.kit.ids import new_id
from ccx_broker.profile import store
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import Entry, Offer
from ccx_broker.profile.service import (
    accept_default,
    dismiss_default,
    offer_defaults,
    remove_preference,
    restore_preference,
    set_preference,
    undismiss_default,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def customer(session: Session) -> UUID:
    return add_customer(session)


def add_customer(session: Session) -> UUID:
    customer_id = new_id()
    session.execute(
        text(
            "INSERT INTO customers (customer_id, email, name, created_at) VALUES (:id, :email, 'Ada', now())"
        ),
        {"id": customer_id, "email": f"{customer_id}@example.org"},
    )
    return customer_id


def guess(key: str, value: Any, confidence: float = 0.8) -> Offer:
    return Offer(key, value, confidence, {"orders": 12})


def history(session: Session, customer: UUID, key: str) -> list[Entry]:
    return store.load_history(session, customer, key, before=None, limit=100)


def test_what_was_said_is_held_with_rank_and_version(session: Session, customer: UUID) -> None:
    said = set_preference(
        session, customer, "buy.store", "367", rank="need", note="  no car ", if_match=None, now=NOW
    )
    assert (said.version, said.value, said.rank, said.note, said.set_at) == (1, "367", "need", "no car", NOW)
    held = store.effective_values(session, customer)["buy.store"]
    assert (held.value, held.source, held.rank, held.confidence, held.set_at) == (
        "367",
        "stated",
        "need",
        None,
        NOW,
    )
    assert store.stated_value(session, customer, "buy.store") == "367"
    assert store.stated_value(session, customer, "buy.usual") is None


def test_versions_go_on_through_removal_and_restoring(session: Session, customer: UUID) -> None:
    set_preference(session, customer, "buy.store", "367", now=NOW)
    set_preference(session, customer, "buy.store", "367", now=LATER)
    set_preference(session, customer, "buy.store", "42", rank="delighter", now=LATER)
    remove_preference(session, customer, "buy.store", if_match=frozenset({2}), now=LATER)
    remove_preference(session, customer, "buy.store", if_match=frozenset({2}), now=LATER)
    assert "buy.store" not in store.effective_values(session, customer)
    with pytest.raises(Conflict, match="taken back"):
        restore_preference(session, customer, "buy.store", 3, now=LATER)
    with pytest.raises(NotFound, match="no version 9"):
        restore_preference(session, customer, "buy.store", 9, now=LATER)
    again = restore_preference(session, customer, "buy.store", 1, now=LATER)
    assert (again.value, again.version, again.rank) == ("367", 4, "want")
    lines = [(entry.version, entry.action, entry.value) for entry in history(session, customer, "buy.store")]
    assert lines == [
        (4, "restored", "367"),
        (3, "removed", None),
        (2, "set", "42"),
        (1, "set", "367"),
    ]


def test_a_stale_write_is_refused_and_leaves_no_trace(session: Session, customer: UUID) -> None:
    set_preference(session, customer, "buy.store", "367", now=NOW)
    set_preference(session, customer, "buy.store", "42", if_match=frozenset({1}), now=NOW)
    for expect in (frozenset({1}), frozenset[int](), "absent"):
        with pytest.raises(Changed, match="present version is 2"):
            set_preference(session, customer, "buy.store", "9", if_match=expect, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(Changed):
        remove_preference(session, customer, "buy.store", if_match=frozenset({1}), now=NOW)
    with pytest.raises(Changed):
        restore_preference(session, customer, "buy.store", 1, if_match=frozenset({1}), now=NOW)
    assert [entry.version for entry in history(session, customer, "buy.store")] == [2, 1]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": None}, Invalid),
        ({"value": ["367"]}, Invalid),
        ({"rank": "must"}, Invalid),
        ({"note": "x" * 501}, Invalid),
        ({"note": "a\x00b"}, Invalid),
        ({"note": "\ud800"}, Invalid),
        ({"key": "buy.shop"}, NotFound),
    ],
)
def test_what_is_wrong_is_refused(
    session: Session, customer: UUID, change: dict[str, Any], error: type[Exception]
) -> None:
    right = {"key": "buy.store", "value": "367", "rank": "want", "note": None}
    with pytest.raises(error):
        set_preference(session, customer, **(right | change), now=NOW)
    assert store.load_stated(session, customer) == {}


def test_a_guess_fills_the_gap_until_something_is_said(session: Session, customer: UUID) -> None:
    offer_defaults(session, [(customer, guess("buy.store", "9")), (customer, guess("buy.store", "367"))], NOW)
    held = store.effective_values(session, customer, ["buy.store", "language"])
    assert list(held) == ["buy.store"]
    assert (held["buy.store"].value, held["buy.store"].source) == ("367", "default")
    assert held["buy.store"].confidence == pytest.approx(0.8)
    set_preference(session, customer, "buy.store", "42", now=LATER)
    offer_defaults(session, [(customer, guess("buy.store", "367", 0.99))], LATER)
    assert store.effective_values(session, customer)["buy.store"].value == "42"
    remove_preference(session, customer, "buy.store", now=LATER)
    assert store.effective_values(session, customer)["buy.store"].value == "367"


def test_a_dismissed_guess_never_comes_back_unless_asked(session: Session, customer: UUID) -> None:
    offer_defaults(session, [(customer, guess("buy.store", "367"))], NOW)
    assert dismiss_default(session, customer, "buy.store").state == "dismissed"
    assert dismiss_default(session, customer, "buy.store").state == "dismissed"
    for value in ("9", None, "10"):
        offer_defaults(session, [(customer, guess("buy.store", value))], LATER)
        assert store.effective_values(session, customer) == {}
    with pytest.raises(NotFound):
        accept_default(session, customer, "buy.store", now=LATER)
    # Saying something about the key and taking it back does not bring the guess back either.
    set_preference(session, customer, "buy.store", "42", now=LATER)
    remove_preference(session, customer, "buy.store", now=LATER)
    assert store.effective_values(session, customer) == {}
    undismiss_default(session, customer, "buy.store")
    assert store.effective_values(session, customer)["buy.store"].value == "367"
    offer_defaults(session, [(customer, guess("buy.store", "10"))], LATER)
    assert store.effective_values(session, customer)["buy.store"].value == "10"


def test_an_accepted_guess_is_the_customers_own_word(session: Session, customer: UUID) -> None:
    offer_defaults(session, [(customer, guess("buy.store", "367"))], NOW)
    said = accept_default(session, customer, "buy.store", now=LATER)
    assert (said.value, said.source, said.rank, said.version) == ("367", "stated", "want", 1)
    assert accept_default(session, customer, "buy.store", now=LATER) == said
    assert [entry.action for entry in history(session, customer, "buy.store")] == ["accepted"]
    assert store.load_defaults(session, customer)["buy.store"].state == "accepted"
    # Later guesses change nothing, and there is nothing left to dismiss.
    offer_defaults(session, [(customer, guess("buy.store", "9"))], LATER)
    assert store.effective_values(session, customer)["buy.store"].value == "367"
    with pytest.raises(NotFound):
        dismiss_default(session, customer, "buy.store")
    remove_preference(session, customer, "buy.store", now=LATER)
    assert store.effective_values(session, customer)["buy.store"].source == "default"


def test_a_guess_is_taken_back_when_there_is_nothing_to_say(session: Session, customer: UUID) -> None:
    both = [(customer, guess("buy.store", "367")), (customer, guess("discover.own_brand", "prefer"))]
    offer_defaults(session, both, NOW)
    accept_default(session, customer, "discover.own_brand", now=NOW)
    offer_defaults(session, [(pair[0], guess(pair[1].key, None, 0)) for pair in both], LATER)
    assert list(store.effective_values(session, customer)) == ["discover.own_brand"]
    assert store.load_defaults(session, customer) == {}
    for answer in (dismiss_default, undismiss_default):
        with pytest.raises(NotFound):
            answer(session, customer, "buy.store")
    remove_preference(session, customer, "discover.own_brand", now=LATER)
    assert store.effective_values(session, customer) == {}


def test_nobody_may_guess_a_key_that_is_special_revealing_a_consent_or_stated_only(
    session: Session, customer: UUID
) -> None:
    kept = [item for item in CATALOGUE.items if not item.inferable]
    assert len(kept) > 20
    for item in kept:
        example = item.schema["examples"][0]
        with pytest.raises(ValueError, match=f"nobody may guess {item.key}"):
            offer_defaults(session, [(customer, guess(item.key, example))], NOW)
        # Not even if one got into the table some other way.
        session.execute(
            text(
                "INSERT INTO defaults (customer_id, key, state, value, confidence, evidence, computed_at)"
                " VALUES (:id, :key, 'offered', '\"yes\"', 1, '{}', now())"
            ),
            {"id": customer, "key": item.key},
        )
    assert store.effective_values(session, customer) == {}
    with pytest.raises(Invalid):
        offer_defaults(session, [(customer, guess("discover.own_brand", "sometimes"))], NOW)


def test_no_to_profiling_switches_every_guess_off(session: Session, customer: UUID) -> None:
    offer_defaults(session, [(customer, guess("buy.store", "367"))], NOW)
    set_preference(session, customer, "data.profiling", "no", now=NOW)
    assert list(store.effective_values(session, customer)) == ["data.profiling"]
    assert store.effective_values(session, customer, ["buy.store"]) == {}
    set_preference(session, customer, "data.profiling", "yes", now=NOW)
    assert list(store.effective_values(session, customer, ["buy.store"])) == ["buy.store"]


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_guesses_about_many_customers_take_as_many_statements_as_about_one(session: Session) -> None:
    customers = [add_customer(session) for _ in range(60)]
    counts = []
    for some in (customers[:1], customers):
        offers = [
            (each, offer)
            for each in some
            for offer in (guess("buy.store", "367"), guess("discover.own_brand", None, 0))
        ]
        with counted(session) as statements:
            offer_defaults(session, offers, NOW)
        counts.append(len(statements))
    assert counts == [3, 3]
    with counted(session) as statements:
        store.effective_values(session, customers[0], ["buy.store", "language", "timezone"])
    assert len(statements) == 2


def test_first_writes_at_the_same_time_lose_nothing(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customer = add_customer(session)
    failures: list[BaseException] = []

    def say(value: str) -> None:
        try:
            with sessions.begin() as own:
                set_preference(own, customer, "buy.store", value, now=NOW)
        except BaseException as error:
            failures.append(error)

    writers = [Thread(target=say, args=(str(number),)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with sessions() as session:
        lines = history(session, customer, "buy.store")
        assert not failures
        assert [line.version for line in lines] == list(range(8, 0, -1))
        assert {line.value for line in lines} == {str(number) for number in range(8)}
        assert store.stated_value(session, customer, "buy.store") == lines[0].value
