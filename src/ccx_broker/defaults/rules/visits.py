"""The last few visits as they were: what was bought lately, beside what was bought ever (`shelves`).

As JSON: `{"n": visits, "w": their weight, "first": day, "last": day, "at": latest second,
"lately": [[second, [names]]]}`, the latest visit first. Only visits on which goods were bought count. Which
visits are the latest does not depend on the order in which they arrive, so nothing here does.
"""

from dataclasses import dataclass

from ccx_broker.defaults.rules.interface import State
from ccx_broker.defaults.rules.observation import ORDER, Observation
from ccx_broker.defaults.rules.shelves import SHELVES


@dataclass(frozen=True)
class Visits:
    """Keeps the latest `cap` visits by time: their categories, or the very `products`; `widest` at most."""

    name: str
    cap: int
    widest: int
    products: bool = False

    @property
    def listens(self) -> frozenset[str]:
        """Return what it learns from: orders."""
        return frozenset({ORDER})

    def start(self) -> State:
        """Return the state of a customer of whom no visit is known."""
        return {"n": 0, "w": 0, "first": "", "last": "", "at": 0, "lately": []}

    def update(self, state: State, observation: Observation) -> State:
        """Count a visit, and keep it if it is one of the latest."""
        if not observation.lines:
            return state
        second, day = observation.second, observation.day
        lately = state["lately"]
        if len(lately) < self.cap or second >= lately[-1][0]:
            names = {line.product if self.products else line.category for line in observation.lines}
            kept = sorted(name for name in names if name)[: self.widest]
            lately = sorted([*lately, [second, kept]], reverse=True)[: self.cap]
        return {
            "n": state["n"] + 1,
            "w": state["w"] + SHELVES.visits.weight(second),
            "first": min(state["first"] or day, day),
            "last": max(state["last"], day),
            "at": max(state["at"], second),
            "lately": lately,
        }


VISITS = Visits("visits", cap=8, widest=64)
BASKETS = Visits("baskets", cap=30, widest=48, products=True)


def total(state: State) -> float:
    """Return the decayed count of visits, by the half-life of the shelves, as of the latest."""
    return SHELVES.visits.as_of(state["w"], state["at"])
