"""Where, when and what people usually buy: simulated customers whose habits are known."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.calibration import History, calibrate, typical_of
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.buy_day_time import EVERYWHERE, BuyDayTime
from ccx_broker.defaults.rules.buy_store import BuyStore
from ccx_broker.defaults.rules.buy_usual import BuyUsual
from ccx_broker.defaults.rules.discover_categories import LITTLE, MUCH, DiscoverCategories
from ccx_broker.defaults.rules.interface import About, Guess
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import FOLDS
from ccx_broker.defaults.rules.visits import BASKETS, VISITS, Visits
from tests.defaults.examples import MONDAY_NOON, product, seen, weekly

FLAT = {name: [0.2] * 5 + [1 / 7] * 7 for name in (EVERYWHERE,)}


def guess(estimator: Any, observations: Sequence[Observation], typical: Any = None, **models: Any) -> Guess:
    states = learn_from({}, observations)
    found = estimator.conclude(About(states, typical or {}, models))
    assert found is not None
    return found  # type: ignore[no-any-return]


# The store


def test_of_two_stores_alike_the_one_with_loyal_customers_is_said() -> None:
    both = weekly(3, store="station") + weekly(3, store="village")
    typical = {"shop/station": [500, 0.1], "shop/village": [500, 0.8]}
    found = guess(BuyStore(), both, typical)
    assert found.value == "village"
    assert found.evidence["also"]["sentence"] == "Its other customers make 80 % of their visits there."


def test_what_others_do_at_a_store_is_summed_by_store() -> None:
    estimator = BuyStore()
    states = learn_from({}, weekly(3) + weekly(1, store="31", start=MONDAY_NOON + timedelta(weeks=2)))
    shares = estimator.census(states)
    assert sum(share for (share,) in shares.values()) == pytest.approx(1)
    assert shares["shop/367"][0] > shares["shop/31"][0]


def shopper(random: Random, loyalty: float, weeks: int = 40) -> list[Observation]:
    """A customer who goes to the store of theirs with this probability, else to any of nine others."""
    return [
        seen(
            MONDAY_NOON + timedelta(days=3.5 * i),
            store="home" if random.random() < loyalty else f"other-{random.randrange(9)}",
        )
        for i in range(weeks * 2)
    ]


def test_how_sure_it_is_comes_true_in_a_population_that_is_known() -> None:
    random = Random(7)
    kinds = [0.9, 0.25, 0.12]
    people = [History(i % FOLDS, shopper(random, kinds[i % 3])) for i in range(240)]
    population = calibrate(people)
    estimator, told, right = BuyStore(), 0.0, 0.0
    sure: dict[float, list[float]] = {}
    for i in range(240):
        past, coming = shopper(random, kinds[i % 3]), shopper(random, kinds[i % 3], weeks=9)
        view = population.view(i % FOLDS)
        about = About(learn_from({}, past), view.typical["buy.store"], view.models["buy.store"])
        found = estimator.conclude(about)
        assert found is not None
        stores = [visit.store for visit in coming]
        told += found.confidence
        right += stores.count(found.value) == max(stores.count(store) for store in set(stores))
        sure.setdefault(kinds[i % 3], []).append(found.confidence)
    assert told / 240 == pytest.approx(right / 240, abs=0.08)
    assert min(sure[0.9]) > 0.9
    assert sum(sure[0.12]) / 80 < sum(sure[0.25]) / 80 < sum(sure[0.9]) / 80


# The time of day and the day of the week


def test_of_whom_little_is_known_the_time_of_the_others_at_the_store_is_said() -> None:
    evening = [0.02, 0.02, 0.02, 0.92, 0.02, *[1 / 7] * 7]
    once = weekly(1, store="station")
    found = BuyDayTime().leader(About(learn_from({}, once), FLAT | {"shop/station": evening}), "slot")
    assert found.name == "evening"
    assert BuyDayTime().leader(About(learn_from({}, once), FLAT), "slot").name == "midday"


def test_who_has_a_habit_keeps_it_whatever_others_do() -> None:
    evening = [0.02, 0.02, 0.02, 0.92, 0.02, *[1 / 7] * 7]
    typical = {EVERYWHERE: evening, "shop/367": evening}
    found = guess(BuyDayTime(), weekly(40), typical, slot=[1.0, 0.0, 0.0, 0.0], day=[1.0, 0.0, 0.0, 0.0])
    assert found.value["slot"] == "midday"
    assert "40 were around midday (11 to 14)" in found.evidence["sentence"]


def test_slot_and_day_are_measured_apart() -> None:
    states = learn_from({}, weekly(20))
    found = BuyDayTime().predictions(About(states), 0.5)
    assert {name: each["value"] for name, each in found.items()} == {
        "shopping_slot": "midday",
        "shopping_day": "Mon",
    }
    assert all(each["served"] for each in found.values())


# Categories

WEIGHTS = [1.0, 0.0, 0.1, 0.0, 0.0]
MODELS = {MUCH: WEIGHTS, LITTLE: WEIGHTS}
USUAL = {"MILK": [0.4, 0.4, 2.0], "BREAD": [0.3, 0.3, 2.0], "TINSEL": [0.001, 0.2, 2.0]}


def test_only_what_was_bought_is_listed_and_the_measurement_gets_the_rest() -> None:
    once = weekly(2, products=[product("COFFEE")])
    assert guess(DiscoverCategories(), once, USUAL, **MODELS).value == ["COFFEE"]
    about = About(learn_from({}, once), USUAL, MODELS)
    told = DiscoverCategories().predictions(about, 0.6)["usual_categories"]["value"]
    assert told == ["COFFEE", "MILK", "BREAD", "TINSEL"]


def test_what_others_buy_lately_is_told_from_what_they_always_buy() -> None:
    histories = [
        (i % FOLDS, learn_from({}, weekly(20) + weekly(2, start=_AFTER, products=[product("TINSEL")])))
        for i in range(30)
    ]
    ever, lately, _ = typical_of(histories)[0]["discover.categories"]["TINSEL"]
    assert ever == pytest.approx(2 / 22)
    assert lately > 2 * ever


_AFTER = MONDAY_NOON + timedelta(weeks=20)


def test_what_divides_people_counts_sooner_than_what_all_buy_now_and_then() -> None:
    """One in five buys CAT FOOD on every second visit, everybody SUGAR on every tenth: both on a tenth of all."""
    others = [
        (
            i % FOLDS,
            learn_from(
                {},
                [
                    seen(
                        MONDAY_NOON + timedelta(weeks=week),
                        products=[
                            product("MILK"),
                            *([product("CAT FOOD")] if i % 5 == 0 and week % 2 else []),
                            *([product("SUGAR")] if (week + i) % 10 == 0 else []),
                        ],
                    )
                    for week in range(20)
                ],
            ),
        )
        for i in range(200)
    ]
    typical = typical_of(others)[0]["discover.categories"]
    cats, sugar = typical["CAT FOOD"], typical["SUGAR"]
    assert cats[0] == pytest.approx(sugar[0], abs=0.01)
    assert cats[2] < 3
    assert sugar[2] > 100
    both = [*weekly(2), seen(_AFTER, products=[product("SUGAR"), product("CAT FOOD")])]
    assert guess(DiscoverCategories(), both, typical, **MODELS).value[0] == "CAT FOOD"


def test_who_came_a_few_times_does_not_tell_what_is_typical() -> None:
    few = [(i % FOLDS, learn_from({}, weekly(3))) for i in range(100)]
    many = [(i % FOLDS, learn_from({}, weekly(4, products=[product("MILK")]))) for i in range(100)]
    assert list(typical_of(few + many)[0]["discover.categories"]) == ["MILK"]


@pytest.mark.parametrize("memory", [VISITS, BASKETS])
@given(
    days=st.lists(st.integers(0, 400), max_size=30),
    random=st.randoms(use_true_random=False),
)
def test_the_latest_visits_are_kept_in_whatever_order_they_come(
    memory: Visits, days: list[int], random: Any
) -> None:
    visits = [
        seen(MONDAY_NOON + timedelta(days=day), products=[product(f"C{day % 7}"), product("MILK")])
        for day in days
    ]
    state, other = memory.start(), memory.start()
    for visit in visits:
        state = memory.update(state, visit)
    for visit in random.sample(visits, len(visits)):
        other = memory.update(other, visit)
    assert state == other
    latest = sorted((visit.second for visit in visits), reverse=True)[: memory.cap]
    assert [second for second, _ in state["lately"]] == latest


def test_a_visit_for_fuel_is_no_basket() -> None:
    fuel = seen(products=[product("FUEL")])
    assert VISITS.update(VISITS.start(), fuel) == VISITS.start()
    assert DiscoverCategories().conclude(About(learn_from({}, [fuel]))) is None


# Products


def test_the_products_bought_again_and_again_are_listed() -> None:
    always, often, once = (product(product_id=str(i)) for i in (11, 12, 13))
    history = weekly(12, products=[always, always, often])
    history += weekly(6, products=[always], start=MONDAY_NOON + timedelta(days=1))
    history += weekly(1, products=[once])
    found = guess(BuyUsual(), history)
    assert found.value == ["11", "12"]
    assert found.evidence["visits"] == {"11": 18, "12": 12}
    assert "on at least 12 of your last 19 visits" in found.evidence["sentence"]


def test_a_product_that_went_away_leaves_the_list() -> None:
    history = weekly(10, products=[product(product_id="gone")])
    history += weekly(60, products=[product(product_id="new")], start=MONDAY_NOON + timedelta(weeks=10))
    assert guess(BuyUsual(), history).value == ["new"]
