"""What `ccx-broker defaults replay` writes, by customer.

`{"hh-12": {"shopping_day": {"value": "Sat", "confidence": 0.41, "served": false, …}, …}}`. A key that is missing,
without a value, or with `"abstain": true` is not answered. `served` is false where the broker would be silent
although it has a guess.
"""

from collections.abc import Mapping
from typing import Any

Guess = Mapping[str, Any]
Predictions = Mapping[int, Mapping[str, Guess]]


def by_household(customers: Mapping[str, Mapping[str, Guess]]) -> dict[int, Mapping[str, Guess]]:
    """Return the customers of a file of predictions by the number of their household."""
    return {int(name.removeprefix("hh-")): guesses for name, guesses in customers.items()}


def guesses(predictions: Predictions, key: str) -> dict[int, Guess]:
    """Return what is answered about a key, by household."""
    return {
        household: guess
        for household, of in predictions.items()
        if (guess := of.get(key)) is not None and is_answer(guess)
    }


def is_answer(guess: Guess) -> bool:
    """Tell whether anything is said."""
    return not guess.get("abstain") and guess.get("value", guess.get("probability")) is not None


def is_served(guess: Guess) -> bool:
    """Tell whether an organisation would get it."""
    return bool(guess.get("served", True))
