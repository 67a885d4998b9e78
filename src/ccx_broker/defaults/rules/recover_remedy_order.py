"""recover.remedy_order: what makes good what went wrong, best first, by which remedies are taken when several are offered.

Each remedy has a worth; of two that were offered, the one worth more is taken more often (Bradley & Terry,
"Rank analysis of incomplete block designs", Biometrika 1952). To take nothing is an option too: so a
remedy that was refused with no other beside it is told from one that was never offered. Memory: how often
one was taken with another beside it, decayed. The logarithms of the worths have a normal prior; the
posterior is taken as normal around its mode (Laplace).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import erf, exp, sqrt

from ccx_broker.defaults.rules import words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word

TOLD = {
    "refund": word("a refund"),
    "replace": word("a replacement"),
    "credit": word("a credit"),
    "repair": word("a repair"),
    "apology": word("an apology"),
    "call": word("a call"),
}
NOTHING = "nothing"
TAKEN = "taken:"
"""Before a remedy: how often it was taken, for the evidence; it is no comparison."""


def _accepted(observation: Observation) -> Sequence[str]:
    """Return the remedy taken, and what it was preferred to. Nobody has to take any."""
    taken = observation.properties.get("remedy")
    if taken not in TOLD:
        return ()
    return [
        f"{TAKEN}{taken}",
        *(f"{taken}>{other}" for other in (*_offered(observation), NOTHING) if other != taken),
    ]


def _refused(observation: Observation) -> Sequence[str]:
    """Return the remedies that nothing was preferred to."""
    offered = _offered(observation)
    alone = observation.properties.get("remedy")
    return [f"{NOTHING}>{remedy}" for remedy in offered or ((alone,) if alone in TOLD else ())]


def _offered(observation: Observation) -> Sequence[str]:
    offered = observation.properties.get("offered")
    return [remedy for remedy in TOLD if remedy in offered] if isinstance(offered, tuple) else ()


@dataclass(frozen=True)
class RecoverRemedyOrder:
    """Half-life 730 days: things go wrong rarely. `spread` is the standard deviation of the log worths.

    The list names as many remedies as are in this very order with a probability of `sure`, at least one.
    """

    key: str = field(default="recover.remedy_order", init=False)
    memory: Choices = field(
        default=Choices(
            "recover.remedy_order",
            {"Remedy Accepted": _accepted, "Remedy Refused": _refused},
            Decay(730),
            cap=64,
        )
    )
    spread: float = 1.5
    sure: float = 0.75

    def conclude(self, about: About) -> Guess | None:
        """Return the remedies in their most probable order, as far as it is sure enough."""
        state = about.states.get(self.memory.name)
        if state is None or not any(name.startswith(TAKEN) for name in state["of"]):
            return None
        means, covariance = worths(self.memory.counts(state), self.spread)
        order = sorted(TOLD, key=lambda remedy: -means[remedy])
        chance, named = 1.0, 0
        for length in range(1, len(order) + 1):
            if f"{TAKEN}{order[length - 1]}" not in state["of"]:
                break
            longer = _in_order(order, length, means, covariance)
            if named and longer < self.sure:
                break
            chance, named = longer, length
        if not named:
            return None
        taken = [state["of"][f"{TAKEN}{remedy}"][0] for remedy in order[:named]]
        evidence = words.say(
            "When something had gone wrong, you took %(first)s %(times)s of %(of)s times,"
            " between %(since)s and %(until)s.",
            first=TOLD[order[0]],
            times=taken[0],
            of=state["n"],
            since=state["first"],
            until=state["last"],
        )
        numbers = {"times": taken[0], "of": state["n"], "from": state["first"], "to": state["last"]}
        return Guess(order[:named], honest(chance), {**evidence, **numbers})


Matrix = list[list[float]]


def worths(
    counts: Mapping[str, float], spread: float
) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Return the log worths' means and covariances; that of taking nothing is zero for everyone.

    Newton's method on a concave posterior: it converges from anywhere near, in a handful of steps.
    """
    names = list(TOLD)
    wins = [
        (
            names.index(better) if better != NOTHING else None,
            names.index(worse) if worse != NOTHING else None,
            n,
        )
        for name, n in counts.items()
        if not name.startswith(TAKEN)
        for better, worse in [name.split(">")]
    ]
    worth = [0.0] * len(names)
    for _ in range(12):
        gradient = [-w / spread**2 for w in worth]
        precision = [[1 / spread**2 if i == j else 0.0 for j in range(len(names))] for i in range(len(names))]
        for better, worse, n in wins:
            ahead = (0.0 if better is None else worth[better]) - (0.0 if worse is None else worth[worse])
            lost = 1 / (1 + exp(ahead))
            curve = n * lost * (1 - lost)
            for one, sign in ((better, 1), (worse, -1)):
                if one is not None:
                    gradient[one] += sign * n * lost
                    precision[one][one] += curve
            if better is not None and worse is not None:
                precision[better][worse] -= curve
                precision[worse][better] -= curve
        inverse = inverted(precision)
        steps = [sum(a * b for a, b in zip(row, gradient, strict=True)) for row in inverse]
        worth = [w + max(min(step, 1.0), -1.0) for w, step in zip(worth, steps, strict=True)]
        if max(map(abs, steps)) < 1e-6:
            break
    covariance = {(a, b): inverse[i][j] for i, a in enumerate(names) for j, b in enumerate(names)}
    return dict(zip(names, worth, strict=True)), covariance


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse of a positive definite matrix (Gauss and Jordan; no pivot can be zero)."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows]


def _in_order(
    order: Sequence[str],
    length: int,
    means: Mapping[str, float],
    covariance: Mapping[tuple[str, str], float],
) -> float:
    """Return the chance that the first `length` are in this order, and all others behind the last of them."""
    pairs = [*pairwise(order[:length]), *((order[length - 1], rest) for rest in order[length:])]
    chance = 1.0
    for a, b in pairs:
        variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
        chance *= 0.5 * (1 + erf((means[a] - means[b]) / sqrt(2 * variance)))
    return chance
