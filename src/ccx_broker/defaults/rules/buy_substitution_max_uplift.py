"""buy.substitution_max_uplift: how much more a substitute may cost, between the dearest taken and the cheapest refused.

Memory: accepted and refused substitutes by how much dearer they were, in steps of 5 %, decayed. Each
customer has a limit; a substitute is taken the more surely the further below it is (a logistic curve), but for the
few that are refused or taken for other reasons. The limit's posterior is on a grid (Kontsevich & Tyler,
"Bayesian adaptive estimation of psychometric slope and threshold", 1999). Value: the middle of the ten points in
which the limit most probably is; right where it truly is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log

from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import ALL, Choices, told_of
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Guess, State
from ccx_broker.defaults.rules.learner import NoModels
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word

STEP = 5
LIMITS = tuple(range(0, 101, STEP))
ACCEPTED, REFUSED = "accepted", "refused"
TOOK = word(
    "Between %(since)s and %(until)s you took %(taken)s dearer or equal substitutes and refused %(refused)s;"
    " the dearest that you took was about %(dearest)s %% above the price."
)
TOOK_NONE = word("Between %(since)s and %(until)s you refused all %(refused)s substitutes.")
OTHERS = word("On average, others accept up to %(share)s more.")


def _uplift(observation: Observation) -> int | None:
    """Return by how many per cent the substitute was dearer, rounded to a step; cheaper ones count as equal."""
    price, original = (observation.properties.get(name) for name in ("price", "original_price"))
    if isinstance(price, bool) or isinstance(original, bool):
        return None
    if not isinstance(price, float) or not isinstance(original, float) or price < 0 or original <= 0:
        return None
    dearer = 100 * (price / original - 1)
    return min(max(STEP * round(dearer / STEP), 0), 2 * LIMITS[-1])


def _accepted(observation: Observation) -> Sequence[str]:
    uplift = _uplift(observation)
    return () if uplift is None else (f"{ACCEPTED}:{uplift}",)


def _refused(observation: Observation) -> Sequence[str]:
    uplift = _uplift(observation)
    return () if uplift is None else (f"{REFUSED}:{uplift}",)


@dataclass(frozen=True)
class BuySubstitutionMaxUplift(NoModels):
    """Half-life 365 days. `width` is how gradual the limit is, in points; `lapse` what other reasons decide.

    `usual` is the mean of the limits, which fall off exponentially, until others have taught better.
    """

    key: str = field(default="buy.substitution_max_uplift", init=False)
    memory: Choices = field(
        default=Choices(
            "buy.substitution_max_uplift",
            {"Substitution Accepted": _accepted, "Substitution Refused": _refused},
            Decay(365),
            cap=96,
        )
    )
    width: float = 3.0
    lapse: float = 0.06
    usual: float = 15.0

    def conclude(self, about: About) -> Guess | None:
        """Return the middle of the likeliest ten points."""
        state = about.states.get(self.memory.name)
        if state is None or not state["n"]:
            return None
        chances = self.chances(state, about.typical.get("limits"))
        around = [sum(chances[max(i - 1, 0) : i + 2]) for i in range(len(LIMITS))]
        best = max(range(len(LIMITS)), key=lambda i: (around[i], chances[i]))
        return Guess(LIMITS[best], honest(around[best]), self.evidence(state, about))

    def chances(self, state: State, prior: Sequence[float] | None = None) -> list[float]:
        """Return the probability of each limit."""
        logs = [log(p) for p in prior] if prior else [-limit / self.usual for limit in LIMITS]
        for name, count in self.memory.counts(state).items():
            answer, _, uplift = name.partition(":")
            for i, limit in enumerate(LIMITS):
                taken = 1 / (1 + exp((int(uplift) - limit - STEP / 2) / self.width))
                likely = self.lapse / 2 + (1 - self.lapse) * (taken if answer == ACCEPTED else 1 - taken)
                logs[i] += count * log(likely)
        highest = max(logs)
        weights = [exp(each - highest) for each in logs]
        total = sum(weights)
        return [weight / total for weight in weights]

    def evidence(self, state: State, about: About) -> dict[str, object]:
        """Return why: how many were taken up to which uplift, and how many refused from which on."""
        taken = {
            int(n[len(ACCEPTED) + 1 :]): t for n, (t, _) in state["of"].items() if n.startswith(ACCEPTED)
        }
        refused = {
            int(n[len(REFUSED) + 1 :]): t for n, (t, _) in state["of"].items() if n.startswith(REFUSED)
        }
        numbers = {"taken": sum(taken.values()), "refused": sum(refused.values())}
        if taken:
            numbers["dearest"] = max(taken)
        limits = about.typical.get("limits")
        typical = sum(limit * p for limit, p in zip(LIMITS, limits, strict=True)) / 100 if limits else None
        return told_of(TOOK if taken else TOOK_NONE, state, typical, OTHERS, **numbers)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the probabilities of the customer's limits, by what is assumed of customers in general."""
        state = states.get(self.memory.name)
        return {} if state is None or not state["n"] else {ALL: self.chances(state)}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Sequence[float]]:
        """Return how the limits are spread among customers."""
        cell = cells.get(ALL)
        return {} if cell is None else {"limits": [round(s / cell.customers + 1e-4, 5) for s in cell.sums]}
