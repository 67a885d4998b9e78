"""discover.own_brand: does the customer prefer the shop's own brand, take it or leave it, or avoid it?

State: lines bought, and those of them that were own brand, decayed. Value: `prefer` if the true share is
most likely above 35 %, `avoid` below 10 %, else `fine`. Confidence: the posterior probability of that band
(Beta prior around the usual share).
"""

from dataclasses import dataclass, field
from typing import Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import beta_above, honest
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess, State
from ccx_broker.defaults.rules.observation import ORDER, Observation

OWN, OTHER = "own", "other"

HALF_LIFE = Decay(365)


@dataclass(frozen=True)
class DiscoverOwnBrand:
    """Half-life 365 days: a habit. `usual` is the median share in dunnhumby's Complete Journey.

    Lines of one basket resemble each other, so many lines count for less and less: never more than
    `worth` independent ones.
    """

    key: str = field(default="discover.own_brand", init=False)
    decay: Decay = HALF_LIFE
    usual: float = 0.27
    prior_lines: float = 6.0
    worth: float = 40.0
    prefer_above: float = 0.35
    avoid_below: float = 0.10
    least: int = 10

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
        """Count the lines whose brand is known to be the shop's own or another."""
        brands = [
            OWN if line.own_brand else OTHER for line in observation.lines if line.own_brand is not None
        ]
        if not observation.is_order or not brands:
            return state
        return tally.add(state, brands, observation, self.decay, tries=len(brands), cap=2)

    def conclude(self, about: About) -> Guess | None:
        """Offer the band that the share of own brand most likely lies in."""
        state = about.states[self.name]
        lines = tally.total(state, self.decay)
        if state["n"] < self.least or not lines:
            return None
        times, weight = state["of"].get(OWN, (0, 0))
        share = self.decay.as_of(weight, state["at"]) / lines
        worth = lines / (1 + lines / self.worth)
        a = share * worth + self.usual * self.prior_lines
        b = (1 - share) * worth + (1 - self.usual) * self.prior_lines
        prefer = beta_above(a, b, self.prefer_above)
        avoid = 1 - beta_above(a, b, self.avoid_below)
        bands = {"fine": 1 - prefer - avoid, "prefer": prefer, "avoid": avoid}
        value = max(bands, key=lambda band: bands[band])
        evidence = {
            "sentence": f"{times} of the {state['n']} things you bought"
            f" {words.period(state['first'], state['last'])} were the shop's own brand,"
            f" {times / state['n']:.0%}; for most people it is about {self.usual:.0%}.",
            "own_brand": times,
            "of": state["n"],
            "from": state["first"],
            "to": state["last"],
            "usual_share": self.usual,
        }
        return Guess(value, honest(bands[value]), evidence)
