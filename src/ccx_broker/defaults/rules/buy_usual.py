"""buy.usual: the very products that the customer buys again and again.

Remembers what was in the last baskets. Lists the products that are likely to be bought again within nine
weeks; how likely is fitted on how often and how lately they were: docs/defaults.md has the formula.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from math import log1p
from typing import Any

from ccx_broker.defaults.rules import words
from ccx_broker.defaults.rules.chance import at_least_once, honest, logit
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.visits import BASKETS, Visits

AGAIN = "again"
"""The model: how likely a product is bought again within the time that a backtest looks ahead."""


@dataclass(frozen=True)
class BuyUsual:
    """A product is listed once it was on `often` of the last visits and is `likely` to be bought again.

    Without a fitted model ten visits ahead are worth `ahead` independent ones, and nothing is said before
    `least` visits.
    """

    key: str = field(default="buy.usual", init=False)
    memory: Visits = BASKETS
    often: int = 3
    likely: float = 0.6
    longest: int = 20
    lately: int = 8
    ahead: int = 8
    least: int = 5

    @property
    def models(self) -> Mapping[str, str]:
        """Return the model of a product's chance."""
        return {AGAIN: "logistic"}

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:  # noqa: ARG002
        """Return nothing: which products others buy says little about the very ones of this customer."""
        return {}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def conclude(self, about: About) -> Guess | None:
        """List the products that were bought often and are likely to be bought again."""
        state = about.states[self.memory.name]
        model = about.models.get(AGAIN)
        if model is None and state["n"] < self.least:
            return None
        found = (
            (at_least_once(rate, self.ahead) if model is None else logistic(model, features), product, times)
            for product, times, rate, features in self._candidates(state)
        )
        likely = (each for each in found if each[0] >= self.likely)
        listed = sorted(likely, key=lambda each: (-each[0], each[1]))[: self.longest]
        if not listed:
            return None
        oldest = datetime.fromtimestamp(state["lately"][-1][0], UTC).date().isoformat()
        values = {
            "things": len(listed),
            "least": min(times for _, _, times in listed),
            "of": len(state["lately"]),
            "from": min(oldest, state["last"]),
            "to": state["last"],
        }
        said = words.say(
            "What stands here you bought on at least %(least)s of your last %(of)s visits, between %(from)s"
            " and %(to)s.",
            **values,
        )
        confidence = sum(chance for chance, _, _ in listed) / len(listed)
        visits = {product: times for _, product, times in listed}
        return Guess(list(visits), honest(confidence), {**said, **values, "visits": visits})

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether each product that was bought often was bought again."""
        bought = {line.product for order in future.observations for line in order.lines}
        for product, _, _, features in self._candidates(about.states[self.memory.name]):
            yield Row(AGAIN, features, float(product in bought))

    def _candidates(self, state: State) -> Iterable[tuple[str, int, float, Sequence[float]]]:
        """Return product, visits, share of visits and features of what was bought often."""
        baskets = [products for _, products in state["lately"]]
        counts = Counter(chain.from_iterable(baskets))
        recent = Counter(chain.from_iterable(baskets[: self.lately]))
        days = (state["at"] - _since(state)) / 86_400
        for product, times in counts.items():
            if times >= self.often:
                rate = (times + 0.1) / (len(baskets) + 2.0)
                features = (
                    logit(rate, 0.0005),
                    log1p(times),
                    recent[product] / self.lately,
                    log1p(days),
                )
                yield product, times, rate, features


def _since(state: State) -> int:
    """Return the second of the oldest basket that is remembered."""
    return int(state["lately"][-1][0]) if state["lately"] else int(state["at"])
