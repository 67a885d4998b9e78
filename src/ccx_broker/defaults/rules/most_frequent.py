"""Which of many names is the usual one? For currencies, time zones, languages: there is no list to choose from.

Memory: how often each was seen, decayed. Confidence: the chance that the heaviest is truly the most frequent
one (Dirichlet posterior with one imagined name beside those seen).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import honest, leading
from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.interface import About, Guess


@dataclass(frozen=True)
class MostFrequent:
    """Guesses the name seen most often lately, from `least` events on.

    `independence` says how much one event is worth: a person's events come in bunches from one place.
    `message` says it of `%(value)s`, seen `%(times)s` of `%(of)s` times from `%(since)s` to `%(until)s`.
    """

    key: str
    memory: Choices
    message: str
    prior: float = 0.5
    independence: float = 0.4
    least: int = 5

    def conclude(self, about: About) -> Guess | None:
        """Return the heaviest name."""
        state = about.states[self.memory.name]
        if state["n"] < self.least:
            return None
        names = tally.ranked(state, self.memory.decay)
        value, times, _ = names[0]
        counts = [count * self.independence for *_, count in names]
        return Guess(value, honest(leading([*counts, 0.0], self.prior)), self._why(state, value, times))

    def _why(self, state: Mapping[str, Any], value: str, times: int) -> dict[str, Any]:
        numbers = {"times": times, "of": state["n"]}
        said = words.say(self.message, value=value, since=state["first"], until=state["last"], **numbers)
        return {**said, **numbers, "from": state["first"], "to": state["last"]}
