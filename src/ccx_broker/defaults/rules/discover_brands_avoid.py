"""discover.brands_avoid: which brands the customer would rather not see, by what they hide, wave away and look at.

Memory: per brand what was hidden, waved away and followed, decayed. A brand is avoided or it is not; Bayes'
rule tells how probably, from how customers treat brands of either sort (as in `kinds`). Confidence: the
share of the list that is truly avoided, as expected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log

from ccx_broker.defaults.rules import words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import Choices, Reader
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess
from ccx_broker.defaults.rules.kinds import Answers, log_of_answers
from ccx_broker.defaults.rules.observation import Observation

HIDDEN, AWAY, FOLLOWED = "hidden", "away", "followed"
AVOIDED: Answers = {HIDDEN: 0.45, AWAY: 0.5, FOLLOWED: 0.05}
NOT_AVOIDED: Answers = {HIDDEN: 0.005, AWAY: 0.395, FOLLOWED: 0.6}


def _did(what: str) -> Reader:
    """Return a reader of the brand that something was done to: `hidden|Acme`."""

    def read(observation: Observation) -> Sequence[str]:
        brand = observation.properties.get("brand")
        return (f"{what}|{brand}",) if isinstance(brand, str) else ()

    return read


@dataclass(frozen=True)
class DiscoverBrandsAvoid:
    """Half-life 365 days. `prior` is how many of the brands that a customer meets they avoid."""

    key: str = field(default="discover.brands_avoid", init=False)
    memory: Choices = field(
        default=Choices(
            "discover.brands_avoid",
            {
                "Brand Hidden": _did(HIDDEN),
                "Brand Shown Again": _did(FOLLOWED),
                "Product Clicked": _did(FOLLOWED),
                "Product Added": _did(FOLLOWED),
                "Recommendation Clicked": _did(FOLLOWED),
                "Recommendation Dismissed": _did(AWAY),
            },
            Decay(365),
            cap=256,
        )
    )
    prior: float = 0.03
    firmness: float = 6.0
    likely: float = 0.7
    longest: int = 100

    def conclude(self, about: About) -> Guess | None:
        """Return the brands that are probably avoided, or else the one that most probably is."""
        state = about.states.get(self.memory.name)
        if state is None:
            return None
        done: dict[str, dict[str, float]] = {}
        for name, count in self.memory.counts(state).items():
            what, _, brand = name.partition("|")
            done.setdefault(brand, {})[what] = count
        chances = {
            brand: self._avoided(given)
            for brand, given in done.items()
            if FOLLOWED not in given or len(given) > 1
        }
        if not chances:
            return None
        ranked = sorted(chances, key=lambda brand: (-chances[brand], brand))
        named = [brand for brand in ranked if chances[brand] >= self.likely][: self.longest] or ranked[:1]
        chance = sum(chances[brand] for brand in named) / len(named)
        hidden, away = (
            sum(state["of"].get(f"{what}|{brand}", (0, 0))[0] for brand in named) for what in (HIDDEN, AWAY)
        )
        evidence = words.say(
            "Between %(since)s and %(until)s you hid %(brands)s %(hidden)s times and waved away"
            " %(away)s suggestions of it.",
            brands=named[:3],
            hidden=hidden,
            away=away,
            since=state["first"],
            until=state["last"],
        )
        numbers = {"hidden": hidden, "waved_away": away, "from": state["first"], "to": state["last"]}
        return Guess(named, honest(chance), {**evidence, **numbers})

    def _avoided(self, given: Mapping[str, float]) -> float:
        """Return the probability that a brand to which this was done is avoided."""
        for_it = log(self.prior) + log_of_answers(given, AVOIDED, self.firmness)
        against = log(1 - self.prior) + log_of_answers(given, NOT_AVOIDED, self.firmness)
        return 1 / (1 + exp(min(against - for_it, 700)))
