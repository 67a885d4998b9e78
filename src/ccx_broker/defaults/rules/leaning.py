"""How far a customer leans towards something that a line of an order either is or is not.

Own brand or not, at a discount or not: both are judged alike, from six things that others make comparable.

- *own*: the log-odds of the customer's share, held near the usual by `PRIOR` imaginary lines, relative to
  `centre` (an empirical-Bayes shrinkage: Efron & Morris 1975); *recent*: the same, newer lines counting more;
- *shelves*: the share to be expected from what is bought at all (of some things there is no own brand);
- *company*: how far others lean who buy the same: the mean, over the customer's lines, of the leaning of
  everybody else who bought of that shelf, of own brand or not, at a discount or not (naive Bayes in log-odds,
  with each customer coded by the others' mean: Micci-Barreca 2001). It says most where little is known;
- *price*: the mean log of the price paid to what others pay on that shelf;
- *depth* of the discounts taken; *branch*: how far the other customers of the same branches lean.

Unknown is 0, which is "as usual", in all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from ccx_broker.defaults.rules import shelves
from ccx_broker.defaults.rules.interface import Cell, State
from ccx_broker.defaults.rules.population import LEAST
from ccx_broker.defaults.rules.shelves import CUT, LINES, LOG_PRICE, MILLI, OWN, OWN_CUT, PRICED

PRIOR, PRIOR_RECENT = 16.0, 6.0
"""Imaginary lines of the usual kind."""

HALFWAY = 40
"""With so many lines a customer's own counts and the company they keep are weighed half and half."""

ENOUGH = 20
"""Lines that a customer must have to say something about others."""

SMOOTHING, SMOOTHING_LINES = 5.0, 20.0
"""Imaginary customers, and lines, of the usual kind on each shelf."""

STEPS = 50
"""Shares are counted in steps of 2 %: fine enough for a median."""


@dataclass(frozen=True)
class Leaning:
    """What counts as a hit and as a try, by its position in the memory; `centre` is the share that is 0."""

    on_shelf: int
    hits: int
    tries: int
    recent_hits: int
    recent_tries: int
    centre: float

    def share(self, state: State) -> float | None:
        """Return the plain share of hits, or None if there was no try."""
        total = state["all"]
        return total[self.hits] / total[self.tries] if total[self.tries] else None

    def own(self, state: State) -> float:
        """Return the log-odds of the share of hits, relative to `centre`."""
        total = state["all"]
        return self._log_odds(total[self.hits], total[self.tries], PRIOR)

    def recent(self, state: State) -> float:
        """Return the same of the decayed counts."""
        hits = shelves.recent(state, self.recent_hits)
        return self._log_odds(hits, shelves.recent(state, self.recent_tries), PRIOR_RECENT)

    def _log_odds(self, hits: float, tries: float, prior: float) -> float:
        odds = self.centre / (1 - self.centre)
        return log((hits + prior * self.centre) / (tries - hits + prior * (1 - self.centre)) / odds)

    def features(self, state: State, typical: Mapping[str, Any]) -> list[float]:
        """Return what a model judges by, weighed by how much is known of the customer."""
        lines = state["all"][shelves.A_LINES]
        expected = company = price = 0.0
        known: Mapping[str, Sequence[float]] = typical.get("of", {})
        for name, shelf in state["of"].items():
            usual = known.get(name)
            if usual is not None:
                share, plain, own, cut, own_cut, log_price = usual
                bought = shelf[LINES]
                expected += bought * share
                company += bought * plain + shelf[OWN] * own + shelf[CUT] * cut + shelf[OWN_CUT] * own_cut
                price += shelf[LOG_PRICE] / MILLI - shelf[PRICED] * log_price
        branches: Mapping[str, float] = typical.get("at", {})
        visited: Mapping[str, int] = state["stores"]
        at = sum(count * branches.get(store, 0.0) for store, count in visited.items())
        return weighed(
            [self.own(state), self.recent(state), depth(state)],
            [
                expected / lines,
                company / lines,
                price / (lines + SMOOTHING),
                at / (sum(visited.values()) or 1),
            ],
            lines,
        )

    def census(self, state: State) -> dict[str, list[float]]:
        """Return what one customer adds to the picture of what is typical; nothing if too little is known."""
        share = self.share(state)
        if share is None or state["all"][self.tries] < ENOUGH:
            return {}
        lean = self.own(state)
        cells = {"all": [lean, *(float(share <= step / STEPS) for step in range(STEPS + 1))]}
        for name, shelf in state["of"].items():
            kinds = [shelf[LINES] - shelf[OWN] - shelf[CUT] + shelf[OWN_CUT], shelf[CUT] - shelf[OWN_CUT]]
            kinds += [shelf[OWN] - shelf[OWN_CUT], shelf[OWN_CUT]]
            cells[f"of/{name}"] = [
                *map(float, (shelf[LINES], shelf[self.on_shelf], shelf[PRICED], shelf[LOG_PRICE] / MILLI)),
                *(float(count > 0) for count in kinds),
                *(lean if count > 0 else 0.0 for count in kinds),
            ]
        return cells | {f"at/{store}": [lean] for store in state["stores"]}

    def distil(self, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """Return the usual share, and for each shelf and branch how it differs from the whole."""
        if "all" not in cells:
            return {}
        everybody = cells["all"]
        mean = everybody.sums[0] / everybody.customers
        on_shelves = {name[3:]: cell.sums for name, cell in cells.items() if name.startswith("of/")}
        lines = sum(sums[0] for sums in on_shelves.values()) or 1.0
        overall = sum(sums[1] for sums in on_shelves.values()) / lines
        return {
            "usual": round(median(everybody), 4),
            "of": {name: _shelf(sums, mean, overall) for name, sums in on_shelves.items()},
            "at": {
                name[3:]: round((cell.sums[0] - mean * cell.customers) / (cell.customers + SMOOTHING), 4)
                for name, cell in cells.items()
                if name.startswith("at/")
            },
        }


def weighed(counts: Sequence[float], others: Sequence[float], lines: int) -> list[float]:
    """Return the features of a model that trusts a customer's own counts more, the more of them there are.

    With `w`, how much is known (0 to 1): the counts, as they are and times w; w; and what others tell,
    times 1 - w. So one logistic regression is right at both ends.
    """
    weight = lines / (lines + HALFWAY)
    return [*counts, weight, *(count * weight for count in counts), *(each * (1 - weight) for each in others)]


def depth(state: State) -> float:
    """Return the mean discount as a part of the full price, over all lines with a price."""
    total = state["all"]
    return float(total[shelves.A_DEPTH] / MILLI / (total[shelves.A_PRICED] + SMOOTHING))


def median(everybody: Cell) -> float:
    """Return the share that half of the customers don't exceed."""
    half, counts = everybody.customers / 2, everybody.sums[1:]
    step = next(i for i, count in enumerate(counts) if count >= half)
    before = counts[step - 1] if step else 0.0
    return (step - (counts[step] - half) / ((counts[step] - before) or 1.0)) / STEPS


def _shelf(sums: Sequence[float], mean: float, overall: float) -> list[float]:
    """Return a shelf's share relative to the whole, its buyers' leaning in four terms, and its log price."""
    lines, hits, priced, log_price = sums[:4]
    plain, cut, own, own_cut = (
        (leaning - mean * buyers) / (buyers + SMOOTHING) if buyers >= LEAST else 0.0
        for buyers, leaning in zip(sums[4:8], sums[8:12], strict=True)
    )
    share = (hits - overall * lines) / (lines + SMOOTHING_LINES)
    terms = (share, plain, own - plain, cut - plain, own_cut - own - cut + plain, log_price / (priced or 1.0))
    return [round(term, 4) for term in terms]
