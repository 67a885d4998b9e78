"""The promises of the profile, for every history that a customer could write."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.profile.rules import (
    PROFILING,
    RANKS,
    Default,
    Entry,
    Expect,
    Stale,
    Stated,
    Wish,
    Written,
    accept,
    dismiss,
    effective,
    effective_all,
    remove,
    undismiss,
    write,
)

START = datetime(2026, 11, 24, tzinfo=UTC)
NEVER = Stated("buy.store", None, "stated", "want", None, 0, START)

values = st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from(["a", "b"]), st.lists(st.just("a")))
ranks = st.sampled_from(RANKS)
stated = st.builds(
    Stated,
    key=st.just("buy.store"),
    value=st.one_of(st.none(), values),
    source=st.sampled_from(["stated", "imported"]),
    rank=ranks,
    note=st.none(),
    version=st.integers(0, 9),
    set_at=st.just(START),
)
defaults = st.builds(
    Default,
    key=st.just("buy.store"),
    value=st.one_of(st.none(), values),
    confidence=st.floats(0, 1),
    evidence=st.just({}),
    state=st.sampled_from(["offered", "accepted", "dismissed"]),
    computed_at=st.just(START),
)
wishes = st.builds(Wish, value=values, rank=ranks, note=st.sampled_from([None, "why"]))
expectations: st.SearchStrategy[Expect] = st.one_of(
    st.none(),
    st.sampled_from(["present", "absent"]),
    st.frozensets(st.integers(0, 9), max_size=2),  # type: ignore[arg-type]
)


@given(stated, st.one_of(st.none(), defaults))
def test_a_stated_value_always_wins(said: Stated, guess: Default | None) -> None:
    held = effective(said, guess)
    if said.value is not None:
        assert held is not None
        assert (held.value, held.source, held.rank) == (said.value, said.source, said.rank)
        assert held.confidence is None


@given(st.one_of(st.none(), stated), defaults)
def test_only_an_offered_guess_counts_so_a_dismissed_one_never_does(
    said: Stated | None, guess: Default
) -> None:
    held = effective(said, guess)
    if held is not None and held.source == "default":
        assert guess.state == "offered"
        assert held.value == guess.value is not None
        assert held.confidence == guess.confidence


@given(st.one_of(st.none(), stated), defaults)
def test_nobody_who_refuses_profiling_is_guessed(said: Stated | None, guess: Default) -> None:
    mine = {} if said is None else {"buy.store": said}
    refused = {PROFILING: NEVER._replace(key=PROFILING, value="no", version=1)}
    held = effective_all(mine | refused, {"buy.store": guess}, {"buy.store"})
    assert all(each.source != "default" for each in held.values())
    allowed = {PROFILING: NEVER._replace(key=PROFILING, value="yes", version=1)}
    for same in (mine, mine | allowed, mine | {PROFILING: NEVER._replace(key=PROFILING, version=2)}):
        found = effective_all(same, {"buy.store": guess}, {"buy.store"}).get("buy.store")
        assert found == effective(said, guess)


@given(defaults)
def test_a_guess_about_a_key_that_nobody_may_guess_does_not_count(guess: Default) -> None:
    assert effective_all({}, {"buy.store": guess}, {"buy.usual"}) == {}


@given(stated, wishes, expectations)
def test_a_write_is_refused_exactly_when_the_writer_expected_something_else(
    said: Stated, wish: Wish, expect: Expect
) -> None:
    met = {None: True, "present": said.value is not None, "absent": said.value is None}
    as_expected = said.version in expect if isinstance(expect, frozenset) else met[expect]
    outcome = write(said, wish, expect, START)
    assert isinstance(outcome, Written) == as_expected
    if not as_expected:
        assert outcome == Stale(said.version)


@given(stated, wishes)
def test_saying_the_same_again_changes_nothing(said: Stated, wish: Wish) -> None:
    first = write(said, wish, None, START)
    assert isinstance(first, Written)
    again = write(first.stated, wish, None, START + timedelta(days=1))
    assert again == Written(first.stated, None)


def test_true_is_not_one() -> None:
    said = NEVER._replace(value=1, version=1)
    outcome = write(said, Wish(True, "want", None), None, START)
    assert isinstance(outcome, Written)
    assert outcome.entry is not None


@given(stated, expectations)
def test_taking_back_what_is_gone_succeeds_and_changes_nothing(said: Stated, expect: Expect) -> None:
    gone = said._replace(value=None)
    assert remove(gone, expect, START) == Written(gone, None)


@given(st.lists(st.tuples(st.one_of(st.none(), wishes), expectations), max_size=12))
def test_the_history_replayed_is_the_present(steps: list[tuple[Wish | None, Expect]]) -> None:
    present, history = NEVER, list[Entry]()
    for day, (wish, expect) in enumerate(steps):
        now = START + timedelta(days=day)
        outcome = remove(present, expect, now) if wish is None else write(present, wish, expect, now)
        if isinstance(outcome, Stale):
            continue
        present = outcome.stated
        if outcome.entry is not None:
            history.append(outcome.entry)
    assert [entry.version for entry in history] == list(range(1, len(history) + 1))
    assert present == (_replayed(history[-1]) if history else NEVER)
    for before, after in itertools.pairwise(history):
        assert _content(before) != _content(after)


def _replayed(entry: Entry) -> Stated:
    return Stated("buy.store", entry.value, entry.source, entry.rank, entry.note, entry.version, entry.at)


def _content(entry: Entry) -> tuple[Any, ...]:
    return (repr(entry.value), entry.source, entry.rank, entry.note)


@given(defaults)
def test_the_answers_to_a_guess(guess: Default) -> None:
    for answer in (accept, dismiss, undismiss):
        after = answer(guess)
        # Answering twice is answering once.
        assert after is None or answer(after) == after
    assert (accept(guess) is None) == (guess.state == "dismissed" or guess.value is None)
    assert (dismiss(guess) is None) == (guess.state == "accepted")
    dismissed = dismiss(guess)
    if dismissed is not None:
        assert effective(None, dismissed) is None
        assert undismiss(dismissed) == guess._replace(state="offered")
    assert accept(None) is dismiss(None) is undismiss(None) is None
