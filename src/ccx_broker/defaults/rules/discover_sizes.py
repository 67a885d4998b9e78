"""discover.sizes: which size fits, garment by garment: sizes kept less sizes sent back because they didn't fit.

Memory: kept and sent back per garment and size, decayed. What is sent back for another reason says nothing
about the size. Confidence: the chance that the size named is truly the one most often kept (Dirichlet
posterior, one more size imagined beside those known), averaged over the garments named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ccx_broker.defaults.rules import words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.contest import leads
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess
from ccx_broker.defaults.rules.observation import Observation

KEPT, SENT_BACK = "kept", "back"
MISFIT = frozenset(
    {"size", "too small", "too large", "too big", "too tight", "too loose", "too short", "too long", "fit"}
)
LONGEST_SIZE = 20


def _kept(observation: Observation) -> Sequence[str]:
    return _named(observation, KEPT)


def _sent_back(observation: Observation) -> Sequence[str]:
    reason = observation.properties.get("reason")
    misfit = isinstance(reason, str) and reason.casefold().replace("_", " ") in MISFIT
    return _named(observation, SENT_BACK) if misfit else ()


def _named(observation: Observation, what: str) -> Sequence[str]:
    """Return `kept|shirt|M`; nothing where garment or size is not told."""
    garment, size = (observation.properties.get(name) for name in ("garment", "size"))
    if isinstance(size, float) and not isinstance(size, bool):
        size = f"{size:g}"
    if not isinstance(garment, str) or not isinstance(size, str) or len(size) > LONGEST_SIZE:
        return ()
    return (f"{what}|{garment.casefold().replace('|', ' ')}|{size.replace('|', ' ')}",)


@dataclass(frozen=True)
class DiscoverSizes:
    """Half-life 730 days: bodies change slowly. A garment is named if its size is likelier than `likely`."""

    key: str = field(default="discover.sizes", init=False)
    memory: Choices = field(
        default=Choices(
            "discover.sizes", {"Size Kept": _kept, "Product Returned": _sent_back}, Decay(730), cap=128
        )
    )
    prior: float = 0.4
    likely: float = 0.75
    longest: int = 50

    def conclude(self, about: About) -> Guess | None:
        """Return the size of each garment of which one is likely, or else of the likeliest garment alone."""
        state = about.states.get(self.memory.name)
        if state is None:
            return None
        fits: dict[str, dict[str, float]] = {}
        for name, count in self.memory.counts(state).items():
            what, garment, size = name.split("|")
            of = fits.setdefault(garment, {})
            of[size] = of.get(size, 0.0) + (count if what == KEPT else -count)
        best = {garment: self._best(sizes) for garment, sizes in fits.items() if max(sizes.values()) > 0}
        if not best:
            return None
        ranked = sorted(best, key=lambda garment: (-best[garment][1], garment))
        named = [g for g in ranked if best[g][1] >= self.likely][: self.longest] or ranked[:1]
        value = {garment: best[garment][0] for garment in sorted(named)}
        chance = sum(best[garment][1] for garment in named) / len(named)
        kept, back = (
            sum(state["of"].get(f"{what}|{g}|{size}", (0, 0))[0] for g, size in value.items())
            for what in (KEPT, SENT_BACK)
        )
        evidence = words.say(
            "Between %(since)s and %(until)s you kept %(kept)s things in these sizes and sent %(back)s back.",
            kept=kept,
            back=back,
            since=state["first"],
            until=state["last"],
        )
        numbers = {"kept": kept, "sent_back": back, "from": state["first"], "to": state["last"]}
        return Guess(value, honest(chance), {**evidence, **numbers})

    def _best(self, sizes: dict[str, float]) -> tuple[str, float]:
        """Return the size that fits most often, and the chance that it is truly that."""
        size = max(sizes, key=lambda each: (sizes[each], each))
        rivals = [max(count, 0.0) + self.prior for each, count in sizes.items() if each != size]
        return size, leads(sizes[size] + self.prior, [*rivals, self.prior])
