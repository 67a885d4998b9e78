"""Estimators: what they conclude from histories whose truth is known, and what they promise in general."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.populations import BARS
from ccx_broker.defaults.rules import ESTIMATORS, conclude_all, learn_from
from ccx_broker.defaults.rules.buy_day_time import slot_of
from ccx_broker.defaults.rules.chance import beta_above, leading
from ccx_broker.defaults.rules.decay import DAY, Decay
from ccx_broker.defaults.rules.events import KeptEvent
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.population import View
from ccx_broker.defaults.rules.sensitive import is_goods, is_sensitive
from ccx_broker.profile.catalogue import CATALOGUE, check_value
from ccx_broker.profile.rules import Offer
from tests.defaults.examples import MONDAY_NOON, order, product, seen, weekly


def offers(observations: Sequence[Observation]) -> dict[str, Offer]:
    """Return what is offered after `observations`, by key; what is silent is left out."""
    concluded = conclude_all(learn_from({}, observations), View(), BARS)
    return {offer.key: offer for offer in concluded if offer.value is not None}


# What each estimator concludes


def test_the_store_of_most_visits_is_offered_with_the_counts() -> None:
    history = weekly(18) + weekly(6, start=MONDAY_NOON + timedelta(days=1), store="31")
    offer = offers(history)["buy.store"]
    assert offer.value == "367"
    assert offer.confidence > 0.8
    assert offer.evidence["sentence"] == (
        "You bought at store 367 on 18 of your 24 visits between 2 March 2026 and 29 June 2026."
    )


def test_who_moves_gets_the_new_store_within_a_season() -> None:
    history = weekly(30) + weekly(20, start=MONDAY_NOON + timedelta(weeks=30), store="31")
    offer = offers(history)["buy.store"]
    assert offer.value == "31"
    assert "on 20 of your 50 visits" in offer.evidence["sentence"]
    assert "on most of the recent ones" in offer.evidence["sentence"]


def test_two_organisations_may_number_their_stores_alike() -> None:
    history = weekly(9) + weekly(30, store="367", organisation="another")
    evidence = offers(history)["buy.store"].evidence
    assert (evidence["visits"], evidence["of"], evidence["organisation_id"]) == (30, 39, "another")


def test_day_and_slot_are_those_of_the_shops_clock() -> None:
    late_on_saturday = datetime(2026, 3, 8, 1, 30, tzinfo=UTC)  # Sunday in UTC, Saturday 20:30 in New York
    offer = offers(weekly(20, start=late_on_saturday))["buy.day_time"]
    assert offer.value == {"day": "sat", "slot": "night"}
    assert "20 were at night (20 to 5) and 20 on Saturdays" in offer.evidence["sentence"]


def test_no_day_is_offered_where_none_stands_out() -> None:
    daily = [seen(MONDAY_NOON + timedelta(days=i)) for i in range(35)]
    assert offers(daily)["buy.day_time"].value == {"day": None, "slot": "midday"}


def test_no_slot_is_offered_where_none_stands_out() -> None:
    spread = [seen(MONDAY_NOON + timedelta(weeks=i, hours=(-5, 0, 3, 6, 9)[i % 5])) for i in range(30)]
    assert offers(spread)["buy.day_time"].value == {"day": "mon", "slot": None}


def test_without_a_time_zone_no_time_is_learnt() -> None:
    found = offers(weekly(20, zone=None))
    assert "buy.store" in found
    assert "buy.day_time" not in found


@pytest.mark.parametrize(
    ("hour", "slot"),
    [
        (4, "night"),
        (5, "morning"),
        (11, "midday"),
        (14, "afternoon"),
        (17, "evening"),
        (20, "night"),
        (0, "night"),
    ],
)
def test_slots_begin_at_their_hours(hour: int, slot: str) -> None:
    assert slot_of(hour) == slot


def test_categories_are_ranked_by_the_visits_that_had_them() -> None:
    often = weekly(12, products=[product("COFFEE"), product("COFFEE"), product("EGGS")])
    sometimes = weekly(8, products=[product("EGGS"), product("SOUP")])
    once = weekly(1, products=[product("FLOWERS")])
    offer = offers(often + sometimes + once)["discover.categories"]
    assert offer.value == ["EGGS", "COFFEE", "SOUP"]
    assert "eggs (20), coffee (12) and soup (8)" in offer.evidence["sentence"]


@pytest.mark.parametrize("count", [1, 4])
def test_few_visits_are_no_reason_to_speak(count: int) -> None:
    assert offers(weekly(count)) == {}


def test_a_toss_up_is_no_reason_to_speak() -> None:
    a, b = weekly(10), weekly(10, start=MONDAY_NOON + timedelta(hours=1), store="31")
    assert "buy.store" not in offers(a + b)


@pytest.mark.parametrize("number", [1e308, 1e200, float("inf"), float("nan"), 10**400])
@pytest.mark.parametrize("field", ["price", "discount", "coupon_discount"])
def test_a_number_that_no_price_can_be_is_taken_as_missing(field: str, number: float) -> None:
    odd, plain = (learn_from({}, [seen(products=[product(**of)])]) for of in ({field: number}, {field: None}))
    assert odd == plain


def test_only_orders_teach_these_estimators() -> None:
    assert offers([seen(name="Product Viewed", zone=None) for _ in range(20)]) == {}


# What all of them promise

stores = st.sampled_from(["1", "2", "3"])
lines = st.lists(
    st.builds(
        product,
        st.sampled_from(["COFFEE", "EGGS", "SOUP", "BREAD"]),
        brand=st.sampled_from(["Private", "National", None]),
        quantity=st.integers(0, 3),
    ),
    max_size=5,
)
moments = st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
orders = st.builds(lambda at, store, of: (at, order(store, of)), moments, stores, lines)
histories = st.lists(orders, max_size=40)


def observed(history: Sequence[tuple[datetime, dict[str, Any]]]) -> list[Observation]:
    found = [observe("Order Completed", "shop", at, b["properties"], b["context"]) for at, b in history]
    return [observation for observation in found if observation is not None]


@given(history=histories, random=st.randoms(use_true_random=False))
def test_updates_commute(history: list[Any], random: Any) -> None:
    observations = observed(history)
    shuffled = random.sample(observations, len(observations))
    assert learn_from({}, observations) == learn_from({}, shuffled)


@given(history=histories)
def test_states_survive_json_and_can_be_continued(history: list[Any]) -> None:
    observations = observed(history)
    half = len(observations) // 2
    stored = json.loads(json.dumps(learn_from({}, observations[:half])))
    assert learn_from(stored, observations[half:]) == learn_from({}, observations)


@given(history=histories)
def test_conclusions_are_valid_probable_and_explained(history: list[Any]) -> None:
    for offer in offers(observed(history)).values():
        check_value(offer.key, offer.value)
        assert 0.6 <= offer.confidence < 1
        assert offer.evidence["sentence"].endswith(".")
        assert offer.evidence["from"] <= offer.evidence["to"]
        json.dumps(offer.evidence)


@given(store=st.text(), categories=st.lists(st.text(min_size=1) | st.text("😀", min_size=100), max_size=15))
def test_whatever_shops_call_things_an_offer_is_valid(store: str, categories: list[str]) -> None:
    history = observed(
        [
            (MONDAY_NOON + timedelta(weeks=i), order(store, [product(c) for c in ["COFFEE", *categories]]))
            for i in range(6)
        ]
    )
    found = offers(history)
    for offer in found.values():
        check_value(offer.key, offer.value)
    assert "discover.categories" in found


@given(history=histories)
def test_learning_leaves_the_earlier_state_as_it_was(history: list[Any]) -> None:
    before = learn_from({}, weekly(6))
    text = json.dumps(before)
    learn_from(before, observed(history))
    assert json.dumps(before) == text


def test_states_stay_small_whatever_comes() -> None:
    def bulk(first: int) -> list[Observation]:
        return [
            seen(
                MONDAY_NOON + timedelta(minutes=i),
                store=f"store-{i:060d}",
                products=[product(f"category {i} {n} {'x' * 60}") for n in range(20)],
            )
            for i in range(first, first + 100)
        ]

    state = learn_from({}, bulk(0))
    size = len(json.dumps(state))
    for round_ in range(1, 5):
        state = learn_from(state, bulk(round_ * 100))
        assert len(json.dumps(state)) < max(size, 40_000) * 1.25
    assert state["buy.store"]["n"] == 500


def test_what_is_frequent_survives_the_cap() -> None:
    noise = [
        seen(MONDAY_NOON + timedelta(hours=i), products=[product(f"RARE {i}"), product("COFFEE")])
        for i in range(1000)
    ]
    assert offers(noise)["discover.categories"].value == ["COFFEE"]


def test_every_estimator_learns_a_key_that_may_be_inferred() -> None:
    keys = [estimator.key for estimator in ESTIMATORS]
    assert len(set(keys)) == len(keys)
    for key in keys:
        item = CATALOGUE.get(key)
        assert item is not None
        assert item.inferable
        assert item.sensitivity == "ordinary"


# Decay and probability


def test_an_observation_one_half_life_older_counts_half() -> None:
    decay = Decay(60)
    now = int(MONDAY_NOON.timestamp())
    assert decay.as_of(decay.weight(now - 60 * DAY), now) == pytest.approx(0.5)
    assert decay.as_of(3 * decay.weight(now), now) == 3
    assert decay.weight(0) == 0


def test_weights_stay_finite_in_any_future() -> None:
    assert Decay(1).weight(10**12) == Decay(1).weight(10**13)


@pytest.mark.parametrize(("a", "b", "threshold", "exact"), [(20, 10, 0.5, 0.9693), (3, 30, 0.1, 0.4045)])
def test_the_normal_distribution_is_close_to_the_beta(a: int, b: int, threshold: float, exact: float) -> None:
    assert beta_above(a, b, threshold) == pytest.approx(exact, abs=0.05)


def test_a_leader_is_the_likelier_the_further_it_leads() -> None:
    chances = [leading([n, 5, 5], 1) for n in range(5, 30)]
    assert chances == sorted(chances)
    assert chances[0] == pytest.approx(0.25)


# What is seen of an event


@pytest.mark.parametrize(
    "category",
    [
        "KOSHER FOODS",
        "Halal meat",
        "ADULT INCONTINENCE",
        "DIETARY AID PRODUCTS",
        "RESTRICTED DIET",
        "Gluten-free bread",
        "FAMILY PLANNING",
        "Pregnancy test",
        "DIAPERS & DISPOSABLES",
        "BABYFOOD",
        "INFANT FORMULA",
        "PHARMACY",
        "SINUS AND ALLERGY",
        "SMOKING CESSATIONS",
        "GLASSES/VISION AIDS",
        "FEMININE HYGIENE",
        "BEERS/ALES",
        "DOMESTIC WINE",
        "CIGARETTES",
        "HISPANIC",
        "ORGANICS FRUIT & VEGETABLES",
        "vegan_sausages",
    ],
)
def test_sensitive_purchases_never_enter(category: str) -> None:
    assert is_sensitive(category)
    usual = product("COFFEE")
    for hidden in (product(category), product("FOOD", department=category), product("FOOD", name=category)):
        assert [line.category for line in seen(products=[usual, hidden]).lines] == ["COFFEE"]


@pytest.mark.parametrize(
    "category",
    [
        "SOFT DRINKS",
        "BABY CARROTS",
        "RUMP STEAK",
        "GINGER",
        "SALAD MIX",
        "FLUID MILK PRODUCTS",
        "DRUG GM",
        "PALE",
    ],
)
def test_ordinary_purchases_do(category: str) -> None:
    assert not is_sensitive(category)


def test_an_order_of_sensitive_things_alone_tells_nothing() -> None:
    body = order(products=[product("KOSHER FOODS")])
    assert observe("Order Completed", "shop", MONDAY_NOON, body["properties"], body["context"]) is None


def test_fuel_alone_is_a_visit_and_no_purchase() -> None:
    assert seen(products=[product("FUEL")]).lines == ()
    body = order(products=[product("FUEL"), product("KOSHER FOODS")])
    assert observe("Order Completed", "shop", MONDAY_NOON, body["properties"], body["context"]) is None


def test_a_sensitive_store_is_not_seen() -> None:
    assert seen(store="Kosher Corner").store is None


@pytest.mark.parametrize("category", ["COUPON/MISC ITEMS", "Fuel", "UNKNOWN"])
def test_what_is_no_goods_is_left_out(category: str) -> None:
    assert not is_goods(category)


def test_what_is_not_understood_is_ignored() -> None:
    strange: list[dict[str, Any]] = [
        {"products": "none"},
        {"products": [None, 3, {"quantity": -1}, {"quantity": True, "category": ["x"], "price": "2"}]},
        {"store_id": {"a": 1}, "products": [product(quantity="3", brand=7)]},
        {},
    ]
    found = [observe("Order Completed", "shop", MONDAY_NOON, p, {"timezone": 3}) for p in strange]
    assert found[0] is found[3] is None
    assert [line.category for line in found[1].lines] == [None]  # type: ignore[union-attr]
    assert (found[2].store, found[2].local) == (None, None)  # type: ignore[union-attr]


@pytest.mark.parametrize("zone", ["Nowhere/None", "../etc/passwd", "America", "", "\0", "x" * 10_000])
def test_an_unknown_zone_is_no_zone(zone: str) -> None:
    assert seen(zone=zone).local is None


def test_an_offset_of_its_own_makes_a_local_time() -> None:
    at = datetime.fromisoformat("2026-03-02T08:00:00-05:00")
    local = seen(at, zone=None).local
    assert local is not None
    assert local.hour == 8


def test_texts_come_on_one_line_and_short() -> None:
    line = seen(products=[product(" A\n B " + "c" * 200)]).lines[0]
    assert line.category is not None
    assert line.category.startswith("A B ccc")
    assert len(line.category) == 80


@pytest.mark.parametrize(
    ("things", "store", "total", "currency", "summary"),
    [
        (12, "367", "34.20", "USD", "12 things at store 367 for 34.20 USD"),
        (1, None, None, "USD", "1 thing"),
        (None, None, None, None, "Product Viewed"),
    ],
)
def test_an_event_has_its_gist_in_words(
    things: int | None, store: str | None, total: str | None, currency: str | None, summary: str
) -> None:
    from uuid import UUID

    kept = KeptEvent(
        UUID(int=1),
        UUID(int=2),
        "Product Viewed",
        MONDAY_NOON,
        MONDAY_NOON,
        True,
        things,
        store,
        total,
        currency,
    )
    assert kept.summary == summary
