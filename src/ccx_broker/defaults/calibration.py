"""Learns from all customers together: what is typical, and by a backtest how sure each guess may be.

The backtest stands at two days in the past. What was known of a customer by then is set against what they
did in the weeks after it, for their whole history and for its last few lines, as if they had only just come.
Out of it come sums over many customers and fitted numbers; nothing of any one customer is kept.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from ccx_broker.defaults.fitting import fit
from ccx_broker.defaults.rules import ESTIMATORS, learn_from
from ccx_broker.defaults.rules.interface import About, Future, Learner, Progress, Row
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import FOLDS, Population, View, cells_of_others

HOLD_OUT = timedelta(days=63)
"""How long a future the backtest looks at: nine weeks, so that weekly habits show nine times."""

STANDS = 2
"""How often it looks, each time one `HOLD_OUT` further back. Seasons differ: what two of them have in common
is surer than what one of them shows, and there are twice the examples. The level is that of the latest."""

THIN = (10, 30)
"""The lines that are left of a customer's history to learn how to judge those of whom little is known."""

PASSES = 3
"""A model may rest on another's output, and that one on a third's."""


@dataclass(frozen=True)
class History:
    """What was observed of one customer, in the order of time, and the fold that they are in."""

    fold: int
    observations: Sequence[Observation]


@dataclass(frozen=True)
class _Case:
    """One customer at the day of the backtest: the states known then (whole, thin …), and what came."""

    fold: int
    states: tuple[Mapping[str, Any], ...]
    future: Future


def learners() -> tuple[Learner, ...]:
    """Return the estimators that learn from other customers."""
    return tuple(estimator for estimator in ESTIMATORS if isinstance(estimator, Learner))


@cache
def shipped() -> Population:
    """Return the fitted numbers that come with the program: a broker begins with them."""
    text = (files("ccx_broker.defaults") / "data" / "models.json").read_text("utf-8")
    return Population(0, (), json.loads(text))


def calibrate(histories: Sequence[History], progress: Progress = lambda *_: None) -> Population:
    """Return what these customers teach about all others.

    Models that there are too few examples for stay as they were shipped.
    """
    models = dict(shipped().models)
    for key, fitted in backtest(histories, progress).items():
        models[key] = {**models.get(key, {}), **fitted}
    states = []
    for i, history in enumerate(histories):
        progress("learning", i, len(histories))
        states.append((history.fold, learn_from({}, history.observations)))
    return Population(len(histories), typical_of(states), models)


def typical_of(
    states: Sequence[tuple[int, Mapping[str, Any]]],
) -> tuple[dict[str, Mapping[str, Any]], ...]:
    """Return what is typical, by fold and key, of customers given as (fold, states)."""
    folds: tuple[dict[str, Mapping[str, Any]], ...] = tuple({} for _ in range(FOLDS))
    for learner in learners():
        shares = ((fold, learner.census(known)) for fold, known in states if learner.memory.name in known)
        for fold, cells in enumerate(cells_of_others(shares)):
            if cells:
                folds[fold][learner.key] = learner.distil(cells)
    return folds


def backtest(histories: Sequence[History], progress: Progress = lambda *_: None) -> dict[str, dict[str, Any]]:
    """Return the fitted models, by key, from what was known at each day of the past and what came then."""
    end = max((h.observations[-1].at for h in histories if h.observations), default=None)
    if end is None:
        return {}
    stands = []
    for back in range(1, STANDS + 1):
        cases = list(_cases(histories, end, back, progress))
        typical = typical_of([(case.fold, case.states[0]) for case in cases])
        stands.append((cases, Population(len(cases), typical, {})))
    fitted: dict[str, dict[str, Any]] = {}
    for i, learner in enumerate(learners()):
        progress("fitting", i, len(learners()))
        mine: dict[str, Any] = {}
        for _ in range(PASSES):
            rows = [
                list(_rows(learner, cases, replace(population, models={learner.key: mine})))
                for cases, population in stands
            ]
            wanted = {name: kind for name, kind in learner.models.items() if name not in mine}
            new = fit(wanted, list(chain(*rows)), len(rows[0]))
            if not new:
                break
            mine |= new
        fitted[learner.key] = mine
    return fitted


def _rows(learner: Learner, cases: Iterable[_Case], population: Population) -> Iterator[Row]:
    views: list[View] = [population.view(fold) for fold in range(FOLDS)]
    for case in cases:
        view = views[case.fold]
        for states in case.states:
            if learner.memory.name in states:
                about = About(states, view.typical.get(learner.key, {}), view.models.get(learner.key, {}))
                yield from learner.examples(about, case.future)


def _cases(histories: Sequence[History], end: datetime, back: int, progress: Progress) -> Iterator[_Case]:
    """Yield the customers who were seen on both sides of the day, `back` times `HOLD_OUT` before the end."""
    for i, history in enumerate(histories):
        progress("looking back", i, len(histories))
        if not history.observations:
            continue
        day = end - back * HOLD_OUT
        past = [o for o in history.observations if o.at < day]
        coming = [o for o in history.observations[len(past) :] if o.at < day + HOLD_OUT or back == 1]
        if past and coming:
            states = tuple(learn_from({}, known) for known in (past, *(last_lines(past, n) for n in THIN)))
            yield _Case(history.fold, states, Future(learn_from({}, coming), coming, day + HOLD_OUT))


def last_lines(observations: Sequence[Observation], lines: int) -> list[Observation]:
    """Return the end of a history that has so many lines of orders; the first order left may be a part."""
    kept: list[Observation] = []
    for observation in reversed(observations):
        if lines <= 0:
            break
        kept.append(
            replace(observation, lines=observation.lines[-lines:]) if observation.lines else observation
        )
        lines -= len(observation.lines)
    return kept[::-1]
