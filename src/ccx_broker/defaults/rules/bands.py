"""Three bands around what is usual, and the chance that a customer's next weeks fall into each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccx_broker.defaults.rules import words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.leaning import Leaning
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.shelves import SHELVES, Shelves

ABOVE, HIGH, LOW = "above", "high", "low"
MODELS: Mapping[str, str] = dict.fromkeys((ABOVE, HIGH, LOW), "logistic")
"""The chances that the share will be above the usual, in the high band, in the low band."""

ENOUGH = 25
"""Lines that the weeks to come must have for a share of them to mean something."""


@dataclass(frozen=True)
class Bands:
    """An estimator of a value that follows from where the share of the next nine weeks lies.

    The edges are in units of the usual share; `message` says the counts, and what is usual, in words;
    `measured_as` is what the evaluation calls the chance of being above the usual. Half-life 60 days for
    what is recent, none for the whole.
    """

    key: str
    leaning: Leaning
    message: str
    measured_as: str
    low: str
    middle: str
    high: str
    low_below: float
    high_above: float
    memory: Shelves = SHELVES
    models: Mapping[str, str] = field(default_factory=lambda: MODELS, compare=False)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return one customer's share in what is typical."""
        return self.leaning.census(states[self.memory.name])

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the usual share, by shelf and branch."""
        return self.leaning.distil(cells)

    def above_typical(self, about: About) -> float | None:
        """Return the chance that the share of the next weeks is above the usual; None if nothing is known."""
        features = self._features(about)
        return None if features is None else logistic(about.models[ABOVE], features)

    def chances(self, about: About) -> dict[str, float] | None:
        """Return the chance of each value; None if nothing is known."""
        features = self._features(about)
        if features is None:
            return None
        high, low = logistic(about.models[HIGH], features), logistic(about.models[LOW], features)
        total = max(high + low, 1.0)
        return {
            self.low: low / total,
            self.middle: max(1 - (high + low) / total, 0.0),
            self.high: high / total,
        }

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return what a customer's past and their next weeks teach; nothing if these have few lines."""
        state, coming, usual = self._state(about), future.states.get(SHELVES.name), about.typical.get("usual")
        if state is None or coming is None or usual is None or coming["all"][self.leaning.tries] < ENOUGH:
            return
        share = self.leaning.share(coming) or 0.0
        features = self.leaning.features(state, about.typical)
        yield Row(ABOVE, features, float(share > usual))
        yield Row(HIGH, features, float(share > usual * self.high_above))
        yield Row(LOW, features, float(share < usual * self.low_below))

    def conclude(self, about: About) -> Guess | None:
        """Return the likeliest value."""
        chances = self.chances(about)
        if chances is None:
            return None
        value = max(chances, key=lambda each: chances[each])
        return Guess(value, honest(chances[value]), self.evidence(about))

    def evidence(self, about: About) -> dict[str, Any]:
        """Return why: what was bought, when, and what is usual among others."""
        state, usual = about.states[SHELVES.name], self.usual(about.typical)
        hits, tries = state["all"][self.leaning.hits], state["all"][self.leaning.tries]
        percent = words.shares({"share": hits / tries, "usual": usual})
        days = {"since": state["first"], "until": state["last"]}
        return words.say(self.message, hits=hits, tries=tries, **days, **percent) | {
            "lines": hits,
            "of": tries,
            "from": state["first"],
            "to": state["last"],
            "usual_share": round(usual, 3),
        }

    def usual(self, typical: Mapping[str, Any]) -> float:
        """Return the median share among others; where there are none yet, that of the public data."""
        return float(typical.get("usual", self.leaning.centre))

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return the chance of being above the usual."""
        chance = self.above_typical(about)
        return {} if chance is None else {self.measured_as: binary(chance, bar, self.evidence(about))}

    def _features(self, about: About) -> Sequence[float] | None:
        state = self._state(about)
        if state is None or any(model not in about.models for model in MODELS):
            return None
        return self.leaning.features(state, about.typical)

    def _state(self, about: About) -> State | None:
        state = about.states.get(SHELVES.name)
        return state if state is not None and state["all"][self.leaning.tries] else None


def binary(chance: float, bar: float, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return a yes or no with its probability as a prediction."""
    confidence = max(chance, 1 - chance)
    return {
        "value": chance > 0.5,
        "probability": round(chance, 4),
        "confidence": round(confidence, 4),
        "served": confidence >= bar,
        "evidence": {name: value for name, value in evidence.items() if name != "sentence"},
        "explanation": evidence["sentence"],
    }
