"""At which hours of the week? Learnt from the hours at which something was done.

The days from Monday to Friday and the weekend are looked at apart. For each, every window (some days, some
hours in a row) is a hypothesis: what a customer does falls inside evenly, but for `stray` of it, which
falls anywhere else. Bayes' rule weighs the windows; shorter ones are favoured by themselves, since they
say more. The probability that an hour is one of the customer's is that of all windows with it (Bayesian
model averaging: Hoeting, Madigan, Raftery, Volinsky, 1999). Hours that are likely enough are named, and the guess is
as sure as they are on average.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import exp, log
from typing import Any, NamedTuple

from ccx_broker.defaults.rules import tally
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import ALL, Choices, told_of
from ccx_broker.defaults.rules.interface import About, Cell, Guess, State
from ccx_broker.defaults.rules.learner import NoModels
from ccx_broker.words import word

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ((0, 1, 2, 3, 4), (5, 6))
LENGTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12)
HOURS = range(4, 28)
"""A day as it is lived: it ends at four in the morning, so that an evening is not cut in two."""
ALSO = word("On average, others do %(share)s of it in these hours.")


def hour_name(day: int, hour: int) -> str:
    """Return how an hour of the week is counted: `sat 09`. Hours from 24 on are the next day's."""
    return f"{DAYS[(day + hour // 24) % 7]} {hour % 24:02}"


NAMES = tuple(hour_name(day, hour) for day in range(7) for hour in HOURS)


class Window(NamedTuple):
    """Some hours in a row, from the `start`th of a day on, and how much an event inside and one outside tell."""

    start: int
    end: int
    inside: float
    outside: float


@cache
def windows(days: int, whole: int, stray: float) -> tuple[Window, ...]:
    """Return all windows on some days of a part of the week, which has `whole` hours."""
    return tuple(
        Window(
            start,
            start + length,
            log((1 - stray) / (days * length)),
            log(stray / (whole - days * length)),
        )
        for length in LENGTHS
        for start in range(len(HOURS) - length + 1)
    )


@dataclass(frozen=True)
class HoursOfWeek(NoModels):
    """Guesses windows of the week. The memory counts `day hour`; one event may count for several hours.

    `worth` is how many independent events any number of them can be worth: a customer who opened four
    messages in one evening has shown one evening. `likely` is when an hour is named; a part of the week with
    a share below `enough` of what is done has no window.
    """

    key: str
    memory: Choices
    message: str
    stray: float = 0.2
    worth: float = 60.0
    likely: float = 0.6
    enough: float = 0.1

    def conclude(self, about: About) -> Guess | None:
        """Return the windows of hours that are likely, or else the likeliest hour alone."""
        state = about.states.get(self.memory.name)
        if state is None or not state["n"]:
            return None
        counts = self.memory.counts(state)
        events, hours = tally.total(state, self.memory.decay), sum(counts.values())
        # An event over several hours is worth as much as any other, and many are worth less each.
        each = events / hours * self.worth / (self.worth + events)
        chances: dict[tuple[int, int], float] = {}
        for part in PARTS:
            grid = {day: [each * counts.get(hour_name(day, hour), 0.0) for hour in HOURS] for day in part}
            if sum(map(sum, grid.values())) >= self.enough * each * hours:
                chances |= hours_of(grid, self.stray)
        named = [at for at, chance in chances.items() if chance >= self.likely]
        if not named:
            named = [max(chances, key=lambda at: chances[at])]
        confidence = sum(chances[at] for at in named) / len(named)
        return Guess(as_value(named), honest(confidence), self.evidence(state, named, about))

    def evidence(self, state: State, named: Iterable[tuple[int, int]], about: About) -> dict[str, Any]:
        """Return why: how much of what was done lies in these hours, and how much of what others do."""
        names = [hour_name(day, hour) for day, hour in named]
        weights = [state["of"].get(name, (0, 0))[0] for name in names]
        total = sum(times for times, _ in state["of"].values())
        inside = round(state["n"] * sum(weights) / total) if total else 0
        typical = about.typical.get("hours", {})
        share = sum(typical.get(name, 0.0) for name in names) if typical else None
        return told_of(self.message, state, share, ALSO, times=inside)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the share of each hour in what the customer does."""
        state = states.get(self.memory.name)
        if state is None or not state["n"]:
            return {}
        total = sum(n for n, _ in state["of"].values())
        return {ALL: [1.0]} | {name: [n / total] for name, (n, _) in state["of"].items()}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return how the hours of customers are spread over the week."""
        if ALL not in cells:
            return {}
        hours = {name: cell.sums[0] for name, cell in cells.items() if name != ALL}
        total = sum(hours.values())
        return {"hours": {name: round(share / total, 5) for name, share in sorted(hours.items())}}


def hours_of(grid: Mapping[int, Sequence[float]], stray: float) -> dict[tuple[int, int], float]:
    """Return for each hour of a part of the week the probability that it is one of the customer's.

    `grid` has the counts of the hours of each day; `stray` is the share that falls outside the window.
    """
    part = tuple(grid)
    whole, total = len(part) * len(HOURS), sum(map(sum, grid.values()))
    # All days together are as likely, before anything is known, as single days are together.
    choices = [(part, 0.0), *(((day,), -log(len(part))) for day in part)]
    logs: list[float] = []
    for days, before in choices:
        sums = list(accumulate(map(sum, zip(*(grid[day] for day in days), strict=True)), initial=0.0))
        for start, end, inside, outside in windows(len(days), whole, stray):
            within = sums[end] - sums[start]
            logs.append(before + within * inside + (total - within) * outside)
    highest = max(logs)
    weights = [exp(each - highest) for each in logs]
    scale = sum(weights)
    chances = {(day, hour): 0.0 for day in part for hour in HOURS}
    left = iter(weights)
    for days, _ in choices:
        # What a window adds begins at its first hour and ends after its last.
        steps = [0.0] * (len(HOURS) + 1)
        for window in windows(len(days), whole, stray):
            weight = next(left) / scale
            steps[window.start] += weight
            steps[window.end] -= weight
        for hour, chance in zip(HOURS, accumulate(steps[:-1]), strict=True):
            for day in days:
                chances[day, hour] += chance
    return chances


def as_value(hours: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return hours as days with the same windows: `[{"days": [...], "from": "18:00", "to": "21:00"}]`."""
    by_day: dict[int, set[int]] = {}
    for day, hour in hours:
        by_day.setdefault(day, set()).add(hour)
    by_window: dict[tuple[str, str], list[str]] = {}
    for day in sorted(by_day):
        for first, last in _runs(by_day[day]):
            by_window.setdefault((_clock(first), _clock(last)), []).append(DAYS[day])
    return [{"days": days, "from": first, "to": last} for (first, last), days in by_window.items()][:21]


def _runs(hours: set[int]) -> list[tuple[int, int]]:
    """Return hours in a row as (first, end)."""
    return [
        (first, next(end for end in range(first, HOURS.stop + 1) if end not in hours))
        for first in sorted(hours)
        if first - 1 not in hours
    ]


def _clock(hour: int) -> str:
    return "24:00" if hour == 24 else f"{hour % 24:02}:00"
