"""buy.day_time: when the customer shops: the time of day, the day of the week, or both.

Remembers visits per weekday and per time of day, decayed, by the shop's local clock. Where the customer's own
visits are few, those of the other customers of their branches fill in: a branch beside offices is busy at
noon. Value: `{day, slot}`, null for the one that doesn't stand out. docs/defaults.md has the formula.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log1p, sqrt
from typing import Any, NamedTuple, Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.buy_store import BuyStore
from ccx_broker.defaults.rules.chance import honest, leading, logit
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.models import logistic
from ccx_broker.defaults.rules.observation import ORDER, Observation
from ccx_broker.words import word

DAYS = {
    "mon": word("Mondays"),
    "tue": word("Tuesdays"),
    "wed": word("Wednesdays"),
    "thu": word("Thursdays"),
    "fri": word("Fridays"),
    "sat": word("Saturdays"),
    "sun": word("Sundays"),
}
# The first hour of each slot; night runs over midnight.
SLOTS = {"morning": 5, "midday": 11, "afternoon": 14, "evening": 17, "night": 20}
HOURS = {
    "morning": word("in the morning (5 to 11)"),
    "midday": word("around midday (11 to 14)"),
    "afternoon": word("in the afternoon (14 to 17)"),
    "evening": word("in the evening (17 to 20)"),
    "night": word("at night (20 to 5)"),
}
NAMES: Mapping[str, tuple[str, ...]] = {"slot": tuple(SLOTS), "day": tuple(DAYS)}
EVERYWHERE = "*"

HALF_LIFE = Decay(365)


def slot_of(hour: int) -> str:
    """Return the slot of a local hour, 0 to 23."""
    return next((slot for slot, first in reversed(SLOTS.items()) if hour >= first), "night")


class Leader(NamedTuple):
    """The name with the largest share, its visits, how likely it stays in front, and others' share in it."""

    name: str
    visits: int
    features: Sequence[float]
    chance: float
    usual: float | None


@dataclass(frozen=True)
class BuyDayTime:
    """Half-life 365 days: a week's rhythm changes with a job, not with a season.

    The other customers count for `slot_prior` and `day_prior` visits, and a branch is trusted to differ from
    all as far as its customers outweigh `branch_prior`. Without fitted models any number of visits proves no
    more than `slot_worth` and `day_worth` independent ones, and nothing is said before `least`.
    """

    key: str = field(default="buy.day_time", init=False)
    decay: Decay = HALF_LIFE
    stores: BuyStore = field(default_factory=BuyStore)
    slot_prior: float = 10.0
    day_prior: float = 20.0
    branch_prior: float = 5.0
    slot_worth: float = 15.0
    day_worth: float = 8.0
    least: int = 5
    together: float = 0.6
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
        """Return what it learns from: itself, and the memory of the branches."""
        return self

    @property
    def models(self) -> Mapping[str, str]:
        """Return the models that say how sure it may be."""
        return dict.fromkeys(NAMES, "logistic")

    def start(self) -> State:
        """Return the state of a customer of whom no visit is known."""
        return {part: tally.empty() for part in NAMES}

    def update(self, state: State, observation: Observation) -> State:
        """Count an order's weekday and slot; without a known local time there is nothing to learn."""
        local = observation.local
        if not observation.is_order or local is None:
            return state
        seen = {"slot": slot_of(local.hour), "day": NAMES["day"][local.weekday()]}
        return {
            part: tally.add(state[part], [name], observation, self.decay, tries=1, cap=7)
            for part, name in seen.items()
        }

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the customer's shares of slots and days, for each branch weighted by their share there."""
        own = [
            count / max(sum(counts), 1e-9)
            for counts in (self._counts(states[self.name], part) for part in NAMES)
            for count in counts
        ]
        branches = self._branches(states)
        return {
            name: [weight, *(weight * share for share in own)]
            for name, weight in ((EVERYWHERE, 1.0), *branches.items())
            if weight > 0.001
        }

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the shares of slots and days, everywhere and for each branch."""
        if EVERYWHERE not in cells:
            return {}
        weight, *sums = cells[EVERYWHERE].sums
        usual = [total / weight for total in sums]
        largest = sorted(cells.items(), key=lambda cell: (-cell[1].customers, cell[0]))[: self.most_stores]
        return {
            name: [
                round((total + self.branch_prior * share) / (cell.sums[0] + self.branch_prior), 4)
                for total, share in zip(cell.sums[1:], usual, strict=True)
            ]
            for name, cell in sorted(largest)
        }

    def conclude(self, about: About) -> Guess | None:
        """Say day and slot if both together are likely enough, else the likelier of the two."""
        state = about.states[self.name]
        if not state["slot"]["n"]:
            return None
        slot, day = self.leader(about, "slot"), self.leader(about, "day")
        both = slot.chance * day.chance
        if both >= self.together:
            return self._guess(state, {"day": day.name, "slot": slot.name}, both, slot, day)
        if slot.chance >= day.chance:
            return self._guess(state, {"day": None, "slot": slot.name}, slot.chance, slot, None)
        return self._guess(state, {"day": day.name, "slot": None}, day.chance, None, day)

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return slot and day apart."""
        state = about.states[self.name]
        if not state["slot"]["n"]:
            return {}
        slot, day = self.leader(about, "slot"), self.leader(about, "day")
        guesses = {
            "shopping_slot": self._guess(state, slot.name, slot.chance, slot, None),
            "shopping_day": self._guess(state, day.name.capitalize(), day.chance, None, day),
        }
        return {
            name: {
                "value": guess.value,
                "confidence": guess.confidence,
                "served": guess.confidence >= bar,
                "evidence": dict(guess.evidence),
                "explanation": guess.evidence["sentence"],
            }
            for name, guess in guesses.items()
        }

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether the slot and the day that would be said were the most frequent ones afterwards."""
        coming = future.states.get(self.name)
        if coming is None or not about.states[self.name]["slot"]["n"]:
            return
        for part in NAMES:
            if coming[part]["n"] >= self.hold_out_visits:
                after = {name: times for name, (times, _) in coming[part]["of"].items()}
                leader = self.leader(about, part)
                yield Row(part, leader.features, float(after.get(leader.name, 0) == max(after.values())))

    def leader(self, about: About, part: str) -> Leader:
        """Return the slot or the day with the largest share, a part of it what is usual at these branches."""
        names, counted = NAMES[part], about.states[self.name][part]
        counts = self._counts(about.states[self.name], part)
        prior = self.slot_prior if part == "slot" else self.day_prior
        usual = self._usual(about, part)
        visits = sum(counts)
        shares = [
            (count + prior * share) / (visits + prior) for count, share in zip(counts, usual, strict=True)
        ]
        best = max(range(len(names)), key=shares.__getitem__)
        second = max(share for i, share in enumerate(shares) if i != best)
        features = (
            logit(shares[best], 0.005),
            (shares[best] - second) * sqrt(visits + 5),
            log1p(counted["n"]),
        )
        model = about.models.get(part)
        chance = self._unfitted(counts, best, part) if model is None else logistic(model, features)
        times, _ = counted["of"].get(names[best], (0, 0))
        return Leader(names[best], times, features, chance, usual[best] if about.typical else None)

    def _counts(self, state: State, part: str) -> list[float]:
        of, present = state[part]["of"], self.decay.weight(state[part]["at"]) or 1
        return [of[name][1] / present if name in of else 0.0 for name in NAMES[part]]

    def _branches(self, states: Mapping[str, State]) -> dict[str, float]:
        """Return the share of the customer's visits that each of their branches has."""
        state = states.get(self.stores.name)
        if state is None:
            return {}
        whole = sum(weight for _, weight in state["of"].values())
        return {name: weight / whole for name, (_, weight) in state["of"].items()} if whole else {}

    def _usual(self, about: About, part: str) -> list[float]:
        """Return the shares that are usual at the customer's branches."""
        at, to = (0, len(SLOTS)) if part == "slot" else (len(SLOTS), len(SLOTS) + len(DAYS))
        everywhere = about.typical.get(EVERYWHERE)
        if everywhere is None:
            return [1 / (to - at)] * (to - at)
        usual = [0.0] * (to - at)
        for name, weight in self._branches(about.states).items() or ((EVERYWHERE, 1.0),):
            for i, share in enumerate(about.typical.get(name, everywhere)[at:to]):
                usual[i] += weight * share
        return usual

    def _unfitted(self, counts: Sequence[float], best: int, part: str) -> float:
        """Return the chance that it truly leads: a Dirichlet posterior with bounded evidence."""
        visits = sum(counts)
        if visits < self.least * 0.9:
            return 0.0
        worth = self.slot_worth if part == "slot" else self.day_worth
        each = worth / (worth + visits)
        rest = [count * each for i, count in enumerate(counts) if i != best]
        return leading([counts[best] * each, *rest], 1.0)

    def _guess(
        self, state: State, value: Any, chance: float, slot: Leader | None, day: Leader | None
    ) -> Guess:
        visits, first, last = (state["slot"][field] for field in ("n", "first", "last"))
        values: dict[str, Any] = {"of": visits, "from": first, "to": last}
        also = {}
        if slot is not None and day is not None:
            pattern = word(
                "Of your %(of)s visits between %(from)s and %(to)s, %(in_slot)s were %(hours)s"
                " and %(on_day)s on %(days)s."
            )
        elif slot is not None:
            pattern = word("Of your %(of)s visits between %(from)s and %(to)s, %(in_slot)s were %(hours)s.")
        else:
            pattern = word("Of your %(of)s visits between %(from)s and %(to)s, %(on_day)s were on %(days)s.")
        plain = dict(values)
        if slot is not None:
            values |= {"in_slot": slot.visits, "hours": HOURS[slot.name]}
            plain["in_slot"] = slot.visits
        if day is not None:
            values |= {"on_day": day.visits, "days": DAYS[day.name]}
            plain["on_day"] = day.visits
        usual = (slot or day or _NOBODY).usual
        if usual is not None:
            also["also"] = words.say(
                word("Of others' visits to the same stores, %(share)s are at that time.")
                if slot
                else word("Of others' visits to the same stores, %(share)s are on that day."),
                **words.shares({"share": usual}),
            )
        return Guess(value, honest(chance), {**words.say(pattern, **values), **also, **plain})


_NOBODY = Leader("", 0, (), 0.0, None)
