"""Own brand, price sensitivity and coupons: right about simulated customers, and as sure as they may be."""

import random
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.calibration import HOLD_OUT, History, calibrate, last_lines, shipped
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.buy_coupons import BuyCoupons
from ccx_broker.defaults.rules.discover_own_brand import OWN_BRAND
from ccx_broker.defaults.rules.discover_price_sensitivity import PRICE_SENSITIVITY
from ccx_broker.defaults.rules.interface import About, Cell, Guess
from ccx_broker.defaults.rules.leaning import ENOUGH, STEPS, Leaning, weighed
from ccx_broker.defaults.rules.leaning import median as median_of
from ccx_broker.defaults.rules.observation import Line, Observation
from ccx_broker.defaults.rules.population import FOLDS, Population
from tests.defaults.examples import MONDAY_NOON, product, seen

OWN, PRICE, COUPONS = OWN_BRAND, PRICE_SENSITIVITY, BuyCoupons()
LEANINGS = [OWN_BRAND.leaning, PRICE_SENSITIVITY.leaning]


def lines(count: int, hits: int = 0, **of: Any) -> list[dict[str, Any]]:
    """Return `count` products, of which the first `hits` have what is in `of`."""
    return [product(**of)] * hits + [product()] * (count - hits)


def guess_by_shipped(estimator: Any, *orders: Observation) -> Guess:
    about = About(learn_from({}, orders), {}, shipped().models[estimator.key])
    guess: Guess | None = estimator.conclude(about)
    assert guess is not None
    return guess


@pytest.mark.parametrize(("own", "of", "value"), [(18, 30, "prefer"), (0, 60, "avoid"), (14, 60, "fine")])
def test_own_brand_is_judged_by_its_share(own: int, of: int, value: str) -> None:
    guess = guess_by_shipped(OWN, seen(products=lines(of, own, brand="Private")))
    assert guess.value == value
    assert guess.evidence["sentence"].startswith(f"{own} of the {of} things you bought")
    assert guess.evidence["sentence"].endswith("For others it is about 28 %.")


@pytest.mark.parametrize(("reduced", "of", "value"), [(54, 60, "high"), (3, 60, "low"), (60, 60, "high")])
def test_price_sensitivity_is_judged_by_the_discounts(reduced: int, of: int, value: str) -> None:
    guess = guess_by_shipped(PRICE, seen(products=lines(of, reduced, discount=0.8)))
    assert guess.value == value
    assert f"{reduced} of the {of} things" in guess.evidence["sentence"]
    assert "were reduced" in guess.evidence["sentence"]


@pytest.mark.parametrize(("used", "value"), [(12, "offer"), (0, "dont")])
def test_coupons_are_offered_to_those_who_use_them(used: int, value: str) -> None:
    basket = lines(60, used, coupon_discount=1.0)
    guess = guess_by_shipped(
        COUPONS, seen(products=basket), seen(MONDAY_NOON + timedelta(7), products=basket)
    )
    assert guess.value == value
    assert f"a coupon for {2 * used} of the 120 things" in guess.evidence["sentence"]


@pytest.mark.parametrize("estimator", [OWN, PRICE, COUPONS])
def test_without_fitted_numbers_or_purchases_nothing_is_said(estimator: Any) -> None:
    bought = learn_from({}, [seen()])
    assert estimator.conclude(About(bought)) is None
    assert estimator.predictions(About(bought), 0.6) == {}
    assert estimator.conclude(About({}, {}, shipped().models[estimator.key])) is None


def test_a_line_of_unknown_brand_says_nothing_of_own_brand() -> None:
    unknown = learn_from({}, [seen(products=[product(brand=None)] * 30)])
    assert OWN.conclude(About(unknown, {}, shipped().models[OWN.key])) is None
    assert list(OWN.census(unknown)) == []


def test_what_is_typical_is_said_where_it_is_known() -> None:
    states = learn_from({}, [seen(products=lines(40, 3, coupon_discount=1.0))])
    guess = COUPONS.conclude(About(states, {"users": 0.412}, shipped().models[COUPONS.key]))
    assert guess is not None
    assert guess.evidence["sentence"].endswith("Of the others, 41 % have ever used one.")


@pytest.mark.parametrize("leaning", LEANINGS)
@given(st.integers(1, 300), st.data())
def test_more_hits_lean_further_and_nothing_known_is_as_usual(
    leaning: Leaning, tries: int, data: st.DataObject
) -> None:
    few = data.draw(st.integers(0, tries - 1))
    few_state, more_state = (
        learn_from({}, [seen(products=lines(tries, hits, brand="Private", discount=0.5))])["shelves"]
        for hits in (few, few + 1)
    )
    assert leaning.own(few_state) < leaning.own(more_state)
    assert leaning.recent(few_state) < leaning.recent(more_state)
    assert leaning.features(few_state, {})[-4:] == [0, 0, 0, 0]


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=4), st.lists(st.floats(-9, 9), max_size=4))
def test_others_count_the_less_the_more_is_known(counts: list[float], others: list[float]) -> None:
    little, much = weighed(counts, others, 1), weighed(counts, others, 4000)
    for i, other in enumerate(reversed(others), 1):
        assert abs(much[-i]) <= abs(little[-i]) <= abs(other)
    assert little[: len(counts)] == much[: len(counts)] == counts


@given(st.lists(st.floats(0, 1), min_size=20, max_size=200))
def test_the_median_is_found_from_sums(shares: list[float]) -> None:
    counts = [float(sum(share <= step / STEPS for share in shares)) for step in range(STEPS + 1)]
    low, high = sorted(shares)[(len(shares) - 1) // 2], sorted(shares)[len(shares) // 2]
    found = median_of(Cell(len(shares), (0.0, *counts)))
    assert low - 1 / STEPS <= found <= high + 1 / STEPS


def test_who_bought_little_says_nothing_about_others() -> None:
    little = learn_from({}, [seen(products=lines(ENOUGH - 1))])
    enough = learn_from({}, [seen(products=lines(ENOUGH))])
    for estimator in (OWN, PRICE):
        assert estimator.census(little) == {}
        assert {"all", "of/COFFEE", "at/shop/367"} == set(estimator.census(enough))


SHELF = {"MILK": 0.6, "BREAD": 0.4, "SOUP": 0.3, "SODA": 0.1, "SNACKS": 0.2}
"""How much of each shelf is own brand."""

WEEKS = 45


def shopper(dice: random.Random) -> list[Observation]:
    """Return the orders of someone with a lasting taste for own brand, discounts and coupons."""
    own, cut, coupons = dice.gauss(0, 0.15), dice.betavariate(4, 4), dice.betavariate(0.3, 12)
    shelves = dice.sample(sorted(SHELF), 3)
    orders = []
    for week in range(WEEKS):
        basket = tuple(
            Line(
                product=name,
                category=name,
                own_brand=dice.random() < SHELF[name] + own,
                quantity=1.0,
                price=2.0 + dice.random(),
                discount=0.5 if dice.random() < cut else 0.0,
                coupon_discount=0.5 if dice.random() < coupons else 0.0,
            )
            for name in dice.choices(shelves, k=dice.randint(2, 6))
        )
        at = MONDAY_NOON + timedelta(weeks=week)
        orders.append(Observation("Order Completed", "shop", at, at, dice.choice("12"), basket))
    return orders


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[str, Any], dict[str, Any], Population, int, list[Observation]]]:
    """Return 500 shoppers as known nine weeks before the end, whole and thin, and what came then."""
    dice = random.Random(20261124)
    people = [shopper(dice) for _ in range(500)]
    day = MONDAY_NOON + timedelta(weeks=WEEKS) - HOLD_OUT
    pasts = [[order for order in orders if order.at < day] for orders in people]
    population = calibrate([History(i % FOLDS, past) for i, past in enumerate(pasts)])
    return [
        (
            learn_from({}, past),
            learn_from({}, last_lines(past, 10)),
            population,
            i % FOLDS,
            orders[len(past) :],
        )
        for i, (past, orders) in enumerate(zip(pasts, people, strict=True))
    ]


def share_of(orders: Sequence[Observation], field: str) -> float:
    bought = [line for order in orders for line in order.lines]
    return sum(bool(getattr(line, field)) for line in bought) / len(bought)


@pytest.mark.parametrize(
    ("estimator", "name", "field"),
    [
        (OWN, "prefers_private_label", "own_brand"),
        (PRICE, "discount_sensitive", "discount"),
        (COUPONS, "coupon_user", "coupon_discount"),
    ],
)
@pytest.mark.parametrize(("thin", "right"), [(0, 0.75), (1, 0.6)])
def test_a_fit_on_the_past_is_right_and_calibrated_in_the_weeks_that_follow(
    judged: Any, estimator: Any, name: str, field: str, thin: int, right: float
) -> None:
    coming = [share_of(case[4], field) for case in judged]
    usual = 0.0 if estimator is COUPONS else median(coming)
    outcomes, chances = [share > usual for share in coming], []
    for *states, population, fold, _ in judged:
        view = population.view(fold)
        about = About(states[thin], view.typical[estimator.key], view.models[estimator.key])
        chances.append(estimator.predictions(about, 0.6)[name]["probability"])
    hits = [(chance > 0.5) == outcome for chance, outcome in zip(chances, outcomes, strict=True)]
    assert sum(hits) / len(hits) >= right
    order = sorted(range(len(chances)), key=chances.__getitem__)
    for part in (order[:250], order[250:]):
        expected = sum(chances[i] for i in part) / len(part)
        assert expected == pytest.approx(sum(outcomes[i] for i in part) / len(part), abs=0.1)


@pytest.mark.parametrize("estimator", [OWN, PRICE])
def test_the_chances_of_the_three_values_add_up_and_the_likeliest_is_told(
    judged: Any, estimator: Any
) -> None:
    told = set()
    for states, _, population, fold, _ in judged:
        view = population.view(fold)
        about = About(states, view.typical[estimator.key], view.models[estimator.key])
        chances = estimator.chances(about)
        assert sum(chances.values()) == pytest.approx(1)
        assert min(chances.values()) >= 0
        guess = estimator.conclude(about)
        assert chances[guess.value] == max(chances.values())
        assert guess.confidence == pytest.approx(min(max(chances.values()), 0.99), abs=1e-3)
        told.add(guess.value)
        served = estimator.predictions(about, 0.7).popitem()[1]
        assert served["served"] == (max(served["probability"], 1 - served["probability"]) >= 0.7)
    assert told == set(chances)


def test_company_tells_of_somebody_of_whom_little_is_known(judged: Any) -> None:
    """Whoever buys what own-brand lovers buy is likelier one of them, though their own line was not."""
    *_, population, fold, _ = judged[0]
    typical = population.view(fold).typical[OWN.key]
    leaning = OWN_BRAND.leaning
    own, other = (
        learn_from({}, [seen(products=[product("SODA", brand=brand)] * 3)])["shelves"]
        for brand in ("Private", "National")
    )
    assert leaning.features(own, typical)[-3] > leaning.features(other, typical)[-3]
    assert typical["of"]["MILK"][0] > 0 > typical["of"]["SODA"][0]
