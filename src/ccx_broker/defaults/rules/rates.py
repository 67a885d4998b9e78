"""On which of several ways does a customer answer most? Learnt from what was sent and what was answered.

Shops send most things one way, so counting answers would only repeat what the shop does. Each way has a rate
with a Beta posterior instead: answered, of sent. A way that was never tried keeps the distribution it has
among other customers, and may be the best one for all that is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import Choices, told_of
from ccx_broker.defaults.rules.contest import beats
from ccx_broker.defaults.rules.interface import About, Cell, Guess, State
from ccx_broker.defaults.rules.learner import NoModels
from ccx_broker.words import word

SENT, ANSWERED, REFUSED = ":sent", ":answered", ":refused"
OTHERS = word("On average, others answer to %(share)s there.")


class Rate(NamedTuple):
    """What became of what was sent one way."""

    answered: float
    ignored: float


@dataclass(frozen=True)
class BestRate(NoModels):
    """Guesses the way with the highest rate of answers.

    The memory counts `way:sent`, `way:answered` and `way:refused`; a refusal weighs as `refusal` messages
    without an answer. `nothing` is the value for a customer whose rates are all below `least`.
    """

    key: str
    memory: Choices
    told: Mapping[str, str]
    message: str
    mean: float = 0.3
    strength: float = 2.0
    refusal: float = 4.0
    nothing: str | None = None
    least: float = 0.05

    def conclude(self, about: About) -> Guess | None:
        """Return the way that most probably has the highest rate, or `nothing`."""
        state = about.states.get(self.memory.name)
        if state is None or not state["n"]:
            return None
        rates = {way: self.posterior(way, state, about) for way in self.told}
        best = max(rates, key=lambda way: rates[way][0] / sum(rates[way]))
        rivals = [rate for way, rate in rates.items() if way != best]
        if self.nothing is None:
            return Guess(best, honest(beats(rates[best], rivals)), self.evidence(state, best, about))
        chance = beats(rates[best], rivals, above=self.least)
        silent = 1.0
        for rate in rates.values():
            silent *= 1 - beats(rate, [], above=self.least)
        if silent > chance:
            return Guess(self.nothing, honest(silent), self.evidence(state, best, about))
        return Guess(best, honest(chance), self.evidence(state, best, about))

    def posterior(self, way: str, state: State, about: About) -> tuple[float, float]:
        """Return the parameters of the Beta distribution of a way's rate."""
        mean, strength = about.typical.get(way, (self.mean, self.strength))
        rate = self.rate(way, self.memory.counts(state))
        return mean * strength + rate.answered, (1 - mean) * strength + rate.ignored

    def rate(self, way: str, counts: Mapping[str, float]) -> Rate:
        """Return the counts of a way. What was answered without having been reported as sent proves nothing."""
        sent = counts.get(way + SENT, 0.0)
        answered = min(counts.get(way + ANSWERED, 0.0), sent)
        return Rate(answered, sent - answered + self.refusal * counts.get(way + REFUSED, 0.0))

    def evidence(self, state: State, way: str, about: About) -> dict[str, Any]:
        """Return why: answers of messages, this way and all others."""
        here, there = [0, 0], [0, 0]
        for each in self.told:
            counts = here if each == way else there
            sent = state["of"].get(each + SENT, (0, 0))[0]
            counts[0] += min(state["of"].get(each + ANSWERED, (0, 0))[0], sent)
            counts[1] += sent
        typical = about.typical.get(way)
        return told_of(
            self.message,
            state,
            None if typical is None else typical[0],
            OTHERS,
            way=self.told[way],
            answered=here[0],
            sent=here[1],
            otherwise_answered=there[0],
            otherwise_sent=there[1],
        )

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return, for each way that was tried, the share answered, and the share of pairs of which both were."""
        state = states.get(self.memory.name)
        if state is None:
            return {}
        found = {}
        for way in self.told:
            sent = state["of"].get(way + SENT, (0, 0))[0]
            answered = min(state["of"].get(way + ANSWERED, (0, 0))[0], sent)
            if sent > 1:
                found[way] = [answered / sent, answered * (answered - 1) / (sent * (sent - 1))]
        return found

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the mean and the strength of each way's Beta distribution, by its first two moments."""
        return {way: list(moments(cell)) for way, cell in cells.items()}


def moments(cell: Cell) -> tuple[float, float]:
    """Return the mean of a Beta distribution and a + b, bounded since few customers determine it badly."""
    mean, square = (total / cell.customers for total in cell.sums)
    mean = min(max(mean, 0.01), 0.99)
    spread = square - mean * mean
    return mean, min(max((mean - square) / spread, 0.5), 20.0) if spread > 0 else 20.0
