"""buy.store: the branch where the customer shops most.

State: visits per branch, decayed. Value: the id of the heaviest branch. Confidence: the chance that it is
truly the most visited one (Dirichlet posterior, one imagined branch beside the known ones).
"""

from dataclasses import dataclass, field
from typing import Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import honest, leading
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess, State
from ccx_broker.defaults.rules.observation import ORDER, Observation

HALF_LIFE = Decay(60)


@dataclass(frozen=True)
class BuyStore:
    """Half-life 60 days: people move house and change their shop; after a season that must show.

    `independence` says how much one visit is worth as evidence: people go back where they have just been,
    so ten visits tell less than ten independent draws would.
    """

    key: str = field(default="buy.store", init=False)
    decay: Decay = HALF_LIFE
    prior: float = 0.5
    independence: float = 0.4
    cap: int = 32
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

    def start(self) -> State:
        """Return the state of a customer of whom no visit is known."""
        return tally.empty()

    def update(self, state: State, observation: Observation) -> State:
        """Count an order's branch. Two organisations may number their branches alike: both are kept."""
        if not observation.is_order or observation.store is None:
            return state
        name = f"{observation.organisation}/{observation.store}"
        return tally.add(state, [name], observation, self.decay, tries=1, cap=self.cap)

    def conclude(self, about: About) -> Guess | None:
        """Offer the heaviest branch."""
        state = about.states[self.name]
        branches = tally.ranked(state, self.decay)
        if state["n"] < self.least or not branches:
            return None
        counts = [count * self.independence for _, _, count in branches]
        confidence = leading([*counts, 0.0], self.prior)
        name, times, _ = branches[0]
        organisation, _, store = name.partition("/")
        lately = "" if times == max(n for _, n, _ in branches) else " and on most of the recent ones"
        evidence = {
            "sentence": f"You bought at store {store} on {times} of your {state['n']} visits"
            f" {words.period(state['first'], state['last'])}{lately}.",
            "visits": times,
            "of": state["n"],
            "from": state["first"],
            "to": state["last"],
            "organisation_id": organisation,
        }
        return Guess(store, honest(confidence), evidence)
