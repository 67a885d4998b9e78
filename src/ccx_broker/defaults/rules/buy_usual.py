"""buy.usual: the very products that the customer buys again and again.

Remembers visits per product, decayed. Lists those that are likely to be bought again within nine weeks; how
likely is fitted on how often, how lately and on how many visits: docs/defaults.md has the formula.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log1p
from typing import Any, Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import at_least_once, honest, logit
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.observation import ORDER, Observation

AGAIN = "again"
"""The model: how likely a product is bought again within the time that a backtest looks ahead."""

HALF_LIFE = Decay(150)


@dataclass(frozen=True)
class BuyUsual:
    """Half-life 150 days: tastes last, and yet a product goes out of fashion or off the shelf.

    A product is listed once it was bought on `often` visits and is `likely` to be bought again. Without a
    fitted model ten visits ahead are worth `ahead` independent ones, and nothing is said before `least`.
    """

    key: str = field(default="buy.usual", init=False)
    decay: Decay = HALF_LIFE
    cap: int = 256
    often: int = 3
    likely: float = 0.6
    longest: int = 20
    ahead: int = 8
    least: int = 5

    @property
    def name(self) -> str:
        """Return the name of its memory: a memory of its own."""
        return self.key

    @property
    def listens(self) -> frozenset[str]:
        """Return what it learns from: orders."""
        return frozenset({ORDER})

    @property
    def memory(self) -> Self:
        """Return what it learns from: itself."""
        return self

    @property
    def models(self) -> Mapping[str, str]:
        """Return the model of a product's chance."""
        return {AGAIN: "logistic"}

    def start(self) -> State:
        """Return the state of a customer of whom no purchase is known."""
        return tally.empty()

    def update(self, state: State, observation: Observation) -> State:
        """Count each product of an order once, however many lines it has."""
        names = sorted({line.product for line in observation.lines if line.product})
        if not names:
            return state
        return tally.add(state, names, observation, self.decay, tries=1, cap=self.cap)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:  # noqa: ARG002
        """Return nothing: which products others buy says little about the very ones of this customer."""
        return {}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def conclude(self, about: About) -> Guess | None:
        """List the products that were bought often and are likely to be bought again."""
        state = about.states[self.name]
        model = about.models.get(AGAIN)
        if model is None and state["n"] < self.least:
            return None
        found = [
            (
                at_least_once(rate, self.ahead) if model is None else logistic(model, features),
                product,
                times,
            )
            for product, times, rate, features in self._candidates(state)
        ]
        listed = sorted(
            (each for each in found if each[0] >= self.likely), key=lambda each: (-each[0], each[1])
        )[: self.longest]
        if not listed:
            return None
        values = {
            "things": len(listed),
            "least": min(times for _, _, times in listed),
            "of": state["n"],
            "from": state["first"],
            "to": state["last"],
        }
        said = words.say(
            "You bought each of these %(things)s products on at least %(least)s of your %(of)s visits"
            " between %(from)s and %(to)s.",
            **values,
        )
        confidence = sum(chance for chance, _, _ in listed) / len(listed)
        visits = {product: times for _, product, times in listed}
        return Guess(list(visits), honest(confidence), {**said, **values, "visits": visits})

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether each product that was bought often was bought again."""
        coming = future.states.get(self.name)
        if coming is not None:
            for product, _, _, features in self._candidates(about.states[self.name]):
                yield Row(AGAIN, features, float(product in coming["of"]))

    def _candidates(self, state: State) -> Iterable[tuple[str, int, float, Sequence[float]]]:
        """Return product, visits, share of visits and features of what was bought often."""
        present = self.decay.weight(state["at"]) or 1
        visits = state["w"] / present
        for product, (times, weight) in state["of"].items():
            if times >= self.often:
                count = weight / present
                rate = (count + 0.1) / (visits + 2.0)
                features = (
                    logit(rate, 0.0005),
                    log1p(count),
                    log1p(visits),
                    log1p(times) - log1p(count),
                )
                yield product, times, rate, features
