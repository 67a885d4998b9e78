"""discover.categories: what the customer buys again and again, most usual first.

State: visits on which a category was bought, decayed. Value: up to ten categories. Confidence: the chance
that a listed category is bought within the next ten visits, averaged over the list.
"""

from dataclasses import dataclass, field
from typing import Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import at_least_once, honest
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess, State
from ccx_broker.defaults.rules.observation import ORDER, Observation

HALF_LIFE = Decay(150)


@dataclass(frozen=True)
class DiscoverCategories:
    """Half-life 150 days: tastes last, seasons pass. The prior: a category is bought on 1 visit in 20.

    `ahead` is how many independent visits ten real ones are worth: a full pantry is not filled again.
    """

    key: str = field(default="discover.categories", init=False)
    decay: Decay = HALF_LIFE
    prior_bought: float = 0.1
    prior_visits: float = 2.0
    cap: int = 256
    least: int = 5
    likely: float = 0.6
    longest: int = 10
    ahead: int = 8

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
        """Return the state of a customer of whom no purchase is known."""
        return tally.empty()

    def update(self, state: State, observation: Observation) -> State:
        """Count each category of an order once, however many lines it has."""
        names = sorted({line.category for line in observation.lines if line.category})
        if not observation.is_order or not names:
            return state
        return tally.add(state, names, observation, self.decay, tries=1, cap=self.cap)

    def conclude(self, about: About) -> Guess | None:
        """Offer the categories that were bought at least twice and are likely to be bought again soon."""
        state = about.states[self.name]
        if state["n"] < self.least:
            return None
        visits = tally.total(state, self.decay) + self.prior_visits
        usual = [
            (name, times, chance)
            for name, times, count in tally.ranked(state, self.decay)[: self.longest]
            if times >= 2
            and (chance := at_least_once((count + self.prior_bought) / visits, self.ahead)) >= self.likely
        ]
        if not usual:
            return None
        most = words.listed([f"{name} ({times})" for name, times, _ in usual[:3]])
        evidence = {
            "sentence": f"On your {state['n']} visits {words.period(state['first'], state['last'])}"
            f" you bought {most} most often; recent visits count more.",
            "visits": {name: times for name, times, _ in usual},
            "of": state["n"],
            "from": state["first"],
            "to": state["last"],
        }
        confidence = sum(chance for *_, chance in usual) / len(usual)
        return Guess([name for name, *_ in usual], honest(confidence), evidence)
