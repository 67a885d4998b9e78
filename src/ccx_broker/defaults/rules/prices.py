"""What was paid for one of each kind of thing: the memory behind the price band.

As JSON: `{"first": day, "last": day, "at": latest minute, "of": {currency/category: [lines, sum of log
prices, line, …]}}`: of each category how many lines there were, the sum of the natural logarithms of their
prices in thousandths, and the latest lines themselves, oldest first. A line is one number, the minute and
behind it the price: this is the longest of all memories, and is read and written with every order. A price
is for one piece, as paid, in hundredths of a cent (or of the currency's hundredth).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log
from typing import Any

from ccx_broker.defaults.rules.currencies import CODES
from ccx_broker.defaults.rules.interface import State
from ccx_broker.defaults.rules.observation import ORDER, Observation

PARTS = 10_000
"""How many parts a unit of money is counted in."""

MILLI = 1000
MOST_PIECES = 50
"""A line of more pieces is no household's purchase."""

PRICE_BITS = 38
PRICE = (1 << PRICE_BITS) - 1
"""A line's lowest bits are its price. A dearer one (27 million of a currency) is not remembered: the minute
before it leaves a line within 64 bits until 2033, and after that it is read a little slower."""

Priced = Sequence[int]
"""What is remembered of one category."""


@dataclass(frozen=True)
class Prices:
    """Keeps the latest `ring` lines of a category, so that whatever order they arrive in makes no difference.

    Past `cap` categories the quarter with the fewest lines goes.
    """

    name: str = field(default="prices", init=False)
    ring: int = 16
    cap: int = 256

    @property
    def listens(self) -> frozenset[str]:
        """Return what it learns from: orders."""
        return frozenset({ORDER})

    def start(self) -> State:
        """Return the state of a customer of whom no price is known."""
        return {"first": "", "last": "", "at": 0, "of": {}}

    def update(self, state: State, observation: Observation) -> State:
        """Add the prices of an order's lines."""
        minute, currency = observation.second // 60, currency_of(observation)
        of: dict[str, Any] = state["of"]
        touched: dict[str, Any] = {}
        for line in observation.lines:
            if line.category is None or line.price is None or line.quantity > MOST_PIECES:
                continue
            price = round(line.price * PARTS)
            if 0 < price <= PRICE:
                name = f"{currency}/{line.category}"
                lines, logs, *ring = touched.get(name) or of.get(name) or (0, 0)
                latest = self._after(ring, minute << PRICE_BITS | price)
                touched[name] = [lines + 1, logs + milli_log(price), *latest]
        if not touched:
            return state
        after = of | touched
        return {
            "first": min(state["first"] or observation.day, observation.day),
            "last": max(state["last"], observation.day),
            "at": max(state["at"], minute),
            "of": after if len(after) <= self.cap else _fullest(after, self.cap - self.cap // 4),
        }

    def _after(self, ring: list[int], new: int) -> list[int]:
        after = [*ring, new]
        if ring and new < ring[-1]:
            after.sort()
        return after[-self.ring :]


def latest_lines(priced: Priced) -> list[tuple[int, int]]:
    """Return the minute and the price of the latest lines of one category, oldest first."""
    return [(line >> PRICE_BITS, line & PRICE) for line in priced[2:]]


def prices_of(priced: Priced) -> list[int]:
    """Return their prices alone."""
    return [line & PRICE for line in priced[2:]]


def currency_of(observation: Observation) -> str:
    """Return the order's currency as its ISO 4217 code; empty if it names none."""
    code = observation.properties.get("currency")
    plain = code.strip().upper() if isinstance(code, str) else ""
    return plain if plain in CODES else ""


@lru_cache(maxsize=4096)  # shops have few different prices
def milli_log(price: int) -> int:
    """Return the natural logarithm of a price in parts, in thousandths."""
    return round(MILLI * log(price / PARTS))


def _fullest(of: dict[str, Any], keep: int) -> dict[str, Any]:
    """Return the `keep` categories with most lines. A quarter goes at a time: most updates need not sort."""
    return dict(sorted(of.items(), key=lambda item: (-item[1][0], item[0]))[:keep])


PRICES = Prices()
