"""A handful of lines, and what the weeks afterwards show of them by hand."""

import math
from datetime import datetime, timedelta

import pandas as pd
import pytest

from bench.evaluation.data import Cut, Purchases, prepare
from bench.evaluation.labels import label
from bench.evaluation.pairs import LONGEST_GAP, gaps_after, prices_after
from bench.evaluation.score import score

START = datetime(2017, 1, 2, 15)  # noqa: DTZ001 - UTC, as in the data; a Monday, ten o'clock in New York
PRODUCTS = pd.DataFrame(
    [
        (1, "GROCERY", "Private", "MILK"),
        (2, "GROCERY", "National", "SOUP"),
        (3, "GROCERY", "National", "TEA"),
        (4, "FUEL", "National", "FUEL"),
        (5, "GROCERY", "National", None),
    ],
    columns=["product_id", "department", "brand", "product_category"],
)


def purchases(*lines: tuple[int, int, int, int], cut: Cut = Cut(6, 20)) -> Purchases:
    """Each line is (household, store, day, product) and costs as many dollars as its product's number."""
    rows = [
        {
            "household_id": household,
            "store_id": store,
            "basket_id": household * 1000 + day,
            "product_id": product,
            "quantity": 1,
            "sales_value": float(product),
            "retail_disc": 0.0,
            "coupon_disc": 0.0,
            "coupon_match_disc": 0.0,
            "week": day // 7 + 1,
            "transaction_timestamp": START + timedelta(days=day),
        }
        for household, store, day, product in lines
    ]
    return Purchases(prepare(pd.DataFrame(rows), PRODUCTS), cut)


def test_local_time_and_what_counts_come_from_the_line_alone() -> None:
    lines = purchases(*[(7, 1, 0, product) for product in range(1, 6)]).lines
    assert lines.usable.tolist() == [True, True, True, False, False]
    assert set(zip(lines.weekday, lines.slot, lines.day, strict=True)) == {("Mon", "morning", 1)}
    assert lines.own_brand.tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("hour", "slot"),
    [(9, "night"), (10, "morning"), (15, "morning"), (16, "midday"), (19, "afternoon"), (22, "evening"), (1, "night")],
)  # fmt: skip
def test_slots_are_by_the_shops_clock(hour: int, slot: str) -> None:
    bought = pd.DataFrame(purchases((7, 1, 0, 1)).lines.filter(regex="_id$|_disc$|week|quantity|sales"))
    bought["transaction_timestamp"] = START.replace(hour=hour)
    assert prepare(bought, PRODUCTS).slot.tolist() == [slot]


def test_the_next_basket_is_the_first_with_three_categories() -> None:
    known = purchases(
        (7, 1, 0, 1), (7, 1, 50, 1), (7, 1, 60, 1), (7, 1, 60, 2), (7, 1, 60, 3), (7, 1, 70, 2), (8, 1, 0, 2), (8, 1, 60, 2)
    )  # fmt: skip
    assert known.households() == [7, 8]
    categories = label(known, [7, 8]).categories
    assert categories.next_basket == {7: {"MILK", "SOUP", "TEA"}}, "the other household never had one"
    assert categories.altogether == {7: {"MILK", "SOUP", "TEA"}}
    assert categories.popular == ["MILK", "SOUP"]


def test_the_usual_store_is_where_most_trips_go_and_ties_are_right() -> None:
    trips = [(7, 1 + day % 2, 42 + day, 4) for day in range(6)]
    known = purchases((7, 3, 0, 1), *trips, (8, 9, 42, 1))
    labels = label(known, [7, 8])
    assert labels.habits["preferred_store"].trips == {7: {"1": 3, "2": 3}}, (
        "fuel is a trip too; one is too few"
    )
    assert labels.habits["preferred_store"].popular == "3"
    predictions = {7: {"preferred_store": {"value": 2, "confidence": 0.75}}}
    figures = score(predictions, labels)["preferred_store"]
    assert (figures["accuracy"], figures["trips"], figures["ece"]) == (1, 0.5, 0.25)
    assert (figures["would_serve"], figures["served_accuracy"]) == (1, 1)


def test_a_gap_is_counted_from_a_purchase_after_the_cut_and_cut_off_for_all_alike() -> None:
    milk = [(7, 1, day, 1) for day in (0, 7, 14, 21, 45, 55, 60)]
    soup = [(7, 1, day, 2) for day in (0, 10, 20, 30, 50)]
    once = [(7, 1, 0, 3), (7, 1, 50, 3)]
    known = purchases(*milk, *soup, *once, (7, 1, 139, 4))
    pairs = gaps_after(known, [7]).pairs.set_index("product_category")
    assert pairs.days.to_dict() == {"MILK": 10, "SOUP": LONGEST_GAP}
    assert pairs.typical.to_dict() == {"MILK": 7, "SOUP": 10}
    assert gaps_after(known, [8]).pairs.empty
    figures = score({7: {"replenishment": {"MILK": {"days": 12}}}}, label(known, [7]))["replenishment"]
    assert figures == {"n": 2, "coverage": 0.5, "mae": 2, "within7": 1, "served_mae": 13.5}


def test_every_pair_weighs_the_same_however_many_prices_it_has() -> None:
    milk = [(7, 1, day, 1) for day in (0, 1, 2, 50, 51, 52, 53)]
    soup = [(7, 1, day, 2) for day in (0, 1, 2, 50, 51)]
    known = purchases(*milk, *soup)
    prices = prices_after(known, [7])
    assert prices.paid.groupby("pair").weight.sum().tolist() == pytest.approx([0.5, 0.5])
    assert prices.pairs.set_index("product_category").typical50.to_dict() == pytest.approx(
        {"MILK": 0.0, "SOUP": math.log(2)}
    )
    said = {"SOUP": {"p10": 1.0, "p50": 1.0, "p90": 1.0}}
    figures = score({7: {"price_range": said}}, label(known, [7]))["price_range"]
    assert figures["band80"] == pytest.approx(0.5)
    assert figures["pinball"] == pytest.approx((0.1 + 0.5 + 0.9) / 3 * math.log(2) / 2)


def test_a_trait_is_more_than_the_median_household_has() -> None:
    def lines(household: int, own: int) -> list[tuple[int, int, int, int]]:
        """30 lines before and 30 after the cut, `own` of each of the shop's own brand."""
        return [(household, 1, day + week, 1 if day < own else 2) for week in (0, 45) for day in range(30)]

    known = purchases(*lines(7, 5), *lines(8, 10), *lines(9, 20), (5, 1, 0, 1), (5, 1, 50, 1))
    trait = label(known, [5, 7, 8, 9]).traits["prefers_private_label"]
    assert trait.threshold == pytest.approx(1 / 3)
    assert trait.truths == {7: False, 8: False, 9: True}, "of the fourth there are too few lines"
