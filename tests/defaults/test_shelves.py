"""The memory of shelves: exact, bounded, and the same in whatever order orders arrive."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.rules import shelves
from ccx_broker.defaults.rules.interface import State
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.shelves import SHELVES, Shelves
from tests.defaults.examples import MONDAY_NOON, product, seen

lines = st.builds(
    lambda category, brand, discount, coupon, price: product(
        category, brand=brand, discount=discount, coupon_discount=coupon, price=price
    ),
    st.sampled_from(["COFFEE", "TEA", "SOUP"]),
    st.sampled_from(["Private", "National", None]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.99, 3.49, 0.0, None]),
)
orders = st.lists(
    st.builds(
        lambda hours, store, products: seen(
            MONDAY_NOON + timedelta(hours=hours), store=store, products=products
        ),
        st.integers(0, 9000),
        st.sampled_from(["1", "2"]),
        st.lists(lines, min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=8,
)


def remembered(history: list[Observation], memory: Shelves = SHELVES) -> State:
    state = memory.start()
    for observation in history:
        state = memory.update(state, observation)
    return state


@given(orders, st.randoms())
def test_the_order_in_which_orders_arrive_makes_no_difference(history: list[Observation], dice: Any) -> None:
    shuffled = list(history)
    dice.shuffle(shuffled)
    assert remembered(shuffled) == remembered(history)


@given(orders)
def test_shelves_add_up_to_all(history: list[Observation]) -> None:
    state = remembered(history)
    bought = [line for order in history for line in order.lines]
    for one, together in (
        (shelves.LINES, shelves.A_LINES),
        (shelves.OWN, shelves.A_OWN),
        (shelves.CUT, shelves.A_CUT),
        (shelves.COUPONS, shelves.A_COUPONS),
        (shelves.PRICED, shelves.A_PRICED),
    ):
        assert sum(shelf[one] for shelf in state["of"].values()) == state["all"][together]
    assert state["all"][shelves.A_LINES] == len(bought) == sum(state["stores"].values())
    assert state["all"][shelves.A_BRANDED] == sum(line.own_brand is not None for line in bought)


@given(orders)
def test_an_update_leaves_the_state_it_was_given_alone(history: list[Observation]) -> None:
    before = remembered(history)
    copy = remembered(history)
    SHELVES.update(before, history[0])
    assert before == copy


def test_a_shelf_counts_what_was_bought_of_it() -> None:
    basket = [
        product("TEA", brand="Private", discount=0.5, price=1.5),
        product("TEA", coupon_discount=1, price=2.0),
        product("SOUP", price=1.0),
    ]
    tea = remembered([seen(products=basket)])["of"]["TEA"]
    assert tea[shelves.VISITS :] == [1, 2, 1, 1, 1, 1, 2, 405 + 693]
    assert shelves.mean_log_price(tea) == pytest.approx(0.549)


def test_recent_lines_count_more() -> None:
    own, other = [product(brand="Private")], [product()]
    state = remembered([seen(products=other), seen(MONDAY_NOON + timedelta(days=60), products=own)])
    assert shelves.recent(state, shelves.R_OWN) == pytest.approx(1, abs=1e-5)
    assert shelves.recent(state, shelves.R_LINES) == pytest.approx(1.5, abs=1e-5)


def test_the_depth_of_a_discount_is_a_part_of_the_full_price() -> None:
    state = remembered([seen(products=[product(discount=1.0, price=1.5, quantity=2)])])
    assert state["all"][shelves.A_DEPTH] == 250


def test_it_never_outgrows_its_caps() -> None:
    memory = Shelves(cap=8, store_cap=4)
    state = memory.start()
    for day in range(100):
        for name in ("USUAL", f"RARE {day}"):
            basket = [product(name)] * (2 if name == "USUAL" else 1)
            at = MONDAY_NOON + timedelta(days=day)
            state = memory.update(state, seen(at, products=basket, store="1" if day % 2 else str(day)))
            assert len(state["of"]) <= 8
            assert len(state["stores"]) <= 4
    assert state["of"]["USUAL"][shelves.LINES] == 200
    assert max(state["stores"], key=state["stores"].get) == "shop/1"
    assert state["all"][shelves.A_LINES] == 300


def test_a_state_kept_before_a_sum_was_added_is_read_on() -> None:
    state = remembered([seen()])
    state["of"]["COFFEE"] = state["of"]["COFFEE"][: shelves.PRICED]
    after = SHELVES.update(state, seen())
    assert after["of"]["COFFEE"][shelves.PRICED] == 1
