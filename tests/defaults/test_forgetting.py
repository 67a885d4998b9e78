"""What is forgotten is gone exactly: as if it had never come, whatever happens at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from ccx_broker.defaults import events_store, store
from ccx_broker.defaults.forgetting import forget_event, forget_source, resume_learning, stop_learning
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.events import LearnResult, ReceivedEvent
from ccx_broker.defaults.service import ask_again
from ccx_broker.kit.errors import NotFound
from ccx_broker.organisations.service import add_organisation
from ccx_broker.profile.service import accept_default, dismiss_default, set_preference
from ccx_broker.profile.store import effective_values, load_defaults
from tests.defaults.examples import MONDAY_NOON, learn, product, received
from tests.defaults.test_service import NOW, SHOP, events, kept, new_customer, statements, visits

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def customer(session: Session) -> UUID:
    return new_customer(session)


def new_shop(session: Session) -> UUID:
    return add_organisation(session, f"Shop {uuid4()}", None, NOW)[0].organisation_id


def state_of(session: Session, customer_id: UUID) -> dict[str, Any]:
    return store.lock_states(session, [customer_id]).get(customer_id, {})


def learnt_by_rules(events: Sequence[ReceivedEvent]) -> dict[str, Any]:
    """Return the state of somebody of whom these events and no others ever came."""
    return learn_from({}, [seen for event in events if (seen := event.observation())])


def event_ids(session: Session, customer_id: UUID) -> dict[str, UUID]:
    """Return the events' ids by message id, markers included."""
    found = session.execute(
        text("SELECT message_id, event_id FROM events WHERE customer_id = :id"), {"id": customer_id}
    )
    return {row.message_id: row.event_id for row in found}


def guessed(session: Session, customer_id: UUID) -> dict[str, Any]:
    """Return all that is guessed, but for when it was."""
    return {
        key: (d.value, d.confidence, d.evidence, d.state)
        for key, d in load_defaults(session, customer_id).items()
    }


purchases = st.builds(
    lambda shop, branch, category, hours, own: (shop, branch, category, hours, own),
    st.integers(0, 1),
    st.integers(0, 79),  # far more branches than are remembered
    st.integers(0, 399),  # and more categories
    st.integers(-9_000, 9_000),
    st.booleans(),
)


def bought(customer_id: UUID, shops: Sequence[UUID], i: int, purchase: Any) -> ReceivedEvent:
    shop, branch, category, hours, own = purchase
    products = [product(f"C{category + j}", brand="Private" if own else "National") for j in range(1 + i % 4)]
    products += [product("WINE")] if i % 5 == 0 else []  # never learnt from
    return received(
        customer_id,
        shops[shop],
        f"m{i}",
        MONDAY_NOON + timedelta(hours=hours),
        store=f"B{branch}",
        products=products,
    )


@SLOW
@given(
    history=st.lists(purchases, min_size=1, max_size=90),
    cuts=st.lists(st.integers(0, 90), max_size=4),
    data=st.data(),
)
def test_forgetting_is_as_if_it_had_never_come(
    session: Session, history: list[Any], cuts: list[int], data: st.DataObject
) -> None:
    customer_id = new_customer(session)
    everything = [bought(customer_id, (SHOP, SHOP), i, p) for i, p in enumerate(history)]
    gone = data.draw(st.sets(st.sampled_from(range(len(history))), min_size=1, max_size=5))
    remaining = [event for i, event in enumerate(everything) if i not in gone]

    never = session.begin_nested()
    learn(session, remaining, NOW)
    expected = state_of(session, customer_id), guessed(session, customer_id)
    never.rollback()

    edges = sorted({0, len(everything), *(cut for cut in cuts if cut < len(everything))})
    for start, end in pairwise(edges):
        learn(session, everything[start:end], NOW)
    ids = event_ids(session, customer_id)
    for i in gone:
        forget_event(session, customer_id, ids[f"m{i}"], NOW)
    assert state_of(session, customer_id) == expected[0] == learnt_by_rules(remaining)
    assert guessed(session, customer_id) == expected[1]


@dataclass
class Model:
    """What ought to be: every event that came, and whether it was learnt from then."""

    came: dict[str, tuple[ReceivedEvent, bool]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    muted: set[UUID] = field(default_factory=set)
    profiling: bool = True

    def counting(self) -> list[ReceivedEvent]:
        return [e for e, was in self.came.values() if was and e.organisation_id not in self.muted]


Step = tuple[str, Any]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("batch"), st.lists(purchases, min_size=1, max_size=12)),
        st.tuples(st.sampled_from(["mute", "unmute", "forget shop"]), st.integers(0, 1)),
        st.tuples(st.sampled_from(["forget", "resend"]), st.integers(0, 1_000)),
        st.tuples(st.just("profiling"), st.booleans()),
    ),
    min_size=3,
    max_size=14,
)


@SLOW
@given(script=steps)
def test_whatever_a_customer_decides_only_what_counts_is_in_the_state(
    session: Session, script: list[Step]
) -> None:
    customer_id, shops, model = new_customer(session), (new_shop(session), new_shop(session)), Model()
    for step in script:
        take(session, customer_id, shops, model, step)
        assert state_of(session, customer_id) == learnt_by_rules(model.counting())


def take(session: Session, customer_id: UUID, shops: Sequence[UUID], model: Model, step: Step) -> None:
    """Do one step for real and in the model."""
    what, which = step
    names = list(model.came)
    if what == "batch":
        first = len(names)
        batch = [bought(customer_id, shops, first + i, p) for i, p in enumerate(which)]
        assert learn(session, batch, NOW) == LearnResult(len(batch), 0)
        for event in batch:
            learnt = model.profiling and event.organisation_id not in model.muted
            model.came[event.message_id] = (event, learnt)
    elif what == "mute":
        stop_learning(session, customer_id, shops[which], NOW)
        model.muted.add(shops[which])
    elif what == "unmute":
        resume_learning(session, customer_id, shops[which], NOW)
        model.muted.discard(shops[which])
    elif what == "forget shop":
        forget_source(session, customer_id, shops[which], NOW)
        of_shop = [m for m, (event, _) in model.came.items() if event.organisation_id == shops[which]]
        model.came |= {m: (model.came[m][0], False) for m in of_shop}
    elif what == "profiling":
        set_preference(session, customer_id, "data.profiling", "yes" if which else "no", now=NOW)
        model.profiling = which
    elif names:
        name = names[which % len(names)]
        event, learnt = model.came[name]
        if what == "forget":
            forget_event(session, customer_id, event_ids(session, customer_id)[name], NOW)
            model.came[name] = (event, False)
        else:
            assert learn(session, [event], NOW) == LearnResult(0, 1)


def test_a_time_of_day_outlives_forgetting_something_else(session: Session, customer: UUID) -> None:
    """Without a zone the offset of the time counts, which a `timestamptz` doesn't keep."""
    tokyo = timezone(timedelta(hours=9))
    sent = [replace(e, at=e.at.astimezone(tokyo)) for e in events(customer, 9, zone=None)]
    learn(session, sent, NOW)
    before = guessed(session, customer)["buy.day_time"][0]
    forget_event(session, customer, event_ids(session, customer)["order-0"], NOW)
    assert guessed(session, customer)["buy.day_time"][0] == before
    assert state_of(session, customer) == learnt_by_rules(sent[1:])


def test_a_long_history_is_learnt_again_piece_by_piece(session: Session, customer: UUID) -> None:
    sent = events(customer, 2 * events_store.CHUNK + 1)
    learn(session, sent, NOW)
    pieces = list(events_store.counting_events(session, customer))
    assert [len(piece) for piece in pieces] == [events_store.CHUNK, events_store.CHUNK, 1]
    assert [e.message_id for piece in pieces for e in piece] == [e.message_id for e in sent]
    forget_event(session, customer, event_ids(session, customer)["order-0"], NOW)
    assert len(list(events_store.counting_events(session, customer))) == 2  # full ones, and no empty third
    assert state_of(session, customer) == learnt_by_rules(sent[1:])


def test_nothing_of_a_forgotten_event_is_kept_but_its_message_id(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 6), NOW)
    forget_event(session, customer, event_ids(session, customer)["order-2"], NOW)
    (row,) = session.execute(
        text("SELECT * FROM events WHERE customer_id = :id AND message_id = 'order-2'"), {"id": customer}
    ).mappings()
    told = {name: row[name] for name in ("name", "at", "body", "learnt", "utc_offset")}
    assert told == {"name": "", "at": NOW, "body": {}, "learnt": False, "utc_offset": 0}
    assert len(events_store.events_page(session, customer, before=None, limit=10)) == 5


def test_what_was_forgotten_can_not_be_sent_again(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 6), NOW)
    forget_event(session, customer, event_ids(session, customer)["order-2"], NOW)
    assert learn(session, events(customer, 6), NOW) == LearnResult(0, 6)
    assert visits(session, customer) == 5


def test_forgetting_again_changes_nothing(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 6), NOW)
    event_id = event_ids(session, customer)["order-2"]
    for _ in range(2):
        forget_event(session, customer, event_id, NOW)
        forget_source(session, customer, uuid4(), NOW)
    assert visits(session, customer) == 5


def test_nobody_forgets_for_somebody_else(session: Session, customer: UUID) -> None:
    other = new_customer(session)
    learn(session, events(customer, 6) + events(other, 6), NOW)
    with pytest.raises(NotFound):
        forget_event(session, other, event_ids(session, customer)["order-0"], NOW)
    forget_source(session, other, SHOP, NOW)
    assert (visits(session, customer), visits(session, other)) == (6, 0)
    assert guessed(session, customer) != guessed(session, other) == {}


def test_a_guess_goes_with_its_evidence(session: Session, customer: UUID) -> None:
    learn(session, events(customer, 5), NOW)
    assert effective_values(session, customer)["buy.store"].value == "367"
    for event_id in event_ids(session, customer).values():
        forget_event(session, customer, event_id, NOW)
    assert "buy.store" not in effective_values(session, customer)
    assert not any("store" in guess[2] for guess in guessed(session, customer).values())


def test_what_the_customer_made_their_own_word_stays_without_the_evidence(
    session: Session, customer: UUID
) -> None:
    learn(session, events(customer, 8), NOW)
    accept_default(session, customer, "buy.store", now=NOW)
    forget_source(session, customer, SHOP, NOW)
    held = effective_values(session, customer)["buy.store"]
    assert (held.value, held.source) == ("367", "stated")
    told = session.execute(
        text("SELECT value, evidence FROM defaults WHERE customer_id = :id"), {"id": customer}
    ).all()
    assert {(row.value, str(row.evidence)) for row in told} == {(None, "{}")}


def test_a_dismissed_guess_stays_dismissed_and_tells_no_more_than_it_may(
    session: Session, customer: UUID
) -> None:
    learn(session, events(customer, 8), NOW)
    dismiss_default(session, customer, "buy.store")
    ids = event_ids(session, customer)
    forget_event(session, customer, ids["order-0"], NOW)
    dismissed = load_defaults(session, customer)["buy.store"]
    assert (dismissed.state, dismissed.evidence["of"]) == ("dismissed", 7)
    forget_source(session, customer, SHOP, NOW)
    dismissed = load_defaults(session, customer)["buy.store"]
    assert (dismissed.state, dismissed.value, dismissed.evidence) == ("dismissed", None, {})
    learn(session, events(customer, 8, first=20), NOW)
    assert "buy.store" not in effective_values(session, customer)
    ask_again(session, customer, "buy.store", NOW)
    assert effective_values(session, customer)["buy.store"].value == "367"


def test_one_shops_share_is_taken_out_and_brought_back(session: Session, customer: UUID) -> None:
    ours, theirs = new_shop(session), new_shop(session)
    first = [*events(customer, 6, shop=ours), *events(customer, 9, shop=theirs, store="31", first=100)]
    learn(session, first, NOW)
    stop_learning(session, customer, theirs, NOW)
    assert effective_values(session, customer)["buy.store"].value == "367"
    assert learn(session, events(customer, 4, shop=theirs, first=200), NOW) == LearnResult(4, 0)
    assert state_of(session, customer) == learnt_by_rules(first[:6])
    assert len(kept(session, customer)) == 19
    resume_learning(session, customer, theirs, NOW)
    assert state_of(session, customer) == learnt_by_rules(first)
    assert effective_values(session, customer)["buy.store"].value == "31"


def test_only_an_organisation_can_be_muted_also_before_it_sends(session: Session, customer: UUID) -> None:
    for decide in (stop_learning, resume_learning):
        with pytest.raises(NotFound):
            decide(session, customer, uuid4(), NOW)
    shop = new_shop(session)
    stop_learning(session, customer, shop, NOW)
    learn(session, events(customer, 8, shop=shop), NOW)
    assert (state_of(session, customer), guessed(session, customer)) == ({}, {})
    (source,) = events_store.sources(session, customer, after=None, limit=5)
    assert (source.organisation_id, source.events, source.learnt, source.muted_at) == (shop, 8, 0, NOW)


def test_muting_one_shop_is_nobody_elses_affair(session: Session, customer: UUID) -> None:
    other, shop = new_customer(session), new_shop(session)
    stop_learning(session, customer, shop, NOW)
    learn(session, events(customer, 7, shop=shop) + events(other, 7, shop=shop), NOW)
    learn(session, events(customer, 3), NOW)
    assert (visits(session, customer), visits(session, other)) == (3, 7)


def test_what_a_customer_forbids_takes_the_same_statements(session: Session) -> None:
    """A shop that measures how long it waits may not find out that it teaches nothing."""

    def needed(*choices: str, mute: bool = False) -> list[str]:
        customer_id, shop = new_customer(session), new_shop(session)
        for choice in choices:
            set_preference(session, customer_id, choice, "no", now=NOW)
        if mute:
            stop_learning(session, customer_id, shop, NOW)
        learn(session, events(customer_id, 9, shop=shop), NOW)
        with statements(session) as seen:
            learn(session, events(customer_id, 3, shop=shop, first=50), NOW)
        assert (visits(session, customer_id) == 12) == (not choices and not mute)
        return seen

    allowed = needed()
    assert allowed == needed(mute=True) == needed("data.profiling") == needed("data.collect")
