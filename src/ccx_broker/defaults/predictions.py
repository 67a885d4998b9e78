"""What the estimators would say of one customer, in the words of `defaults-eval/1`.

Every prediction is there with its honest confidence; `served` says whether the broker would tell it.
"""

from collections.abc import Mapping
from typing import Any

from ccx_broker.defaults.rules import ESTIMATORS
from ccx_broker.defaults.rules.interface import About, Guess, Measured
from ccx_broker.defaults.rules.population import View


def predict(states: Mapping[str, Any], view: View, bars: Mapping[str, float]) -> dict[str, Any]:
    """Return one customer's predictions by name; what nothing can be said of is left out."""
    found: dict[str, Any] = {}
    for estimator in ESTIMATORS:
        if estimator.memory.name not in states:
            continue
        key = estimator.key
        about = About(states, view.typical.get(key, {}), view.models.get(key, {}))
        if isinstance(estimator, Measured):
            found |= estimator.predictions(about, bars[key])
        elif key in PLAIN and (guess := estimator.conclude(about)) is not None:
            found[PLAIN[key]] = as_prediction(guess, bars[key])
    return found


PLAIN = {"buy.store": "preferred_store", "discover.categories": "usual_categories"}
"""The keys whose value is what the evaluation asks for, and its name there."""


def as_prediction(guess: Guess, bar: float) -> dict[str, Any]:
    """Return a guess as a prediction."""
    return {
        "value": guess.value,
        "confidence": guess.confidence,
        "served": guess.confidence >= bar,
        "evidence": {name: value for name, value in guess.evidence.items() if name != "sentence"},
        "explanation": guess.evidence["sentence"],
    }
