"""Authorization details: read strictly, and the same to the customer as scopes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.consent.rules import (
    DURATIONS,
    LONGEST,
    Answer,
    Ask,
    Detail,
    Refusal,
    ask_of,
    ask_of_scopes,
    decide_grant,
    durations_of,
)
from ccx_broker.consent.rules.details import Registered, read_details

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    key: str
    step: str
    special: bool = False


ITEMS = [
    Item("language", "basics"),
    Item("buy.store", "buy"),
    Item("buy.day_time", "buy"),
    Item("diet.allergens", "diet", special=True),
]
KEYS = [item.key for item in ITEMS]
PURPOSES = [("dpv:ServiceProvision", ("buy.store", "diet.allergens")), ("dpv:Marketing", ("language",))]
REGISTERED = Registered([key for key in KEYS if key != "buy.day_time"], [name for name, _ in PURPOSES])


def read(given: Any) -> tuple[Detail, ...] | str:
    text = given if isinstance(given, str) else json.dumps(given)
    return read_details(text, REGISTERED, ITEMS, now=NOW, latest=NOW + LONGEST)


def detail(**fields: Any) -> dict[str, Any]:
    return {"type": "ccx_preferences", "keys": ["buy.store"]} | fields


def test_a_whole_detail_is_read() -> None:
    sent = detail(
        keys=["diet.allergens", "language"],
        purposes=["dpv:Marketing"],
        include_defaults=False,
        until="2026-12-24T12:00:00+01:00",
    )
    until = datetime(2026, 12, 24, 11, tzinfo=UTC)
    assert read([sent]) == (Detail(("language", "diet.allergens"), ("dpv:Marketing",), False, until),)
    assert read([detail()]) == (Detail(("buy.store",)),)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('[{"type": "ccx_preferences", "keys": ["buy.store"], "keys": ["language"]}]', "same field twice"),
        ("{}", "array"),
        ("null", "array"),
        ([], "array"),
        ([detail()] * 21, "array"),
        ([1], "not an object"),
        ([{}], "only type"),
        ([detail(type="payment")], "only type is ccx_preferences"),
        ([detail(type=["ccx_preferences"])], "only type"),
        ([detail(actions=["read"])], "no field actions"),
        ([detail(locations=["https://x"])], "no field locations"),
        ([detail(**{"a\nb": 1})], "no field of that name"),
        ([{"type": "ccx_preferences"}], "keys has to be a list"),
        ([detail(keys=[])], "keys has to be a list"),
        ([detail(keys="buy.store")], "keys has to be a list"),
        ([detail(keys=[1])], "keys has to be a list"),
        ([detail(keys=["buy.store", "buy.store"])], "keys names something twice"),
        ([detail(keys=["buy.nonsense"])], "the catalogue has no key buy.nonsense"),
        ([detail(keys=["buy"])], "the catalogue has no key buy"),
        ([detail(keys=['"\ud800'])], "the catalogue has no key of that name"),
        ([detail(keys=["buy.day_time"])], "not registered for buy.day_time"),
        ([detail(purposes=["dpv:Other"])], "not declared the purpose dpv:Other"),
        ([detail(purposes=[])], "purposes has to be a list"),
        ([detail(include_defaults="yes")], "true or false"),
        ([detail(include_defaults=None)], "true or false"),
        ([detail(until="2026-11-24T12:00:00Z")], "in the future"),
        ([detail(until="2027-11-24T12:00:01Z")], "one year"),
        ([detail(until="9999-12-31T23:59:59-23:59")], "one year"),
        ([detail(until="2026-12-24")], "a time such as"),
        ([detail(until="2026-12-24T12:00:00")], "a time such as"),
        ([detail(until="soon")], "a time such as"),
        ([detail(until=1800000000)], "a time such as"),
        ([detail(until=None)], "a time such as"),
        ([detail(), detail(keys=["x"])], "object 2"),
    ],
)
def test_whatever_else_is_refused_with_the_reason(sent: Any, reason: str) -> None:
    refused = read(sent)
    assert isinstance(refused, str)
    assert reason in refused
    assert refused.isascii()
    assert not set(refused) & set('"\\\n')


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.text())
def test_nothing_makes_the_reader_stumble(value: Any, text: str) -> None:
    for sent in (text, value, [value], [detail(keys=value)], [detail(until=text)], [detail(until=value)]):
        found = read(sent)
        assert isinstance(found, str) or all(set(each.keys) <= set(REGISTERED.keys) for each in found)


some_keys = st.lists(st.sampled_from(KEYS), unique=True, min_size=1)
answers = st.builds(
    Answer,
    keys=st.frozensets(st.sampled_from(KEYS)),
    duration=st.sampled_from([*DURATIONS.values()]),
    include_defaults=st.booleans(),
    allow_events=st.booleans(),
)


def split(keys: Sequence[str], at: int) -> list[Detail]:
    return [Detail(tuple(part)) for part in (keys[:at], keys[at:]) if part]


@given(some_keys, answers, st.booleans(), st.integers(0, 4))
def test_the_same_ask_by_scope_or_by_detail_leads_to_the_same_grant(
    keys: list[str], answer: Answer, events: bool, at: int
) -> None:
    others = ["events:write"] if events else []
    by_scope = ask_of_scopes([*(f"pref:{key}" for key in keys), *others], PURPOSES, ITEMS)
    in_details = ask_of(others, split(keys, at), PURPOSES, ITEMS)
    in_both = ask_of([*others, f"pref:{keys[0]}"], split(keys, at), PURPOSES, ITEMS)
    assert by_scope == in_details == in_both
    assert decide_grant(by_scope, answer, None, NOW) == decide_grant(in_details, answer, None, NOW)


def test_a_detail_asks_for_its_own_purposes_only() -> None:
    ask = ask_of((), [Detail(("buy.store", "language"), ("dpv:Marketing",))], PURPOSES, ITEMS)
    assert ask.purposes == ("dpv:Marketing",)
    assert ask.needed == ("language",)
    wider = ask_of(["pref:buy.store"], [Detail(("language",), ("dpv:Marketing",))], PURPOSES, ITEMS)
    assert wider.purposes == ("dpv:ServiceProvision", "dpv:Marketing")


def test_of_several_details_the_strictest_holds_for_the_grant() -> None:
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    details = [Detail(("buy.store",), until=later), Detail(("language",), until=soon, include_defaults=False)]
    ask = ask_of((), details, PURPOSES, ITEMS)
    assert (ask.until, ask.offers_defaults) == (soon, False)


untils = st.integers(1, int(LONGEST.total_seconds())).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(untils, answers)
def test_a_grant_never_lasts_longer_than_was_asked(until: datetime, answer: Answer) -> None:
    ask = ask_of((), [Detail(tuple(KEYS), until=until)], PURPOSES, ITEMS)
    offered = durations_of(ask, NOW)
    assert all(NOW + length <= until for length in offered.values())
    assert NOW + offered["asked"] == until
    terms = decide_grant(ask, answer, None, NOW)
    assert isinstance(terms, Refusal) or terms.expires_at == min(NOW + answer.duration, until)


def test_who_asks_without_an_end_leaves_it_to_the_customer() -> None:
    assert durations_of(Ask((), frozenset(), (), ()), NOW) == DURATIONS
