"""buy.replenish: customers who come back at a known pace, the gap that is learnt from, and what is typical."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.fitting import fit
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.buy_replenish import DAYS, LONGEST, SURE, BuyReplenish, gaps_after
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.profile.catalogue import check_value
from tests.defaults.examples import MONDAY_NOON, product, seen, weekly

ESTIMATOR = BuyReplenish()


def every(days: float, count: int, category: str = "COFFEE", seed: int | None = None) -> list[Observation]:
    """Return `count` purchases, `days` apart; by chance, as in a Poisson process, if there is a seed."""
    chance = random.Random(seed)
    at, found = MONDAY_NOON, []
    for _ in range(count):
        found.append(seen(at, products=[product(category)]))
        at += timedelta(days=days if seed is None else chance.expovariate(1 / days))
    return found


def about(
    history: list[Observation], rates: dict[str, float] | None = None, models: dict[str, object] | None = None
) -> About:
    return About(learn_from({}, history), {"rates": rates} if rates else {}, models or {})


def guessed(known: About) -> Guess:
    guess = ESTIMATOR.conclude(known)
    assert guess is not None
    return guess


def test_what_is_bought_more_often_is_needed_sooner() -> None:
    history = every(4, 45, "MILK") + every(9, 20) + every(16, 11, "SOAP")
    value = guessed(about(history)).value
    assert list(value) == ["MILK", "COFFEE", "SOAP"][: len(value)]
    assert value["MILK"] < value["COFFEE"]


def test_the_rate_of_a_customer_is_found_whatever_is_typical() -> None:
    for rate in (1 / 90, 1 / 5):
        known = about(every(10, 120, seed=7), {"COFFEE": rate})
        (pace,) = ESTIMATOR.paces(known.states["shelves"], known.typical)
        assert 1 / pace.rate == pytest.approx(10, rel=0.25)


def test_of_whom_little_is_known_what_is_typical_decides() -> None:
    history = every(10, 2)
    often, seldom = (
        ESTIMATOR.paces(about(history, {"COFFEE": rate}).states["shelves"], {"rates": {"COFFEE": rate}})[0]
        for rate in (1 / 5, 1 / 60)
    )
    assert often.rate > seldom.rate * 1.3


def test_who_buys_everything_often_is_thought_to_buy_the_next_thing_often_too() -> None:
    rates = dict.fromkeys(("COFFEE", "MILK", "SOAP", "NEW"), 1 / 30)
    quick = [o for name in ("COFFEE", "MILK", "SOAP") for o in every(6, 30, name)] + every(9, 1, "NEW")
    slow = [o for name in ("COFFEE", "MILK", "SOAP") for o in every(45, 4, name)] + every(9, 1, "NEW")
    rate = {
        n: next(
            p.rate for p in ESTIMATOR.paces(about(h).states["shelves"], {"rates": rates}) if p.name == "NEW"
        )
        for n, h in (("quick", quick), ("slow", slow))
    }
    assert rate["quick"] > rate["slow"]


def test_few_purchases_and_long_intervals_are_no_reason_to_speak() -> None:
    assert ESTIMATOR.conclude(about(every(7, 4))) is None
    assert ESTIMATOR.conclude(about(every(80, 12))) is None


def test_the_sentence_has_the_counts_and_what_others_do() -> None:
    sentence = guessed(about(every(7, 20), {"COFFEE": 1 / 24})).evidence["sentence"]
    assert sentence.startswith(
        "You bought coffee on 20 of your 20 visits between 2 March 2026 and 13 July 2026."
    )
    assert sentence.endswith("others who buy it take about 24 days on average.")
    alone = guessed(about(every(7, 20))).evidence
    assert "others" not in alone["sentence"]
    assert alone["visits"] == {"COFFEE": 20}


def test_the_gap_learnt_from_is_the_one_after_the_first_purchase_and_never_cut_off() -> None:
    def days(*on: int) -> Future:
        until = MONDAY_NOON + timedelta(days=63)
        return Future({}, [seen(MONDAY_NOON + timedelta(days=day)) for day in on], until)

    assert gaps_after(days(3, 12, 14)) == {"COFFEE": 9}
    assert gaps_after(days(3, 3, 60)) == {"COFFEE": LONGEST}
    assert gaps_after(days(3)) == {"COFFEE": LONGEST}
    assert gaps_after(days(29, 31)) == {}


def test_the_backtest_teaches_the_median_and_how_often_it_is_close() -> None:
    """Poisson buyers of many paces: the fitted days halve the gaps, and the chance is kept."""
    rows: list[Row] = []
    models: dict[str, object] = {}
    cases = []
    for i in range(400):
        pace = (3, 6, 10, 20)[i % 4]
        history = every(pace, 300 // pace, seed=i)
        cut = history[-1].at
        coming = [
            seen(o.at + (cut - MONDAY_NOON) + timedelta(days=1), products=[product()])
            for o in every(pace, 60, seed=1000 + i)
        ]
        cases.append((history, Future({}, coming, cut + timedelta(days=64))))
    for _ in range(2):
        rows = [row for h, future in cases for row in ESTIMATOR.examples(about(h, models=models), future)]
        models |= fit({name: kind for name, kind in ESTIMATOR.models.items() if name not in models}, rows)
    assert set(models) == {DAYS, SURE}
    gaps: list[tuple[float, float, float]] = []
    for history, future in cases:
        known = about(history, models=models)
        (pace_found,) = ESTIMATOR.paces(known.states["shelves"], {})
        days = ESTIMATOR.days(pace_found, models)
        chance = ESTIMATOR.chance(days, pace_found, models)
        gaps += [(gap, days, chance) for gap in gaps_after(future).values()]
    assert sum(gap > days for gap, days, _ in gaps) / len(gaps) == pytest.approx(0.5, abs=0.1)
    close = sum(abs(gap - days) <= 7 for gap, days, _ in gaps) / len(gaps)
    assert close == pytest.approx(sum(chance for *_, chance in gaps) / len(gaps), abs=0.06)


def test_what_is_typical_is_the_visits_of_buyers_over_their_days() -> None:
    states = learn_from({}, every(7, 40))
    count, days = ESTIMATOR.census(states)["COFFEE"]
    assert days / count == pytest.approx(7, rel=0.1)
    rates = ESTIMATOR.distil({"COFFEE": Cell(20, (20 * count, 20 * days))})["rates"]
    assert 1 / rates["COFFEE"] == pytest.approx(7, rel=0.1)


moments = st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    days=st.lists(st.tuples(moments, st.sampled_from(["COFFEE", "MILK"])), min_size=5, max_size=60),
    rate=st.floats(1e-4, 1.0),
)
def test_any_history_gives_a_valid_value_and_a_probability(
    days: list[tuple[datetime, str]], rate: float
) -> None:
    known = about([seen(at, products=[product(name)]) for at, name in days], {"COFFEE": rate})
    guess = ESTIMATOR.conclude(known)
    if guess is not None:
        check_value("buy.replenish", guess.value)
        assert 0 < guess.confidence < 1
    for found in ESTIMATOR.predictions(known, 0.6)["replenishment"].values():
        assert 1 <= found["days"] <= LONGEST


def test_a_customer_of_whom_only_fuel_is_known_is_met_with_silence() -> None:
    states = {"shelves": ESTIMATOR.memory.start()}
    assert ESTIMATOR.conclude(About(states)) is None
    assert ESTIMATOR.census(states) == {}
    assert ESTIMATOR.conclude(about(weekly(1))) is None
