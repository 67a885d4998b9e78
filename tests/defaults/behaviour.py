"""Customers who are made up, so that what they truly prefer is known, and what is guessed about them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ccx_broker.defaults.populations import BARS
from ccx_broker.defaults.rules import ESTIMATORS, guess_all, learn_from
from ccx_broker.defaults.rules.interface import Guess
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.population import View
from tests.defaults.examples import MONDAY_NOON, NEW_YORK

EVENTS_OF = {estimator.key: estimator.memory.listens for estimator in ESTIMATORS}


def did(name: str, moment: datetime = MONDAY_NOON, /, **properties: Any) -> Observation:
    """Return what is observed of an event; fails if that is nothing."""
    seen = observe(name, "shop", moment, properties, {"timezone": NEW_YORK})
    assert seen is not None
    return seen


def daily(events: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Observation]:
    """Return the events, one a day."""
    return [
        did(name, MONDAY_NOON + timedelta(days=i), **properties)
        for i, (name, properties) in enumerate(events)
    ]


def guessed(key: str, observations: Iterable[Observation], view: View | None = None) -> Guess | None:
    """Return what is guessed of one key, however unsure."""
    return guess_all(learn_from({}, observations), view or View()).get(key)


def served(key: str, observations: Iterable[Observation], view: View | None = None) -> Any:
    """Return the value that would be told; None for silence."""
    guess = guessed(key, observations, view)
    return guess.value if guess is not None and guess.confidence >= BARS[key] else None


@dataclass(frozen=True)
class Outcome:
    """What came of guessing about many customers: how many were right, and how sure the guesses were."""

    right: float
    confidence: float
    told: float
    told_right: float


def outcome(
    key: str,
    make: Callable[[Random], tuple[Any, Sequence[Observation]]],
    customers: int = 300,
    is_right: Callable[[Any, Any], float] = lambda value, truth: float(value == truth),
    seed: int = 20261124,
    view: View | None = None,
) -> Outcome:
    """Make up customers (truth and events) and compare what is guessed with the truth."""
    random = Random(seed)
    judged = []
    for _ in range(customers):
        truth, observations = make(random)
        guess = guessed(key, observations, view)
        if guess is not None:
            judged.append((is_right(guess.value, truth), guess.confidence))
    told = [right for right, confidence in judged if confidence >= BARS[key]]
    return Outcome(
        sum(right for right, _ in judged) / len(judged),
        sum(confidence for _, confidence in judged) / len(judged),
        len(told) / customers,
        sum(told) / len(told) if told else 0.0,
    )


def shares(random: Random, usual: Mapping[str, float], strength: float) -> dict[str, float]:
    """Draw a customer's own shares of some options, from a Dirichlet distribution."""
    drawn = {option: random.gammavariate(strength * share, 1) for option, share in usual.items()}
    total = sum(drawn.values())
    return {option: value / total for option, value in drawn.items()}


def one_of(random: Random, among: Mapping[str, float]) -> str:
    """Draw an option by its share."""
    return random.choices(list(among), list(among.values()))[0]


def likeliest(among: Mapping[str, float]) -> str:
    """Return the option with the largest share."""
    return max(among, key=lambda option: among[option])
