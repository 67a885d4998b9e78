from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.consent.rules import (
    DURATIONS,
    LONGEST,
    Answer,
    Ask,
    Change,
    Grant,
    Mode,
    Refusal,
    Terms,
    ask_of_scopes,
    covers,
    decide_change,
    decide_grant,
    keys_of_scopes,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Item:
    key: str
    step: str
    special: bool = False


ITEMS = [
    Item("language", "basics"),
    Item("contact.form_of_address", "basics", special=True),
    Item("buy.store", "buy"),
    Item("buy.day_time", "buy"),
    Item("diet.allergens", "diet", special=True),
    Item("diet.pattern", "diet", special=True),
]
KEYS = [item.key for item in ITEMS]


def grant_of(keys: tuple[str, ...], **changes: object) -> Grant:
    grant = Grant(
        customer_id=NOBODY,
        grant_id=NOBODY,
        organisation_id=NOBODY,
        client_id="client",
        subject="subject",
        version=1,
        keys=keys,
        purposes=("dpv:ServiceProvision",),
        include_defaults=False,
        allow_events=False,
        granted_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=30),
        ended_at=None,
        ended_reason=None,
    )
    return replace(grant, **changes)  # type: ignore[arg-type]


def ask_for(*keys: str, **changes: object) -> Ask:
    ask = Ask(keys=keys, special=frozenset(), needed=(), purposes=("dpv:Personalisation",))
    return replace(ask, **changes)  # type: ignore[arg-type]


some_keys = st.lists(st.sampled_from(KEYS), unique=True).map(tuple)
times = st.integers(-400, 800).map(lambda days: NOW + timedelta(days=days))
grants = st.builds(
    lambda keys, defaults, events, expires, ended: grant_of(
        keys,
        include_defaults=defaults,
        allow_events=events,
        expires_at=expires,
        ended_at=ended,
        ended_reason="withdrawn" if ended else None,
    ),
    some_keys,
    st.booleans(),
    st.booleans(),
    times,
    st.none() | times,
)
asks = st.builds(
    lambda keys, events, defaults: ask_for(*keys, wants_events=events, offers_defaults=defaults),
    some_keys,
    st.booleans(),
    st.booleans(),
)
answers = st.builds(
    Answer,
    keys=st.frozensets(st.sampled_from(KEYS)),
    duration=st.sampled_from([*DURATIONS.values(), timedelta(days=366)]),
    include_defaults=st.booleans(),
    allow_events=st.booleans(),
)
changes = st.builds(
    Change,
    keys=st.none() | st.frozensets(st.sampled_from(KEYS)),
    expires_at=st.none() | times,
    include_defaults=st.none() | st.booleans(),
    allow_events=st.none() | st.booleans(),
)

live_grants = st.builds(
    lambda grant, days: replace(
        grant, ended_at=None, ended_reason=None, expires_at=NOW + timedelta(days=days)
    ),
    grants,
    st.integers(1, 365),
)
fitting = asks.flatmap(
    lambda ask: st.tuples(
        st.just(ask),
        st.builds(
            Answer,
            keys=st.frozensets(st.sampled_from(ask.keys)) if ask.keys else st.just(frozenset()),
            duration=st.sampled_from([*DURATIONS.values()]),
            include_defaults=st.booleans(),
            allow_events=st.booleans(),
        ),
    )
)
fitting_changes = live_grants.flatmap(
    lambda grant: st.tuples(
        st.just(grant),
        st.builds(
            Change,
            keys=st.none() | (st.frozensets(st.sampled_from(grant.keys)) if grant.keys else st.none()),
            expires_at=st.none() | st.integers(1, 365).map(lambda days: NOW + timedelta(days=days)),
            include_defaults=st.none() | st.booleans(),
            allow_events=st.none() | st.just(False),
        ),
    )
)


def test_a_step_scope_covers_its_ordinary_keys_only() -> None:
    assert keys_of_scopes(["pref:basics", "pref:diet"], ITEMS) == ("language",)


def test_a_key_scope_is_exactly_that_key() -> None:
    assert keys_of_scopes(["pref:diet.allergens", "events:write"], ITEMS) == ("diet.allergens",)


@pytest.mark.parametrize(
    "scope", ["pref:*", "pref:", "pref:buy.", "pref:buy.*", "buy.store", "pref:PREF:buy"]
)
def test_there_is_no_other_way_to_name_keys(scope: str) -> None:
    assert keys_of_scopes([scope], ITEMS) == ()


@given(st.lists(st.sampled_from(["pref:" + word for word in ["basics", "buy", "diet", *KEYS]])))
def test_a_special_key_is_only_ever_named_by_itself(scopes: list[str]) -> None:
    special = {item.key for item in ITEMS if item.special}
    assert special.intersection(keys_of_scopes(scopes, ITEMS)) == {
        key for key in special if f"pref:{key}" in scopes
    }


def test_what_is_needed_never_includes_a_special_key() -> None:
    purposes = [("dpv:ServiceProvision", ["buy.store", "diet.allergens", "language"])]
    ask = ask_of_scopes(["pref:buy", "pref:diet.allergens", "events:write"], purposes, ITEMS)
    assert ask == Ask(
        keys=("buy.store", "buy.day_time", "diet.allergens"),
        special=frozenset({"diet.allergens"}),
        needed=("buy.store",),
        purposes=("dpv:ServiceProvision",),
        wants_events=True,
    )


@given(asks, answers, st.none() | grants)
def test_a_grant_follows_only_from_an_answer_that_fits_the_question(
    ask: Ask, answer: Answer, present: Grant | None
) -> None:
    fits = answer.keys <= set(ask.keys) and answer.duration <= LONGEST
    says_something = bool(answer.keys) or (ask.wants_events and answer.allow_events)
    assert isinstance(decide_grant(ask, answer, present, NOW), Terms) == (fits and says_something)


@given(fitting, st.none() | grants)
def test_nothing_is_granted_that_was_not_asked_and_ticked_or_there_before(
    asked_and_answered: tuple[Ask, Answer], present: Grant | None
) -> None:
    ask, answer = asked_and_answered
    terms = decide_grant(ask, answer, present, NOW)
    if isinstance(terms, Refusal):
        return
    live = present if present is not None and present.is_live(NOW) else None
    before = set(live.keys) if live else set()
    assert set(terms.keys) <= (answer.keys & set(ask.keys)) | (before - set(ask.keys))
    assert answer.keys <= set(terms.keys)
    assert len(terms.keys) == len(set(terms.keys))
    assert NOW < terms.expires_at <= NOW + LONGEST
    if terms.allow_events:
        assert answer.allow_events if ask.wants_events else live is not None and live.allow_events
    if terms.include_defaults:
        assert answer.include_defaults if ask.offers_defaults else live is not None and live.include_defaults


@given(fitting, live_grants)
def test_an_amendment_keeps_what_it_did_not_ask_about_and_replaces_what_it_did(
    asked_and_answered: tuple[Ask, Answer], present: Grant
) -> None:
    ask, answer = asked_and_answered
    terms = decide_grant(ask, answer, present, NOW)
    if isinstance(terms, Refusal):
        return
    assert set(terms.keys) - set(ask.keys) == set(present.keys) - set(ask.keys)
    assert set(terms.keys) & set(ask.keys) == answer.keys


@given(fitting, live_grants, st.sampled_from(["replace", "create"]))
def test_a_replacement_keeps_nothing_that_is_not_ticked_now(
    asked_and_answered: tuple[Ask, Answer], present: Grant, mode: Mode
) -> None:
    ask, answer = asked_and_answered
    terms = decide_grant(replace(ask, mode=mode), answer, present, NOW)
    assert terms == decide_grant(ask, answer, None, NOW)


@given(fitting, st.none() | grants, st.sampled_from([NOBODY, UUID(int=1)]))
def test_a_request_that_names_a_grant_is_for_that_live_grant_only(
    asked_and_answered: tuple[Ask, Answer], present: Grant | None, named: UUID
) -> None:
    ask, answer = asked_and_answered
    meant = present is not None and present.is_live(NOW) and present.grant_id == named
    terms = decide_grant(replace(ask, grant_id=named), answer, present, NOW)
    assert terms == (decide_grant(ask, answer, present, NOW) if meant else Refusal("no_such_grant"))


@given(asks, live_grants)
def test_a_grant_covers_only_what_it_holds_for_the_purposes_it_was_given_for(ask: Ask, grant: Grant) -> None:
    grant = replace(grant, purposes=ask.purposes)
    holds = set(ask.keys) <= set(grant.keys) and (grant.allow_events or not ask.wants_events)
    assert covers(grant, ask) == holds
    assert not covers(grant, replace(ask, purposes=(*ask.purposes, "dpv:Other")))
    assert not covers(grant, replace(ask, until=NOW + timedelta(days=1)))
    assert not covers(grant, replace(ask, mode="replace"))
    assert not covers(grant, replace(ask, grant_id=grant.grant_id))


@given(asks, answers)
def test_nothing_ticked_is_nothing_granted(ask: Ask, answer: Answer) -> None:
    nothing = replace(answer, keys=frozenset(), allow_events=False)
    assert isinstance(decide_grant(ask, nothing, None, NOW), Refusal)


def test_a_key_that_was_not_asked_for_is_refused_by_name() -> None:
    answer = Answer(frozenset({"buy.store", "language"}), DURATIONS["month"])
    assert decide_grant(ask_for("buy.store"), answer, None, NOW) == Refusal("not_asked", ("language",))


@given(grants)
def test_an_expired_or_ended_grant_is_never_live(grant: Grant) -> None:
    assert grant.is_live(NOW) == (grant.ended_at is None and grant.expires_at > NOW)
    assert not grant.ended(NOW, "withdrawn").is_live(NOW)
    assert not grant.is_live(max(grant.expires_at, NOW))
    assert (grant.as_seen(NOW).ended_at is None) == grant.is_live(NOW)


@given(grants, changes)
def test_a_change_never_adds_a_key_or_behaviour(grant: Grant, change: Change) -> None:
    steps = decide_change(grant, change, NOW)
    if isinstance(steps, Refusal):
        return
    assert grant.is_live(NOW)
    for action, terms in steps:
        assert set(terms.keys) <= set(grant.keys)
        assert grant.allow_events or not terms.allow_events
        assert terms.purposes == grant.purposes
        assert NOW < terms.expires_at <= max(NOW + LONGEST, grant.expires_at)
        # Only a grant that never held more than who one is (decision 14) may hold nothing else.
        assert terms.keys or terms.allow_events or not (grant.keys or grant.allow_events)
        if action == "narrowed":
            assert terms.expires_at == grant.expires_at
            assert grant.include_defaults or not terms.include_defaults


@given(fitting_changes)
def test_a_change_that_was_made_is_made_once(grant_and_change: tuple[Grant, Change]) -> None:
    grant, change = grant_and_change
    steps = decide_change(grant, change, NOW)
    if isinstance(steps, Refusal) or not steps:
        return
    assert decide_change(grant.with_terms(steps[-1][1]), change, NOW) == ()


@given(grants, changes)
def test_an_ended_grant_never_changes(grant: Grant, change: Change) -> None:
    assert decide_change(grant.ended(NOW, "withdrawn"), change, NOW) == Refusal("ended")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change(keys=frozenset({"buy.store", "language"})), "wider"),
        (Change(allow_events=True), "wider"),
        (Change(keys=frozenset()), "empty"),
        (Change(expires_at=NOW), "in_the_past"),
        (Change(expires_at=NOW + LONGEST + timedelta(seconds=1)), "too_long"),
    ],
)
def test_what_a_customer_cannot_change_alone(change: Change, reason: str) -> None:
    refusal = decide_change(grant_of(("buy.store", "buy.day_time")), change, NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


def test_each_step_of_a_change_is_named() -> None:
    grant = grant_of(("buy.store", "buy.day_time"))
    change = Change(keys=frozenset({"buy.store"}), expires_at=NOW + LONGEST, include_defaults=True)
    steps = decide_change(grant, change, NOW)
    assert not isinstance(steps, Refusal)
    assert [action for action, _ in steps] == ["narrowed", "amended", "extended"]
    assert steps[-1][1] == Terms(("buy.store",), grant.purposes, True, False, NOW + LONGEST)
