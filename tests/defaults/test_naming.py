"""Products go by the names that shops give them, and shops' capitals are no shouting."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from ccx_broker.defaults import forgetting
from ccx_broker.defaults.naming import describer
from ccx_broker.profile.catalogue import describe
from ccx_broker.words import quiet
from tests.defaults.examples import learn, product, received
from tests.defaults.test_forgetting import event_ids, new_shop
from tests.defaults.test_service import NOW, SHOP, new_customer, statements


@pytest.fixture
def customer(session: Session) -> UUID:
    return new_customer(session)


def buy(session: Session, customer: UUID, *products: Any, shop: UUID = SHOP, message: str = "order") -> None:
    """Take in an order of these products."""
    learn(session, [received(customer, shop, message, products=list(products))], NOW)


def named(session: Session, customer: UUID, *numbers: str) -> str:
    return describer(session, customer, {"buy.usual": list(numbers)})("buy.usual", list(numbers))


def test_a_product_goes_by_its_name(session: Session, customer: UUID) -> None:
    milk, bread = product("MILK", product_id="17", name="Whole milk 1 l"), product(sku="b-2", name="Rye")
    del bread["product_id"]
    buy(session, customer, milk, bread)
    assert named(session, customer, "17", "b-2", "99") == "Whole milk 1 l, Rye, 99"


def test_a_number_is_the_same_however_it_is_written(session: Session, customer: UUID) -> None:
    buy(session, customer, product(product_id=17, name="Milk"))
    assert named(session, customer, "17") == "Milk"


def test_two_products_of_one_name_keep_their_numbers(session: Session, customer: UUID) -> None:
    buy(session, customer, *(product(product_id=number, name="Apples") for number in ("1", "2")))
    assert named(session, customer, "1", "2") == "Apples (1), Apples (2)"


@pytest.mark.parametrize("name", [None, "", "  ", "\u202ename", 5, ["x"]])
def test_what_is_no_name_leaves_the_number(session: Session, customer: UUID, name: Any) -> None:
    buy(session, customer, product(product_id="17", name=name), product())
    assert named(session, customer, "17") == "17"


def test_a_long_name_is_cut_and_stands_on_one_line(session: Session, customer: UUID) -> None:
    buy(session, customer, product(product_id="17", name="Milk\n" + "x" * 500))
    assert named(session, customer, "17") == "Milk " + "x" * 55


def test_products_that_are_no_list_are_passed_over(session: Session, customer: UUID) -> None:
    buy(session, customer, product(product_id="17", name="Milk"))
    odd = received(customer, SHOP, "odd")
    odd.body["properties"]["products"] = {"product_id": "17", "name": "no list"}
    learn(session, [odd], NOW)
    assert named(session, customer, "17") == "Milk"


def test_nobody_elses_names_are_told(session: Session, customer: UUID) -> None:
    buy(session, new_customer(session), product(product_id="17", name="Milk"))
    assert named(session, customer, "17") == "17"


def test_a_forgotten_purchase_gives_no_name(session: Session, customer: UUID) -> None:
    buy(session, customer, product(product_id="17", name="Milk"))
    forgetting.forget_event(session, customer, event_ids(session, customer)["order"], NOW)
    assert named(session, customer, "17") == "17"


def test_a_shop_that_is_not_learnt_from_gives_no_name(session: Session, customer: UUID) -> None:
    shop = new_shop(session)
    buy(session, customer, product(product_id="17", name="Milk"), shop=shop)
    forgetting.stop_learning(session, customer, shop, NOW)
    assert named(session, customer, "17") == "17"


def test_without_products_nothing_is_looked_up(session: Session, customer: UUID) -> None:
    with statements(session) as seen:
        in_words = describer(session, customer, {"buy.store": "367", "buy.coupons": "dont"})
        assert in_words("buy.coupons", "dont") == describe("buy.coupons", "dont")
    assert seen == []


def test_a_guess_in_words_has_the_names(session: Session, customer: UUID) -> None:
    buy(session, customer, product(product_id="17", name="Milk"))
    with statements(session) as seen:
        in_words = describer(session, customer, {"buy.usual": ["17"], "discover.categories": ["MILK"]})
    assert len(seen) == 1
    assert in_words("buy.usual", ["17"]) == "Milk"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("FLUID MILK PRODUCTS", "fluid milk products"),
        ("SALD DRSNG/SNDWCH SPRD", "sald drsng/sndwch sprd"),
        ("MILK", "milk"),
        ("USD", "USD"),
        ("TV", "TV"),
        ("Old Mill", "Old Mill"),
        ("367", "367"),
        ("", ""),
    ],
)
def test_capitals_are_read_as_small_letters(written: str, read: str) -> None:
    assert quiet(written) == read


def test_categories_are_told_in_small_letters() -> None:
    assert describe("discover.categories", ["SOFT DRINKS", "TEA"]) == "soft drinks, TEA"
    assert "soft drinks: " in describe("buy.replenish", {"SOFT DRINKS": 9})
