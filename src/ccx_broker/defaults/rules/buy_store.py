"""buy.store: the branch where the customer shops most.

Remembers visits per branch, decayed. Says the branch with the largest share, where each known branch begins
with the share of their visits that its *other* customers make there: some branches are where people live,
others where they pass by. How sure it is, is fitted: docs/defaults.md has the formula.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, log1p
from typing import Any, NamedTuple, Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import honest, leading, logit
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.observation import ORDER, Observation

WITH_OTHERS, ALONE = "right", "right_alone"
"""The models: how sure, with what others taught and without."""

HALF_LIFE = Decay(45)


class _Leader(NamedTuple):
    """The branch with the largest share, its visits, and what tells how sure that is."""

    name: str
    visits: int
    features: Sequence[float]


@dataclass(frozen=True)
class BuyStore:
    """Half-life 45 days: people move house and change their shop; after a season that must show.

    `prior` visits are imagined at each known branch, times its loyalty, and `unknown` at none of them.
    Without a fitted model a visit counts as `independence` independent ones: people go back where they
    have just been; and nothing is said before `least` visits.
    """

    key: str = field(default="buy.store", init=False)
    decay: Decay = HALF_LIFE
    cap: int = 32
    prior: float = 1.0
    unknown: float = 0.7
    independence: float = 0.4
    least: int = 5
    most_stores: int = 5_000
    hold_out_visits: int = 5

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
        """Return the models that say how sure it may be."""
        return {WITH_OTHERS: "logistic", ALONE: "logistic"}

    def start(self) -> State:
        """Return the state of a customer of whom no visit is known."""
        return tally.empty()

    def update(self, state: State, observation: Observation) -> State:
        """Count an order's branch. Two organisations may number their branches alike: both are kept."""
        if not observation.is_order or observation.store is None:
            return state
        name = f"{observation.organisation}/{observation.store}"
        return tally.add(state, [name], observation, self.decay, tries=1, cap=self.cap)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the share of the customer's visits that each of their branches has."""
        state = states[self.name]
        visits = tally.total(state, self.decay)
        return {
            name: [count / visits]
            for name, _, count in tally.ranked(state, self.decay)
            if visits and count / visits > 0.001
        }

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return, for each branch, its customers and their mean share of visits there."""
        largest = sorted(cells.items(), key=lambda cell: (-cell[1].customers, cell[0]))[: self.most_stores]
        return {
            name: [cell.customers, round(cell.sums[0] / cell.customers, 4)] for name, cell in sorted(largest)
        }

    def conclude(self, about: About) -> Guess | None:
        """Say the branch with the largest share."""
        state = about.states[self.name]
        if not state["of"]:
            return None
        leader = self._leader(state, about.typical)
        model = about.models.get(WITH_OTHERS if about.typical else ALONE)
        confidence = self._unfitted(state) if model is None else logistic(model, leader.features)
        return Guess(
            leader.name.partition("/")[2], honest(confidence), self._evidence(state, leader, about.typical)
        )

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether the branch that would be said was the most visited one afterwards (or one of them)."""
        coming = future.states.get(self.name)
        state = about.states[self.name]
        if coming is None or coming["n"] < self.hold_out_visits or not state["of"]:
            return
        most = max(times for times, _ in coming["of"].values())
        for model, typical in ((WITH_OTHERS, about.typical), (ALONE, {})):
            leader = self._leader(state, typical)
            times, _ = coming["of"].get(leader.name, (0, 0))
            yield Row(model, leader.features, float(times == most))

    def _leader(self, state: State, typical: Mapping[str, Any]) -> _Leader:
        branches = tally.ranked(state, self.decay)
        loyal = {name: _loyalty(typical, name) for name, _, _ in branches}
        whole = tally.total(state, self.decay) + self.prior * sum(loyal.values()) + self.unknown
        shares = sorted(
            ((count + self.prior * loyal[name]) / whole, name, times) for name, times, count in branches
        )
        share, name, times = shares[-1]
        second = shares[-2][0] if len(shares) > 1 else 0.0
        features = (
            logit(share, 0.005),
            logit(second, 0.005),
            log1p(state["n"]),
            log((times + 1) / (state["n"] - times + 1)),
            logit(loyal[name], 0.005),
            log1p(typical[name][0] if name in typical else 0),
        )
        return _Leader(name, times, features)

    def _unfitted(self, state: State) -> float:
        """Return the chance that the heaviest branch truly leads: a Dirichlet posterior, one branch unseen."""
        if state["n"] < self.least:
            return 0.0
        counts = [count * self.independence for _, _, count in tally.ranked(state, self.decay)]
        return leading([*counts, 0.0], 0.5)

    def _evidence(self, state: State, leader: _Leader, typical: Mapping[str, Any]) -> dict[str, Any]:
        organisation, _, store = leader.name.partition("/")
        first, last = state["first"], state["last"]
        counts = {"store": store, "visits": leader.visits, "of": state["n"]}
        if first == last:
            said = words.say(
                "You bought at store %(store)s on %(visits)s of your %(of)s visits on %(day)s.",
                **counts,
                day=first,
            )
        elif leader.visits == max(times for times, _ in state["of"].values()):
            said = words.say(
                "You bought at store %(store)s on %(visits)s of your %(of)s visits between %(from)s and %(to)s.",
                **counts,
                **{"from": first, "to": last},
            )
        else:
            said = words.say(
                "You bought at store %(store)s on %(visits)s of your %(of)s visits between %(from)s and %(to)s,"
                " and on most of the recent ones.",
                **counts,
                **{"from": first, "to": last},
            )
        also = {}
        if leader.name in typical:
            share = words.shares({"share": typical[leader.name][1]})
            also["also"] = words.say("Its other customers make %(share)s of their visits there.", **share)
        plain = {"visits": leader.visits, "of": state["n"], "from": first, "to": last}
        return {**said, **also, **plain, "organisation_id": organisation}


def _loyalty(typical: Mapping[str, Any], name: str) -> float:
    """Return the share of their visits that a branch's customers make there; half where nothing is known."""
    customers, share = typical.get(name, (0, 0.0))
    return float((customers * share + 2) / (customers + 4))
