"""buy.replenish: after how many days a kind of thing is needed again.

Memory: visits with each category, decayed. How often somebody buys a category is a Poisson process whose
rate has a gamma prior around what is typical of the category and of the customer (Ehrenberg, "The pattern
of consumer purchases", Applied Statistics 1959; Fader & Hardie, "A note on the gamma-Poisson model",
2005). The days until the next purchase are then the fitted median of what followed in the backtest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp, log
from typing import Any, NamedTuple

from ccx_broker.defaults.rules import models, words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.decay import DAY
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.shelves import SHELVES, VISITS, WEIGHT, Shelves
from ccx_broker.words import quiet

LONGEST = 35
"""Days that a gap is followed for; a longer one counts as this long."""

CLOSE = 7
"""A guess is right if the thing is bought again at most so many days earlier or later than it says."""

DAYS, SURE = "days", "sure"


class Pace(NamedTuple):
    """How often a customer buys a category: visits ever, visits a day, and what is usual among buyers."""

    name: str
    times: int
    rate: float
    usual: float


@dataclass(frozen=True)
class BuyReplenish:
    """`worth` is how many visits the typical rate counts for, `usual` one where nothing is typical yet.

    `steady` is how many visits it takes until a customer's own tempo counts half. Of the
    `longest` most frequent categories those are told that were bought `least` times and reach `likely`; the
    backtest learns from those that were bought `known` times.
    """

    key: str = field(default="buy.replenish", init=False)
    memory: Shelves = SHELVES
    worth: float = 1.5
    steady: float = 3.0
    usual: float = 1 / 60
    known: int = 3
    least: int = 5
    longest: int = 8
    likely: float = 0.6
    models: Mapping[str, str] = field(
        default_factory=lambda: {DAYS: "median", SURE: "logistic"}, compare=False
    )

    def paces(self, state: State, typical: Mapping[str, Any], most: int | None = None) -> list[Pace]:
        """Return how often each category is bought, the most frequent first, `most` of them at most."""
        if not state["n"]:
            return []
        rates, usual, of = typical.get("rates", {}), self.usual, state["of"]
        present = max(self.memory.visits.weight(state["at"]), 1)
        days = self.days_known(state)
        bought = sum(shelf[WEIGHT] for shelf in of.values()) / present
        expected = sum(rates.get(name, usual) for name in of) * days
        tempo = (bought + self.steady) / (expected + self.steady)
        found = []
        for name, shelf in sorted(of.items(), key=_heaviest_first)[:most]:
            typically = rates.get(name, usual)
            worth = self.worth / (typically * tempo)
            rate = (shelf[WEIGHT] / present + self.worth) / (days + worth)
            found.append(Pace(name, shelf[VISITS], rate, typically))
        return found

    def days_known(self, state: State) -> float:
        """Return for how many days the customer is known, decayed as the visits are."""
        lately: float = 0.5 ** (1 / self.memory.visits.half_life_days)
        known = state["at"] / DAY - (date.fromisoformat(state["first"]) - date(1970, 1, 1)).days
        return float((1 - lately ** max(known, 1.0)) / (1 - lately))

    def days(self, pace: Pace, fitted: Mapping[str, Any]) -> float:
        """Return the median of the days until the next purchase, 1 to `LONGEST`."""
        median = min(log(2) / pace.rate, LONGEST)
        if DAYS in fitted:
            median = models.linear(fitted[DAYS], (-log(pace.rate), median))
        return min(max(median, 1.0), LONGEST)

    def chance(self, days: float, pace: Pace, fitted: Mapping[str, Any]) -> float:
        """Return the chance that the next purchase is `CLOSE` to that day."""
        if SURE in fitted:
            return models.logistic(fitted[SURE], (days, log(days), -log(pace.rate)))
        return exp(-pace.rate * max(days - CLOSE, 0)) - exp(-pace.rate * (days + CLOSE))

    def conclude(self, about: About) -> Guess | None:
        """Return the days of those categories that come again regularly enough; else of the best one.

        What takes longer than `LONGEST` less `CLOSE` days is not listed: nobody could say that it is right.
        """
        state = about.states[self.memory.name]
        listed: dict[str, tuple[int, float, Pace]] = {}
        for pace in self.paces(state, about.typical, self.longest):
            days = round(self.days(pace, about.models))
            if pace.times >= self.least and days <= LONGEST - CLOSE:
                listed[pace.name] = (days, self.chance(days, pace, about.models), pace)
        if not listed:
            return None
        sure = {name: found for name, found in listed.items() if found[1] >= self.likely}
        if not sure:
            name = max(listed, key=lambda name: listed[name][1])
            sure = {name: listed[name]}
        confidence = sum(chance for _, chance, _ in sure.values()) / len(sure)
        value = {name: days for name, (days, _, _) in sure.items()}
        evidence = _evidence(state, value, [pace for *_, pace in sure.values()], about.typical)
        return Guess(value, honest(confidence), evidence)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return, for each category that the customer buys, their visits and the days they are known for."""
        state = states.get(self.memory.name)
        if state is None or not state["n"]:
            return {}
        present, days = max(self.memory.visits.weight(state["at"]), 1), self.days_known(state)
        return {name: (shelf[WEIGHT] / present, days) for name, shelf in state["of"].items()}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return, for each category, the visits a day of those who buy it."""
        return {"rates": {name: round(cell.sums[0] / cell.sums[1], 6) for name, cell in cells.items()}}

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Yield, for what was bought `known` times and again soon, the days until the time after that."""
        gaps = gaps_after(future)
        for pace in self.paces(about.states[self.memory.name], about.typical):
            if pace.times >= self.known and pace.name in gaps:
                gap, log_gap = gaps[pace.name], -log(pace.rate)
                yield Row(DAYS, (log_gap, min(log(2) / pace.rate, LONGEST)), gap)
                if DAYS in about.models:
                    days = round(self.days(pace, about.models))
                    if days <= LONGEST - CLOSE:
                        yield Row(SURE, (days, log(days), log_gap), abs(gap - days) <= CLOSE)

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return the days of every category that was bought at least twice."""
        found = {}
        for pace in self.paces(about.states[self.memory.name], about.typical):
            if pace.times >= 2:
                days = self.days(pace, about.models)
                chance = honest(self.chance(days, pace, about.models))
                found[pace.name] = {"days": round(days, 2), "confidence": chance, "served": chance >= bar}
        return {"replenishment": found}


def _heaviest_first(item: tuple[str, Sequence[int]]) -> tuple[int, str]:
    return -item[1][WEIGHT], item[0]


def gaps_after(future: Future) -> dict[str, int]:
    """Return, by category, the days from the first to the next purchase, at most `LONGEST`.

    Only of those first purchases that could be followed so long: a gap that the end cuts off would look
    shorter, and of the gaps that span the beginning the long ones are too many.
    """
    end = future.until.date().toordinal()
    days: dict[str, set[int]] = {}
    for observation in future.observations:
        day = date.fromisoformat(observation.day).toordinal()
        for line in observation.lines:
            if line.category:
                days.setdefault(line.category, set()).add(day)
    gaps = {}
    for name, on in days.items():
        first, *later = sorted(on)
        if first + LONGEST <= end:
            gaps[name] = min(later[0] - first, LONGEST) if later else LONGEST
    return gaps


def _evidence(
    state: State, value: Mapping[str, int], paces: Sequence[Pace], typical: Mapping[str, Any]
) -> dict[str, Any]:
    first, rates = paces[0], typical.get("rates", {})
    usual = {pace.name: round(1 / pace.usual) for pace in paces if pace.name in rates}
    what = {
        "since": state["first"],
        "until": state["last"],
        "what": quiet(first.name),
        "times": first.times,
        "of": state["n"],
        "days": value[first.name],
    }
    if first.name in usual:
        said = words.say(
            "You bought %(what)s on %(times)s of your %(of)s visits between %(since)s and %(until)s."
            " By the recent ones it is needed again after about %(days)s days;"
            " others who buy it take about %(usual)s days on average.",
            **what,
            usual=usual[first.name],
        )
    else:
        said = words.say(
            "You bought %(what)s on %(times)s of your %(of)s visits between %(since)s and %(until)s."
            " By the recent ones it is needed again after about %(days)s days.",
            **what,
        )
    return {
        **said,
        "visits": {pace.name: pace.times for pace in paces},
        "usual_days": usual,
        "days_either_way": CLOSE,
        "of": state["n"],
        "from": state["first"],
        "to": state["last"],
    }
