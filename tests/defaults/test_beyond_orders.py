"""What every guess beyond orders promises: no order matters, no state grows, nothing sensitive enters."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.rules import ESTIMATORS, guess_all, learn_from, memories_that_hear
from ccx_broker.defaults.rules.behaviour import BEYOND_ORDERS
from ccx_broker.defaults.rules.observation import ORDER, Observation, observe
from ccx_broker.defaults.rules.population import View
from ccx_broker.defaults.rules.properties import LONGEST, MOST_ITEMS, MOST_PROPERTIES, MOST_TEXTS, seen_of
from ccx_broker.profile.catalogue import CATALOGUE, check_value
from ccx_broker.words import why
from tests.defaults.behaviour import did
from tests.defaults.examples import MONDAY_NOON, NEW_YORK, seen

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
RULES = Path(__file__).parents[2] / "src" / "ccx_broker" / "defaults" / "rules"

EVENTS = sorted(frozenset[str]().union(*(e.memory.listens for e in BEYOND_ORDERS)))
POOL: dict[str, st.SearchStrategy[Any]] = {
    "channel": st.sampled_from(["email", "sms", "push", "phone", "post", "pigeon"]),
    "format": st.sampled_from(["html", "text"]),
    "method": st.sampled_from(["email", "paper", "courier", "drop_off", "in store", "none"]),
    "place": st.sampled_from(["door", "Safe place", "neighbour"]),
    "option": st.sampled_from(["fastest", "balanced", "cheapest", "greenest"]),
    "packaging": st.sampled_from(["minimal", "standard", "gift"]),
    "about": st.sampled_from(["step", "problem"]),
    "kind": st.sampled_from(["similar", "cheapest", "guide_me", "do_it_for_me"]),
    "choice": st.sampled_from(["refuse", "similar", "ask"]),
    "price": st.floats(-1, 9, allow_nan=False) | st.just("dear"),
    "original_price": st.integers(0, 9),
    "related": st.booleans(),
    "brand": st.text(max_size=100),
    "garment": st.sampled_from(["shirt", "shoes|x"]) | st.text(max_size=30),
    "size": st.sampled_from(["M", 39, 41.5]) | st.text(max_size=30),
    "reason": st.sampled_from(["too small", "colour"]),
    "remedy": st.sampled_from(["refund", "replace", "call"]),
    "offered": st.lists(st.sampled_from(["refund", "replace", "credit", "pony"]), max_size=5),
    "step": st.sampled_from(["buy", "pay", "relate", "sleep"]),
    "from": st.sampled_from(["human", "bot", "18:00", "2026-03-14T18:00", "24:00"]),
    "to": st.sampled_from(["human", "20:00", "2026-03-14T20:00", "01:00"]),
    "at": st.sampled_from(["2026-03-14T18:00", "soon"]),
    "days": st.lists(st.sampled_from(["mon", "sat", "never"]), max_size=3),
    "by": st.sampled_from(["bot", "human"]),
}
properties = st.fixed_dictionaries({}, optional=POOL)
histories = st.lists(st.tuples(st.sampled_from(EVENTS), properties, st.integers(0, 60_000)), max_size=40)


def observed(history: list[Any]) -> list[Observation]:
    found = [
        observe(name, "shop", MONDAY_NOON + timedelta(hours=hours), of, {"timezone": NEW_YORK})
        for name, of, hours in history
    ]
    return [observation for observation in found if observation is not None]


@given(history=histories, random=st.randoms(use_true_random=False))
def test_updates_commute(history: list[Any], random: Any) -> None:
    observations = observed(history)
    assert learn_from({}, observations) == learn_from({}, random.sample(observations, len(observations)))


@given(history=histories)
def test_states_survive_json_and_what_is_guessed_is_valid_and_explained(history: list[Any]) -> None:
    observations = observed(history)
    half = len(observations) // 2
    stored = json.loads(json.dumps(learn_from({}, observations[:half])))
    states = learn_from(stored, observations[half:])
    assert states == learn_from({}, observations)
    for key, guess in guess_all(states, View()).items():
        if guess is not None:
            check_value(key, guess.value)
            assert 0 < guess.confidence < 1
            assert why(guess.evidence) == guess.evidence["sentence"]
            assert guess.evidence["from"] <= guess.evidence["to"]
            json.dumps(guess.evidence)


def test_states_stay_small_whatever_comes() -> None:
    def bulk(first: int) -> list[Observation]:
        return [
            did(
                name,
                MONDAY_NOON + timedelta(hours=7 * i),
                brand=f"brand {i} {'x' * 60}",
                garment=f"garment {i} {'x' * 60}",
                size=str(i),
                reason="too small",
                price=i % 90,
                original_price=30,
                **{"from": f"{i % 24:02}:00", "to": f"{(i + 2) % 24:02}:00"},
            )
            for i in range(first, first + 400)
            for name in EVENTS
        ]

    state = learn_from({}, bulk(0))
    size = len(json.dumps(state))
    state = learn_from(state, bulk(400))
    assert len(json.dumps(state)) < 1.25 * max(size, 60_000)


def test_an_order_costs_these_guesses_nothing() -> None:
    assert ORDER not in EVENTS
    names = {estimator.memory.name for estimator in BEYOND_ORDERS}
    assert not names & memories_that_hear([seen().name])


# Which keys there are


def test_every_key_that_may_be_guessed_has_one_estimator_and_no_other_has_any() -> None:
    keys = [estimator.key for estimator in ESTIMATORS]
    assert len(set(keys)) == len(keys)
    assert set(keys) == CATALOGUE.inferable
    sensitive = {item.key for item in CATALOGUE.items if item.sensitivity != "ordinary"}
    assert not sensitive & set(keys)


def test_what_is_agreed_or_only_stated_is_never_guessed() -> None:
    for key in ("agent.terms", "contact.quiet_hours", "contact.max_per_week"):
        item = CATALOGUE.require(key)
        assert not item.inferable
        assert not item.guess


# What is seen of an event


@pytest.mark.parametrize(
    "of",
    [
        {"channel": "email", "email_subject": "Your kosher recipes"},
        {"channel": "email", "campaign": {"name": "Pharmacy week"}},
        {"channel": "email", "tags": ["news", ["gluten-free"]]},
        {"garment": "maternity jeans", "size": "M"},
        {"brand": "Halal Corner"},
    ],
)
def test_an_event_with_a_sensitive_word_anywhere_teaches_nothing(of: dict[str, Any]) -> None:
    assert observe("Message Opened", "shop", MONDAY_NOON, of, {}) is None


def test_an_event_with_more_texts_than_anyone_reads_teaches_nothing() -> None:
    assert seen_of({"list": ["x"] * MOST_TEXTS}) is not None
    assert seen_of({"list": ["x"] * (MOST_TEXTS + 1)}) is None


def test_properties_are_few_short_and_plain() -> None:
    found = seen_of(
        {
            "text": " a\n b " + "c" * 500,
            "number": 3,
            "huge": 1e300,
            "nan": float("nan"),
            "yes": True,
            "list": ["a", 1, None, "\x07", *["b"] * 100],
            "object": {"a": 1},
            "nothing": None,
            "unprintable": "\x07",
        }
    )
    assert found is not None
    assert found.keys() == {"text", "number", "yes", "list"}
    assert str(found["text"]).startswith("a b ccc")
    assert len(str(found["text"])) == LONGEST
    assert found["number"] == 3.0
    assert found["list"] == ("a", *["b"] * (MOST_ITEMS - 4))
    assert len(seen_of({str(i): i for i in range(99)}) or ()) == MOST_PROPERTIES


# What the page says


def rows() -> dict[str, tuple[set[str], set[str]]]:
    """Return properties and keys by event, as docs/events.md has them."""
    table = re.search(r"<!-- events -->\n(.*?)<!-- /events -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert table is not None
    found = {}
    for line in table[1].strip().splitlines()[2:]:
        event, of, keys, _ = line.strip(" |").split(" | ")
        found[event.strip()] = (set(re.findall(r"`(\w+)`", of)), set(re.findall(r"`([\w.<>]+)`", keys)))
    return found


def test_the_page_lists_every_event_with_the_keys_that_are_learnt_from_it() -> None:
    documented = rows()
    assert documented.keys() == set(EVENTS)
    for event, (_, keys) in documented.items():
        learning = {e.key for e in BEYOND_ORDERS if event in e.memory.listens}
        steps = {key for key in learning if key.startswith("journey.")}
        assert keys == (learning - steps) | ({"journey.<step>.treatment"} if steps else set())


def test_the_page_names_the_properties_that_are_read() -> None:
    source = "\n".join(path.read_text("utf-8") for path in RULES.glob("*.py"))
    named = set().union(*(of for of, _ in rows().values()))
    assert {name for name in named if f'"{name}"' not in source} == set()
    assert named >= set(POOL)
