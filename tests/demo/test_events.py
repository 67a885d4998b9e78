"""From a receipt to an event, and which households take part."""

import json
from datetime import datetime

import pytest

from ccx_broker.demo.events import (
    BATCH_BYTES,
    OUR_HOUSEHOLD,
    Line,
    Receipt,
    addressed,
    batches,
    choose_households,
    order_completed,
)

MILK = Line("951", "WHOLE MILK", "FLUID MILK", "GROCERY", True, 2, 5.0, 0.5, 0.25)
UNKNOWN = Line("26081", None, None, "GROCERY", False, 0, 0.1, 0.0, 0.0)
RECEIPT = Receipt("31198570044", "330", datetime(2017, 1, 1, 11, 53, 26), (MILK, UNKNOWN))  # noqa: DTZ001


def test_a_receipt_becomes_one_order() -> None:
    order = order_completed(RECEIPT)
    assert (order["type"], order["event"]) == ("track", "Order Completed")
    assert order["messageId"] == "order-31198570044"
    assert order["timestamp"] == "2017-01-01T11:53:26Z", "the data's times are UTC"
    assert order["context"] == {"timezone": "America/New_York"}, "the shop's clock"
    assert order["properties"]["store_id"] == "330"
    assert order["properties"]["total"] == 5.1


def test_a_line_becomes_one_product_with_the_price_of_one_piece() -> None:
    assert order_completed(RECEIPT)["properties"]["products"][0] == {
        "product_id": "951",
        "name": "WHOLE MILK",
        "category": "FLUID MILK",
        "department": "GROCERY",
        "brand": "Private",
        "quantity": 2,
        "price": 2.5,
        "discount": 0.5,
        "coupon_discount": 0.25,
    }


def test_what_the_data_does_not_say_is_left_out() -> None:
    product = order_completed(RECEIPT)["properties"]["products"][1]
    assert product.keys().isdisjoint({"name", "category"})
    assert (product["brand"], product["price"]) == ("National", 0.1), "nothing is divided by a quantity of 0"


def test_orders_are_addressed_without_changing_them() -> None:
    order = order_completed(RECEIPT)
    (sent,) = addressed([order], "a-name")
    assert sent == order | {"userId": "a-name"}
    assert "userId" not in order


def test_batches_keep_the_order_and_both_limits() -> None:
    small = [{"messageId": str(n)} for n in range(250)]
    assert [len(batch) for batch in batches(small)] == [100, 100, 50]
    assert [event for batch in batches(small) for event in batch] == small
    large = [{"messageId": str(n), "text": "x" * 400_000} for n in range(5)]
    assert [len(batch) for batch in batches(large)] == [2, 2, 1]
    assert all(len(json.dumps(batch)) < BATCH_BYTES * 1.1 for batch in batches(large))
    assert list(batches([])) == []


@pytest.mark.parametrize("count", [1, 3, 50])
def test_the_same_households_are_chosen_each_time_ours_first(count: int) -> None:
    visits = dict.fromkeys(range(1, 3000), 40)
    chosen = choose_households(visits, count)
    assert chosen == choose_households(dict(reversed(visits.items())), count)
    assert chosen[0] == OUR_HOUSEHOLD
    assert len(set(chosen)) == count
    assert chosen == choose_households(visits, 100)[:count], "fewer households are some of the same"


def test_households_that_hardly_come_are_left_out() -> None:
    assert choose_households({1: 19, 2: 20, OUR_HOUSEHOLD: 62}, 10) == [OUR_HOUSEHOLD, 2]
