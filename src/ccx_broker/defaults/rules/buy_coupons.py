"""buy.coupons: would the customer like to be told of coupons?

`offer` if they will use one in the next nine weeks, else `dont`. Coupons are rare (about one line in 75), so
it counts how many were used, how recently, out of how many lines, how much the customer buys in a week (who
buys more has more chances) and how deep the discounts are that they take.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log
from typing import Any

from ccx_broker.defaults.rules import shelves, words
from ccx_broker.defaults.rules.bands import ENOUGH, binary
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.leaning import depth, weighed
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.shelves import A_COUPONS, A_LINES, R_COUPONS, SHELVES, Shelves
from ccx_broker.words import word

USES = "uses"
PRIOR_LINES, USUAL_SHARE = 16.0, 0.0133
"""Imaginary lines, and how many of them have a coupon: as in dunnhumby's Complete Journey."""


@dataclass(frozen=True)
class BuyCoupons:
    """Half-life 60 days for what is recent, none for the whole."""

    key: str = field(default="buy.coupons", init=False)
    memory: Shelves = field(default=SHELVES, init=False)

    @property
    def models(self) -> Mapping[str, str]:
        """Return the model that it wants fitted."""
        return {USES: "logistic"}

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return whether one customer ever used a coupon."""
        return {"all": [float(states[self.memory.name]["all"][A_COUPONS] > 0)]}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the part of the customers who ever used one."""
        everybody = cells.get("all")
        return {} if everybody is None else {"users": round(everybody.sums[0] / everybody.customers, 4)}

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether a coupon was used in the weeks that came, if enough was bought in them."""
        state, coming = about.states[self.memory.name], future.states.get(self.memory.name)
        if state["all"][A_LINES] and coming is not None and coming["all"][A_LINES] >= ENOUGH:
            yield Row(USES, features(state), float(coming["all"][A_COUPONS] > 0))

    def chance(self, about: About) -> float | None:
        """Return the chance that a coupon is used in the next nine weeks; None if nothing is known."""
        state = about.states.get(self.memory.name)
        if state is None or not state["all"][A_LINES] or USES not in about.models:
            return None
        return logistic(about.models[USES], features(state))

    def conclude(self, about: About) -> Guess | None:
        """Offer coupons to those who will likely use one."""
        chance = self.chance(about)
        if chance is None:
            return None
        value = "offer" if chance >= 0.5 else "dont"
        return Guess(value, honest(max(chance, 1 - chance)), self._evidence(about))

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return the chance under the evaluation's name for it."""
        chance = self.chance(about)
        return {} if chance is None else {"coupon_user": binary(chance, bar, self._evidence(about))}

    def _evidence(self, about: About) -> dict[str, Any]:
        state = about.states[self.memory.name]
        used, lines = state["all"][A_COUPONS], state["all"][A_LINES]
        plain = {"coupons": used, "of": lines, "from": state["first"], "to": state["last"]}
        said = {"used": used, "lines": lines, "since": state["first"], "until": state["last"]}
        users = about.typical.get("users")
        if users is None:
            return words.say(ALONE, **said) | plain
        return words.say(AMONG_OTHERS, **said, **words.shares({"users": users})) | plain | {"usual": users}


ALONE = word(
    "You used a coupon for %(used)s of the %(lines)s things you bought between %(since)s and %(until)s."
)
AMONG_OTHERS = word(
    "You used a coupon for %(used)s of the %(lines)s things you bought between %(since)s and %(until)s."
    " Of the others, %(users)s have ever used one."
)


def features(state: State) -> list[float]:
    """Return what the model judges by, each as it is and weighed by how much is known."""
    used, lines = state["all"][A_COUPONS], state["all"][A_LINES]
    days = (date.fromisoformat(state["last"]) - date.fromisoformat(state["first"])).days
    return weighed(
        [
            log(1 + used),
            log((used + PRIOR_LINES * USUAL_SHARE) / (lines - used + PRIOR_LINES * (1 - USUAL_SHARE))),
            log(shelves.recent(state, R_COUPONS) + 0.1),
            log(lines / (days + 7)),
            depth(state),
        ],
        [],
        lines,
    )
