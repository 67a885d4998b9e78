"""The backtest: whatever customers did before and after its day, it runs, and keeps nothing of any one of them."""

import json
from datetime import timedelta

from ccx_broker.defaults.calibration import HOLD_OUT, History, calibrate, last_lines, shipped
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import FOLDS, LEAST
from tests.defaults.examples import MONDAY_NOON, product, seen, weekly

FUEL = [product("FUEL", department="FUEL")]
BREAD = [product("BREAD", brand="Private"), product("COFFEE", discount=0.5, coupon_discount=0.2)] * 15
END = MONDAY_NOON + timedelta(weeks=30)
CUT = END - HOLD_OUT


def before_and_after(before: list[Observation], after: list[Observation], fold: int = 0) -> History:
    return History(fold, [*before, *after])


def some(past: list[dict], weeks: int = 10) -> list[Observation]:  # type: ignore[type-arg]
    return weekly(weeks, start=CUT - timedelta(weeks=weeks), products=past)


def later(coming: list[dict], weeks: int = 8) -> list[Observation]:  # type: ignore[type-arg]
    return [*weekly(weeks, start=CUT + timedelta(days=1), products=coming), seen(END, products=coming)]


def test_whatever_came_before_and_after_the_backtest_runs() -> None:
    kinds = [
        before_and_after(some(past), later(coming), fold=i % FOLDS)
        for i in range(LEAST)
        for past in (FUEL, BREAD)
        for coming in (FUEL, BREAD)
    ]
    population = calibrate([*kinds, History(0, later(BREAD)), History(1, some(FUEL)), History(2, [])])
    assert population.customers == len(kinds) + 3
    assert population.models.keys() >= shipped().models.keys()
    json.dumps(population.as_json())


def test_what_few_share_is_not_kept() -> None:
    rare = [product("VERY RARE THING")]
    common = [before_and_after(some(BREAD), later(BREAD), fold=i % FOLDS) for i in range(2 * LEAST)]
    odd = [before_and_after(some(rare), later(rare), fold=i % FOLDS) for i in range(LEAST - 1)]
    kept = json.dumps(calibrate([*common, *odd]).as_json())
    assert "BREAD" in kept
    assert "VERY RARE THING" not in kept


def test_no_customers_teach_nothing_and_the_shipped_numbers_stay() -> None:
    population = calibrate([])
    assert population.models == shipped().models
    assert population.view(0).typical == {}


def test_the_last_lines_are_the_end_of_the_history() -> None:
    history = weekly(5, products=[product("A"), product("B"), product("C")])
    kept = last_lines(history, 4)
    assert [[line.category for line in order.lines] for order in kept] == [["C"], ["A", "B", "C"]]
    assert last_lines(history, 0) == []
