"""What was bought, shelf by shelf: the memory behind own brand, price sensitivity, coupons and more.

As JSON: `{"n": orders, "first": day, "last": day, "at": latest second, "all": [sums of all lines],
"of": {category: [sums of its lines]}, "stores": {organisation/store: lines}}`. The sums are whole numbers,
so that not even the last digit depends on the order in which orders arrive. The positions in the two lists
have names below; a further sum is added at the end, and reads as 0 where a state was kept before.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from math import log
from typing import Any

from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import State
from ccx_broker.defaults.rules.observation import ORDER, Line, Observation

# One shelf, `state["of"][category]`. WEIGHT and VISITS count orders, the others lines of orders.
WEIGHT, VISITS, LINES, OWN, CUT, OWN_CUT, COUPONS, PRICED, LOG_PRICE = range(9)
"""decayed visits · visits · lines · own brand · at a discount · own brand at a discount · with a coupon ·
with a price · sum of the prices' logarithms (in thousandths)."""

# All shelves together, `state["all"]`. The last four are decayed.
(
    A_LINES,
    A_BRANDED,
    A_OWN,
    A_CUT,
    A_COUPONS,
    A_PRICED,
    A_DEPTH,
    R_BRANDED,
    R_OWN,
    R_LINES,
    R_CUT,
    R_COUPONS,
) = range(12)
"""lines · whose brand is known · own brand · at a discount · with a coupon · with a price · sum of the
discounts as a part of the full price (in thousandths) · R_: the same, by which recent ones count more."""

MILLI = 1000

Shelf = list[int]

HALF_LIFE = Decay(150)
RECENTLY = Decay(60)


@dataclass(frozen=True)
class Shelves:
    """Half-lives: visits of a shelf 150 days (tastes last, seasons pass), what is recent 60 days.

    Past `cap` categories the quarter that was visited least goes; past `store_cap` stores likewise.
    """

    name: str = field(default="shelves", init=False)
    visits: Decay = HALF_LIFE
    recent: Decay = RECENTLY
    cap: int = 256
    store_cap: int = 16

    @property
    def listens(self) -> frozenset[str]:
        """Return what it learns from: orders."""
        return frozenset({ORDER})

    def start(self) -> State:
        """Return the state of a customer of whom no purchase is known."""
        return {"n": 0, "first": "", "last": "", "at": 0, "all": [0] * 12, "of": {}, "stores": {}}

    def update(self, state: State, observation: Observation) -> State:
        """Add an order's lines to their shelves: a few additions a line."""
        lines, second, day = observation.lines, observation.second, observation.day
        if not lines:
            return state
        weight, recent = self.visits.weight(second), self.recent.weight(second)
        of: dict[str, Shelf] = state["of"]
        touched: dict[str, Shelf] = {}
        total = list(state["all"])
        for line in lines:
            own, cut, coupon = line.own_brand, line.discount > 0, line.coupon_discount > 0
            _add_to_all(total, line, recent)
            if line.category is None:
                continue
            shelf = touched.get(line.category)
            if shelf is None:
                shelf = touched[line.category] = _copy(of.get(line.category))
                shelf[WEIGHT] += weight
                shelf[VISITS] += 1
            shelf[LINES] += 1
            if own:
                shelf[OWN] += 1
                shelf[OWN_CUT] += cut
            shelf[CUT] += cut
            shelf[COUPONS] += coupon
            if line.price is not None and line.price > 0:
                shelf[PRICED] += 1
                shelf[LOG_PRICE] += _milli_log(line.price)
        after = of | touched
        return {
            "n": state["n"] + 1,
            "first": min(state["first"] or day, day),
            "last": max(state["last"], day),
            "at": max(state["at"], second),
            "all": total,
            "of": after if len(after) <= self.cap else heaviest(after, self.cap - self.cap // 4),
            "stores": self._stores(state["stores"], observation),
        }

    def _stores(self, stores: dict[str, int], observation: Observation) -> dict[str, int]:
        if observation.store is None:
            return stores
        name = f"{observation.organisation}/{observation.store}"
        after = stores | {name: stores.get(name, 0) + len(observation.lines)}
        if len(after) <= self.store_cap:
            return after
        keep = self.store_cap - self.store_cap // 4
        return dict(sorted(after.items(), key=lambda item: (-item[1], item[0]))[:keep])


def _add_to_all(total: list[int], line: Line, recent: int) -> None:
    total[A_LINES] += 1
    total[R_LINES] += recent
    if line.own_brand is not None:
        total[A_BRANDED] += 1
        total[R_BRANDED] += recent
        if line.own_brand:
            total[A_OWN] += 1
            total[R_OWN] += recent
    if line.coupon_discount > 0:
        total[A_COUPONS] += 1
        total[R_COUPONS] += recent
    if line.discount > 0:
        total[A_CUT] += 1
        total[R_CUT] += recent
    if line.price is not None and line.price > 0:
        total[A_PRICED] += 1
        if line.discount > 0:
            total[A_DEPTH] += int(MILLI * line.discount / (line.discount + line.price * line.quantity))


def heaviest(of: dict[str, Shelf], keep: int) -> dict[str, Shelf]:
    """Return the `keep` shelves visited most. A quarter goes at a time, so that most updates need not sort."""
    return dict(sorted(of.items(), key=lambda item: (-item[1][WEIGHT], item[0]))[:keep])


def mean_log_price(shelf: Shelf) -> float | None:
    """Return the mean of the prices' natural logarithms, or None if none of them is known."""
    return shelf[LOG_PRICE] / MILLI / shelf[PRICED] if shelf[PRICED] else None


def _copy(shelf: Shelf | None) -> Shelf:
    return [0] * 9 if shelf is None else [*shelf, *[0] * (9 - len(shelf))]


@lru_cache(maxsize=4096)  # shops have few different prices
def _milli_log(price: float) -> int:
    return round(MILLI * log(price))


SHELVES = Shelves()
"""The one memory that all its estimators share."""


def recent(state: State, sum_of: int, memory: Shelves = SHELVES) -> float:
    """Return a decayed sum of `state["all"]` as a count of lines, where one bought last counts 1."""
    return memory.recent.as_of(state["all"][sum_of], state["at"])


def visits(shelf: Any, state: State, memory: Shelves = SHELVES) -> float:
    """Return a shelf's decayed visits, where one made on the latest day counts 1."""
    return memory.visits.as_of(shelf[WEIGHT], state["at"])
