"""discover.categories: what the customer buys again and again, most usual first.

Each category gets the probability that it is in a basket, from how often the customer has bought it (with
newer visits counting for more, and on the last eight visits), how often others do (ever and lately: seasons)
and how alike others are in it: a cat's food bought once will be bought again, sugar need not be. The weights
are fitted; docs/defaults.md has the formula.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from math import log1p
from typing import Any, NamedTuple

from ccx_broker.defaults.rules import shelves, words
from ccx_broker.defaults.rules.chance import at_least_once, honest, logit
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.models import linear, logistic, sigmoid
from ccx_broker.defaults.rules.shelves import SHELVES
from ccx_broker.defaults.rules.visits import VISITS, Visits, total
from ccx_broker.words import quiet

MUCH, LITTLE, LIST = "well_known", "hardly_known", "list"
"""The models: of who is known well and of who is not, and how sure a whole list is."""

EVERYWHERE = "*"
SEASON = Decay(20)
LEAST_CHANCE = 0.0005
WORTH = (0.5, 200.0)
"""The bounds of how many visits what is typical of a category is worth."""


class _Scored(NamedTuple):
    """A category, how likely it is in a basket, and the visits on which it was."""

    name: str
    chance: float
    visits: int


@dataclass(frozen=True)
class DiscoverCategories:
    """Half-lives: 150 days for the customer's visits (tastes last), 20 days for what others buy lately.

    What is typical is learnt from those with `enough` visits; of what few buy it counts for `prior` visits.
    Who has bought fewer than `well_known` lines is judged by a model of their own kind. Only what was bought
    is listed; without a fitted model only what was bought `often`, and is `likely` to be within ten visits,
    worth `ahead` independent ones: a full pantry is not filled again.
    """

    key: str = field(default="discover.categories", init=False)
    memory: Visits = VISITS
    prior: float = 2.0
    enough: int = 4
    well_known: int = 60
    longest: int = 10
    own: int = 20
    popular: int = 20
    often: int = 2
    least: int = 5
    likely: float = 0.6
    ahead: int = 8
    baskets: int = 8
    narrowest: int = 3

    @property
    def models(self) -> Mapping[str, str]:
        """Return the models of a category's chance and of the whole list's."""
        return dict.fromkeys((MUCH, LITTLE, LIST), "logistic")

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return on which share of visits each category was bought, of pairs of visits, and of the latest.

        Of the latest visits it is the weight, which newer ones have more of: seasons. Who made too few
        visits has no share to speak of.
        """
        mine, of = states[self.memory.name], states[SHELVES.name]["of"]
        n = mine["n"]
        if n < self.enough:
            return {}
        season: dict[str, float] = {}
        whole = 0.0
        for second, names in mine["lately"]:
            weight = float(SEASON.weight(second))
            whole += weight
            for name in names:
                season[name] = season.get(name, 0.0) + weight
        shares = {}
        for name, shelf in of.items():
            times = shelf[shelves.VISITS]
            shares[name] = [times / n, times * (times - 1) / (n * (n - 1)), season.get(name, 0.0)]
        return {EVERYWHERE: [whole], **shares}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return for each category, the most bought first: the share of visits on which others buy it, ever
        and lately, and how many visits of somebody's own weigh as much as that.

        Customers' shares of visits are taken to have a beta distribution, whose first two moments give the
        last number (Kleinman 1973): the less customers differ, the larger it is.
        """
        if EVERYWHERE not in cells:
            return {}
        customers, (whole,) = cells[EVERYWHERE]
        found = {}
        for name, cell in cells.items():
            if name != EVERYWHERE:
                share, again, season = cell.sums
                mean = share / customers
                variance = max(again / customers - mean**2, 1e-7)
                worth = min(max(mean * (1 - mean) / variance - 1, WORTH[0]), WORTH[1])
                found[name] = [round(mean, 6), round(season / whole, 6) if whole else 0.0, round(worth, 3)]
        return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))

    def conclude(self, about: About) -> Guess | None:
        """List the likeliest of the categories that were bought."""
        ranked = self._ranked(about)
        return self._guess(about, ranked) if ranked else None

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return ten categories; where fewer were bought, others' favourites fill the list up."""
        ranked = self._ranked(about, filled=True)
        guess = self._guess(about, ranked) if ranked else None
        if guess is None:
            return {}
        return {
            "usual_categories": {
                "value": guess.value,
                "confidence": guess.confidence,
                "served": guess.confidence >= bar,
                "evidence": dict(guess.evidence),
                "explanation": guess.evidence["sentence"],
            }
        }

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return what share of the baskets afterwards held each category, and how much of the list came."""
        model = self._model(about)
        wide = ({line.category for line in order.lines if line.category} for order in future.observations)
        baskets = [names for names in wide if len(names) >= self.narrowest][: self.baskets]
        if not baskets or not about.states[self.memory.name]["n"]:
            return
        if model not in about.models:
            # A list of ten hits a larger part of a small basket: each basket counts as one, whatever its size.
            weights = [1 / len(names) for names in baskets]
            for name, features, _ in self._features(about):
                held = sum(w for names, w in zip(baskets, weights, strict=True) if name in names)
                yield Row(model, features, held / sum(weights))
        else:
            ranked = self._ranked(about)
            if ranked:
                bought = set(future.states[SHELVES.name]["of"])
                hits = sum(scored.name in bought for scored in ranked)
                yield Row(LIST, self._sureness(about, ranked), hits / len(ranked))

    def _model(self, about: About) -> str:
        lines = about.states[SHELVES.name]["all"][shelves.A_LINES]
        return MUCH if lines >= self.well_known else LITTLE

    def _ranked(self, about: About, *, filled: bool = False) -> list[_Scored]:
        """Return what was bought, the likeliest first; or `filled` up with what others buy."""
        if not about.states[self.memory.name]["n"]:
            return []  # only visits for fuel and the like
        model = about.models.get(self._model(about))
        if model is None or not about.typical:
            return self._counted(about)
        # Of the logarithms of the odds: the few that are listed are made probabilities of.
        found = [
            (linear(model, features), name, visits)
            for name, features, visits in self._features(about, filled=filled)
        ]
        found.sort(key=lambda each: (-each[0], each[1]))
        bought = [each for each in found if each[2]][: self.longest]
        return [
            _Scored(name, sigmoid(odds), visits)
            for odds, name, visits in (found[: self.longest] if filled else bought)
        ]

    def _counted(self, about: About) -> list[_Scored]:
        """Return what was bought often enough to be likely, by the customer's own visits alone."""
        state, mine = about.states[SHELVES.name], about.states[self.memory.name]
        if mine["n"] < self.least:
            return []
        visits = total(mine) + 2.0
        found = [
            _Scored(name, (shelves.visits(shelf, state) + 0.1) / visits, shelf[shelves.VISITS])
            for name, shelf in state["of"].items()
            if shelf[shelves.VISITS] >= self.often
        ]
        likely = [s for s in found if at_least_once(s.chance, self.ahead) >= self.likely]
        return sorted(likely, key=lambda scored: (-scored.chance, scored.name))[: self.longest]

    def _features(self, about: About, *, filled: bool = True) -> Iterable[tuple[str, Sequence[float], int]]:
        """Return name, features and visits of what was bought most or lately, and of what others buy most.

        Unless it is to be `filled` up, what was never bought is left out: it would not be listed.
        """
        of, mine = about.states[SHELVES.name]["of"], about.states[self.memory.name]
        present = SHELVES.visits.weight(about.states[SHELVES.name]["at"]) or 1
        lately, weight = mine["lately"], total(mine)
        held = Counter(chain.from_iterable(names for _, names in lately))
        three = chain.from_iterable(names for _, names in lately[:3])
        most = (
            heapq.nlargest(self.own, of, key=lambda name: of[name][shelves.WEIGHT])
            if len(of) > self.own
            else of
        )
        for name in dict.fromkeys((*most, *three, *islice(about.typical, self.popular))):
            shelf = of.get(name)
            if shelf is None and not filled:
                continue
            share, season, worth = about.typical.get(name, (LEAST_CHANCE, LEAST_CHANCE, self.prior))
            prior = worth * share
            recent, times = (shelf[shelves.WEIGHT] / present, shelf[shelves.VISITS]) if shelf else (0.0, 0)
            features = (
                logit((recent + prior) / (weight + worth), LEAST_CHANCE),
                logit((held[name] + prior) / (len(lately) + worth), LEAST_CHANCE),
                _usual_odds(share),
                _usual_odds(season),
            )
            yield name, features, times

    def _sureness(self, about: About, ranked: Sequence[_Scored]) -> Sequence[float]:
        chance = sum(scored.chance for scored in ranked) / len(ranked)
        mine = about.states[self.memory.name]
        return logit(chance, LEAST_CHANCE), log1p(mine["n"]), log1p(total(mine)), float(len(ranked))

    def _guess(self, about: About, ranked: Sequence[_Scored]) -> Guess:
        mine = about.states[self.memory.name]
        model = about.models.get(LIST)
        if model is None:
            chances = [at_least_once(scored.chance, self.ahead) for scored in ranked]
            confidence = sum(chances) / len(chances)
        else:
            confidence = logistic(model, self._sureness(about, ranked))
        bought = [scored for scored in ranked if scored.visits]
        values = {"of": mine["n"], "from": mine["first"], "to": mine["last"]}
        if not bought:
            said = words.say("You bought little yet; these are what others buy most.")
        elif mine["first"] == mine["last"]:
            said = words.say("On %(from)s you bought %(most)s.", most=_counts(bought), **values)
        else:
            said = words.say(
                "On your %(of)s visits between %(from)s and %(to)s you bought %(most)s most often; recent"
                " visits count more.",
                most=_counts(bought),
                **values,
            )
        also = {}
        if bought and bought[0].name in about.typical:
            share = words.shares({"share": about.typical[bought[0].name][0]})
            also["also"] = words.say(
                "Others buy %(name)s on %(share)s of their visits.", name=quiet(bought[0].name), **share
            )
        visits = {scored.name: scored.visits for scored in bought}
        value = [scored.name for scored in ranked]
        return Guess(value, honest(confidence), {**said, **also, "visits": visits, **values})


@lru_cache(maxsize=8192)  # there are a few hundred categories, in each fold
def _usual_odds(share: float) -> float:
    return logit(share, LEAST_CHANCE)


def _counts(bought: Sequence[_Scored]) -> list[str]:
    return [f"{quiet(scored.name)} ({scored.visits})" for scored in bought[:3]]
