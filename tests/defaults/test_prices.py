"""buy.price_band and its memory: bands of prices whose truth is known, and what the memory promises."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.rules import learn_from, mixture
from ccx_broker.defaults.rules.buy_price_band import BuyPriceBand
from ccx_broker.defaults.rules.currencies import CODES
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.price_census import distilled, quantile, share_of
from ccx_broker.defaults.rules.prices import PARTS, PRICES, latest_lines
from ccx_broker.profile.catalogue import CATALOGUE, check_value
from tests.defaults.examples import MONDAY_NOON, order, product, seen

ESTIMATOR = BuyPriceBand()


def paid(*prices: float, category: str = "COFFEE", currency: str | None = "USD") -> list[Observation]:
    """Return an order a week, one for each price."""
    found = []
    for i, price in enumerate(prices):
        body = order(products=[product(category, price=price)])
        body["properties"]["currency"] = currency
        at = MONDAY_NOON + timedelta(weeks=i)
        observation = observe("Order Completed", "shop", at, body["properties"], body["context"])
        assert observation is not None
        found.append(observation)
    return found


def about(history: list[Observation], typical: dict[str, Any] | None = None) -> About:
    return About(learn_from({}, history), typical or {}, {})


def guessed(known: About) -> Guess:
    guess = ESTIMATOR.conclude(known)
    assert guess is not None
    check_value("buy.price_band", guess.value)
    return guess


def typical_of(prices: list[list[float]]) -> dict[str, Any]:
    """Return what is typical of customers who paid these prices for coffee."""
    shares = [share_of([round(p * PARTS) for p in mine]) for mine in prices]
    cell = Cell(len(shares), tuple(map(sum, zip(*shares, strict=True))))
    return {"USD/COFFEE": distilled(cell)}


def test_usual_and_highest_price_are_those_paid() -> None:
    band = guessed(about(paid(*[2.0, 2.5, 3.0, 2.5] * 4))).value["COFFEE"]
    assert band["usual"] == pytest.approx(2.5, abs=0.1)
    assert 2.9 < band["highest"] < 4.5
    assert band["currency"] == "USD"


def test_prices_in_two_currencies_are_not_mixed() -> None:
    value = guessed(about(paid(*[2.5] * 6) + paid(*[900.0] * 9, currency="HUF"))).value
    assert value["COFFEE"]["currency"] == "HUF"
    assert value["COFFEE"]["usual"] == pytest.approx(900, rel=0.1)


def test_an_unknown_currency_is_left_out() -> None:
    assert "currency" not in guessed(about(paid(*[2.5] * 6, currency="points"))).value["COFFEE"]


def test_few_lines_are_no_reason_to_speak() -> None:
    assert ESTIMATOR.conclude(about(paid(*[2.5] * 4))) is None
    assert ESTIMATOR.conclude(About({"prices": PRICES.start()})) is None


def test_who_buys_dear_things_elsewhere_is_expected_to_do_so_here() -> None:
    typical = {
        f"USD/{name}": [2.0, math.log(3), *[math.log(3) + (i - 4.5) / 10 for i in range(10)]]
        for name in ("COFFEE", "TEA", "SOAP")
    }
    few = paid(3, 3, 3, 3, 3)
    dear = about(few + paid(*[8] * 12, category="TEA") + paid(*[8] * 12, category="SOAP"), typical)
    cheap = about(few + paid(*[1] * 12, category="TEA") + paid(*[1] * 12, category="SOAP"), typical)
    highest = [guessed(known).value["COFFEE"]["highest"] for known in (dear, cheap)]
    assert highest[0] > highest[1]


def test_a_band_holds_four_fifths_of_the_prices_to_come() -> None:
    """Customers whose means differ (0.2) as their purchases do (0.25), both log-normal: a known truth."""
    chance = random.Random(20261124)
    means = [math.log(3) + chance.gauss(0, 0.2) for _ in range(400)]
    bought = [[math.exp(mean + chance.gauss(0, 0.25)) for _ in range(8)] for mean in means]
    typical = typical_of(bought)
    inside = 0
    for mean, prices in zip(means, bought, strict=True):
        found = ESTIMATOR.predictions(about(paid(*prices), typical), 0.6)["price_range"]["COFFEE"]
        inside += found["p10"] <= math.exp(mean + chance.gauss(0, 0.25)) <= found["p90"]
    assert inside / len(means) == pytest.approx(0.8, abs=0.06)


def test_the_less_customers_differ_the_more_the_others_count() -> None:
    chance = random.Random(1)
    alike = [[math.exp(chance.gauss(1, 0.4)) for _ in range(6)] for _ in range(60)]
    apart = [[math.exp(i / 10 + chance.gauss(1, 0.1)) for _ in range(6)] for i in range(60)]
    assert typical_of(alike)["USD/COFFEE"][0] > 3 * typical_of(apart)["USD/COFFEE"][0]


def test_the_deciles_of_others_are_those_of_their_prices() -> None:
    chance = random.Random(2)
    logs = [chance.gauss(1, 0.5) for _ in range(4000)]
    bins = share_of([round(math.exp(x) * PARTS) for x in logs])[5:]
    for level, z in ((0.1, -1.2816), (0.5, 0.0), (0.9, 1.2816)):
        assert quantile(bins, level) == pytest.approx(1 + 0.5 * z, abs=0.06)


def test_the_backtest_tells_whether_later_prices_lay_inside() -> None:
    past, coming = paid(*[2.5] * 6), paid(2.5, 99.0)
    future = Future(learn_from({}, coming), coming, MONDAY_NOON + timedelta(days=63))
    assert [row.outcome for row in ESTIMATOR.examples(about(past), future)] == [True, False]


def test_the_sentence_has_the_prices_and_what_others_pay() -> None:
    sentence = guessed(about(paid(*[2.5] * 9), typical_of([[3.0, 3.0, 3.0]] * 30))).evidence["sentence"]
    assert "you bought coffee 9 times" in sentence
    assert "others pay about" in sentence


# The memory

moments = st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
bought = st.tuples(moments, st.floats(0, 1e7) | st.none(), st.sampled_from(["COFFEE", "TEA"]))


@given(history=st.lists(bought, max_size=25), chance=st.randoms(use_true_random=False))
def test_the_order_in_which_prices_arrive_makes_no_difference(history: list[Any], chance: Any) -> None:
    observations = [seen(at, products=[product(name, price=price)]) for at, price, name in history]
    shuffled = chance.sample(observations, len(observations))
    state = learn_from({}, observations).get("prices")
    assert state == learn_from({}, shuffled).get("prices")
    assert state == json.loads(json.dumps(state))
    if state is not None:
        assert all(len(latest_lines(priced)) <= PRICES.ring for priced in state["of"].values())


def test_a_memory_of_many_categories_keeps_those_bought_most() -> None:
    state = PRICES.start()
    for i in range(400):
        at = MONDAY_NOON + timedelta(minutes=i)
        state = PRICES.update(state, seen(at, products=[product(f"RARE {i}"), product("COFFEE")]))
    assert len(state["of"]) <= PRICES.cap
    assert state["of"]["USD/COFFEE"][0] == 400


@given(
    points=st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 9)), min_size=1, max_size=40),
    levels=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_higher_level_is_never_a_lower_quantile(points: Any, levels: tuple[float, float]) -> None:
    values, at = mixture.curve(points)
    low, high = (mixture.at(at, values, level) for level in sorted(levels))
    assert min(values) <= low <= high + 1e-9
    assert high <= max(values)


def test_the_currencies_are_those_of_the_catalogue() -> None:
    item = CATALOGUE.get("currency")
    assert item is not None
    assert set(item.schema["enum"]) == CODES
