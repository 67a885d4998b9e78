"""buy.day_time: when the customer shops: the time of day, the day of the week, or both.

State: visits per weekday and per slot, decayed, both by the shop's local clock. Value: `{day, slot}`, null
for the one that doesn't stand out. Confidence: the chance that what is named is truly the most frequent.
"""

from dataclasses import dataclass, field
from typing import Self

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import honest, leading
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess, State
from ccx_broker.defaults.rules.observation import ORDER, Observation

DAYS = {
    "mon": "Mondays",
    "tue": "Tuesdays",
    "wed": "Wednesdays",
    "thu": "Thursdays",
    "fri": "Fridays",
    "sat": "Saturdays",
    "sun": "Sundays",
}
# The first hour of each slot; night runs over midnight.
SLOTS = {"morning": 5, "midday": 11, "afternoon": 14, "evening": 17, "night": 20}
HOURS = {
    "morning": "were in the morning (5 to 11)",
    "midday": "were around midday (11 to 14)",
    "afternoon": "were in the afternoon (14 to 17)",
    "evening": "were in the evening (17 to 20)",
    "night": "were at night (20 to 5)",
}


def slot_of(hour: int) -> str:
    """Return the slot of a local hour, 0 to 23."""
    return next((slot for slot, first in reversed(SLOTS.items()) if hour >= first), "night")


HALF_LIFE = Decay(365)


@dataclass(frozen=True)
class BuyDayTime:
    """Half-life 365 days: a week's rhythm changes with a job, not with a season.

    `worth` bounds what any number of visits can prove, about the day and about the slot: a rhythm of this
    year is no law for the next months, so more visits make a guess surer only up to a point.
    """

    key: str = field(default="buy.day_time", init=False)
    decay: Decay = HALF_LIFE
    prior: float = 1.0
    day_worth: float = 8.0
    slot_worth: float = 15.0
    least: int = 5
    together: float = 0.6

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
        return {"day": tally.empty(), "slot": tally.empty()}

    def update(self, state: State, observation: Observation) -> State:
        """Count an order's weekday and slot; without a known local time there is nothing to learn."""
        local = observation.local
        if not observation.is_order or local is None:
            return state
        seen = {"day": tuple(DAYS)[local.weekday()], "slot": slot_of(local.hour)}
        return {
            part: tally.add(state[part], [name], observation, self.decay, tries=1, cap=7)
            for part, name in seen.items()
        }

    def conclude(self, about: About) -> Guess | None:
        """Offer day and slot if both together are likely enough, else the likelier of the two."""
        state = about.states[self.name]
        if state["slot"]["n"] < self.least:
            return None
        day, day_times, day_chance = self._leader(state["day"], len(DAYS), self.day_worth)
        slot, slot_times, slot_chance = self._leader(state["slot"], len(SLOTS), self.slot_worth)
        told = {"day": f"{day_times} on {DAYS[day]}", "slot": f"{slot_times} {HOURS[slot]}"}
        choices: list[tuple[dict[str, str | None], float, str]] = [
            ({"day": day, "slot": slot}, day_chance * slot_chance, f"{told['slot']} and {told['day']}"),
            ({"day": None, "slot": slot}, slot_chance, told["slot"]),
            ({"day": day, "slot": None}, day_chance, told["day"]),
        ]
        both, *alone = choices
        value, confidence, counted = both if both[1] >= self.together else max(alone, key=lambda c: c[1])
        visits, first, last = state["slot"]["n"], state["slot"]["first"], state["slot"]["last"]
        evidence = {
            "sentence": f"Of your {visits} visits {words.period(first, last)}, {counted}.",
            **({"on_day": day_times} if value["day"] else {}),
            **({"in_slot": slot_times} if value["slot"] else {}),
            "of": visits,
            "from": first,
            "to": last,
        }
        return Guess(value, honest(confidence), evidence)

    def _leader(self, counted: tally.Tally, kinds: int, worth: float) -> tuple[str, int, float]:
        """Return the most frequent name, its visits, and the chance that it truly leads all `kinds`."""
        names = tally.ranked(counted, self.decay)
        each = worth / (worth + tally.total(counted, self.decay))
        counts = [count * each for _, _, count in names]
        unseen = [0.0] * (kinds - len(names))
        return names[0][0], names[0][1], leading([*counts, *unseen], self.prior)
