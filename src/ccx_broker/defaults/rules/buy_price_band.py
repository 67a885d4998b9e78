"""buy.price_band: what the customer usually pays for one of a kind of thing, and what at most.

Memory: the latest prices paid, by category. They are mixed with the deciles of what others pay for it,
moved to where this customer's prices lie in general; the less those who buy the category differ from each
other, the more weight the others have (an empirical Bayes mixture: Robbins 1956; Efron & Morris 1975). The
backtest says how often later prices really lie in the middle four fifths of that mixture.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, log
from typing import Any

from ccx_broker.defaults.rules import mixture, models, words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.price_census import MIDDLE, distilled, share_of
from ccx_broker.defaults.rules.prices import MILLI, PARTS, PRICES, Prices, latest_lines, prices_of
from ccx_broker.words import quiet

INSIDE = "inside"
LEVELS = (0.1, 0.5, 0.9)
DAYS = 24 * 60
CENT = 0.01
UNKNOWN = tuple(0.45 * z for z in (-1.64, -1.04, -0.67, -0.39, -0.13, 0.13, 0.39, 0.67, 1.04, 1.64))
"""How the logarithms of prices spread around a customer's mean where nothing is known of others."""

Curve = tuple[list[float], list[float]]


@lru_cache(maxsize=8192)  # shops have few different prices
def log_of(price: int) -> float:
    """Return the natural logarithm of a price in parts."""
    return log(price / PARTS)


@dataclass(frozen=True)
class BuyPriceBand:
    """Half-life 180 days: prices and habits drift.

    `follow` is how much of the customer's general price level applies to one category, `lines` and
    `categories` how many of each it takes to believe in it. A band is worth a look from `known` lines on;
    of the categories with at least `least` the `longest` fullest are told; the `telling` fullest
    tell how dear the customer buys.
    """

    key: str = field(default="buy.price_band", init=False)
    memory: Prices = PRICES
    half_life_days: float = 180.0
    follow: float = 0.7
    lines: float = 2.0
    categories: float = 3.0
    unknown: float = 2.5
    known: int = 3
    least: int = 5
    longest: int = 5
    telling: int = 24
    models: Mapping[str, str] = field(default_factory=lambda: {INSIDE: "logistic"}, compare=False)

    def level(self, state: State, typical: Mapping[str, Any]) -> float:
        """Return how much dearer than others (as a logarithm) the customer buys, whatever it is."""
        apart, behind = 0.0, self.categories
        for name in self.fullest(state, self.known)[: self.telling]:
            lines, logs, *_ = state["of"][name]
            others = typical.get(name)
            if others:
                trust = lines / (lines + self.lines)
                apart += trust * (logs / lines / MILLI - others[MIDDLE])
                behind += trust
        return self.follow * apart / behind

    def curve(self, name: str, state: State, typical: Mapping[str, Any], level: float) -> Curve:
        """Return the distribution of the logarithm of the next price."""
        lines, logs, *_ = priced = state["of"][name]
        latest = latest_lines(priced)
        others = typical.get(name)
        if others:
            worth, _, *deciles = others
            points = [(decile + level, worth / len(deciles)) for decile in deciles]
        else:
            mean = logs / lines / MILLI
            points = [(mean + apart, self.unknown / len(UNKNOWN)) for apart in UNKNOWN]
        together: dict[int, int] = {}
        for minute, _ in latest:
            together[minute] = together.get(minute, 0) + 1
        now, life = state["at"], DAYS * self.half_life_days
        weights = {minute: 0.5 ** ((now - minute) / life) / count**0.5 for minute, count in together.items()}
        points += [(log_of(price), weights[minute]) for minute, price in latest]
        return mixture.curve(points)

    def band(self, curve: Curve) -> tuple[float, float, float]:
        """Return the lowest, the usual and the highest price: of ten prices eight lie between."""
        values, levels = curve
        low, middle, high = (exp(mixture.at(levels, values, level)) for level in LEVELS)
        return low, middle, high

    def fullest(self, state: State, least: int) -> list[str]:
        """Return the categories with at least so many lines, the fullest first."""
        found = [(-of[0], name) for name, of in state["of"].items() if of[0] >= least]
        return [name for _, name in sorted(found)]

    def conclude(self, about: About) -> Guess | None:
        """Return the usual price and the one that nine of ten stay below, of the fullest categories.

        It is right where the next price lies in the band. A category bought in two currencies is told in
        the one used more.
        """
        state = about.states[self.memory.name]
        level = self.level(state, about.typical)
        value: dict[str, dict[str, Any]] = {}
        names: dict[str, str] = {}
        chances = []
        for name in self.fullest(state, self.least)[: self.longest]:
            currency, _, category = name.partition("/")
            if category in value:
                continue
            _, usual, high = self.band(self.curve(name, state, about.typical, level))
            value[category] = {"usual": round(usual, 2), "highest": round(high, 2)} | (
                {"currency": currency} if currency else {}
            )
            names[category] = name
            chances.append(self.chance(state["of"][name][0], about.models))
        if not value:
            return None
        return Guess(value, honest(sum(chances) / len(chances)), self._evidence(state, value, names, about))

    def chance(self, lines: int, fitted: Mapping[str, Any]) -> float:
        """Return the chance that the next price lies in the band, by how many prices are known."""
        return models.logistic(fitted[INSIDE], (log(lines),)) if INSIDE in fitted else LEVELS[2] - LEVELS[0]

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return what the customer paid, by category: see `price_census`."""
        state = states.get(self.memory.name)
        return {} if state is None else {name: share_of(prices_of(of)) for name, of in state["of"].items()}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return by category what others' prices are worth, their middle and their deciles."""
        return {name: distilled(cell) for name, cell in cells.items()}

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Yield, for what was bought before and after, whether a later price lies in the band."""
        state, coming = about.states[self.memory.name], future.states.get(self.memory.name)
        if coming is None:
            return
        level = self.level(state, about.typical)
        for name in self.fullest(state, self.known):
            if name not in coming["of"]:
                continue
            low, _, high = self.band(self.curve(name, state, about.typical, level))
            prices = prices_of(coming["of"][name])
            for price in (prices[0], prices[-1]):
                inside = low - CENT / 2 <= price / PARTS <= high + CENT / 2
                yield Row(INSIDE, (log(state["of"][name][0]),), inside)

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return the bands of all categories with enough lines."""
        state = about.states[self.memory.name]
        level = self.level(state, about.typical)
        found: dict[str, dict[str, Any]] = {}
        for name in self.fullest(state, self.known):
            band = self.band(self.curve(name, state, about.typical, level))
            prices = dict(zip(("p10", "p50", "p90"), (round(price, 4) for price in band), strict=True))
            chance = honest(self.chance(state["of"][name][0], about.models))
            found.setdefault(name.partition("/")[2], prices | {"confidence": chance, "served": chance >= bar})
        return {"price_range": found}

    def _evidence(
        self, state: State, value: Mapping[str, Any], names: Mapping[str, str], about: About
    ) -> dict[str, Any]:
        first = next(iter(value))
        others = about.typical.get(names[first])
        what = {
            "since": state["first"],
            "until": state["last"],
            "what": quiet(first),
            "lines": state["of"][names[first]][0],
            "usual": value[first]["usual"],
            "highest": value[first]["highest"],
        }
        said = (
            words.say(
                "Between %(since)s and %(until)s you bought %(what)s %(lines)s times. Half of the time one costs"
                " you at most %(usual)s, nine times of ten at most %(highest)s; others pay about %(others)s.",
                **what,
                others=round(exp(others[MIDDLE]), 2),
            )
            if others
            else words.say(
                "Between %(since)s and %(until)s you bought %(what)s %(lines)s times. Half of the time one costs"
                " you at most %(usual)s, nine times of ten at most %(highest)s.",
                **what,
            )
        )
        lines = {category: state["of"][name][0] for category, name in names.items()}
        return {**said, "lines": lines, "from": state["first"], "to": state["last"]}
