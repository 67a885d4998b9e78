"""What others teach: never oneself, never a few, and silence where a guess costs more than it helps."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.rules.interface import Cell
from ccx_broker.defaults.rules.population import FOLDS, LEAST, Population, cells_of_others, fold_of
from ccx_broker.defaults.rules.silence import bar

shares = st.lists(
    st.tuples(
        st.integers(0, FOLDS - 1),
        st.dictionaries(
            st.sampled_from("abc"), st.tuples(st.just(1.0), st.integers(-9, 9).map(float)), max_size=3
        ),
    ),
    max_size=150,
)


@given(shares)
def test_a_fold_is_judged_by_the_sums_of_the_others(given_shares: list[Any]) -> None:
    for fold, cells in enumerate(cells_of_others(given_shares)):
        others = [share for of, share in given_shares if of != fold]
        for name in "abc":
            numbers = [share[name] for share in others if name in share]
            expected = Cell(len(numbers), tuple(map(sum, zip(*numbers, strict=True))))
            assert cells.get(name) == (expected if len(numbers) >= LEAST else None)


@given(shares, st.integers(0, FOLDS - 1))
def test_nobody_is_part_of_their_own_prior(given_shares: list[Any], fold: int) -> None:
    mine = (fold, {"a": (1.0, 1e6), "mine alone": (1.0, 5.0)})
    assert cells_of_others([*given_shares, mine])[fold] == cells_of_others(given_shares)[fold]


@pytest.mark.parametrize("customers", [1, LEAST - 1])
def test_what_few_customers_stand_behind_is_dropped(customers: int) -> None:
    few = [(0, {"rare": [1.0]})] * customers
    assert not any(cells_of_others(few))
    enough = cells_of_others([(0, {"rare": [1.0]})] * LEAST)
    assert [("rare" in cells) for cells in enough] == [False, *[True] * (FOLDS - 1)]


def test_folds_are_lasting_and_even() -> None:
    assert [fold_of(name) for name in (b"a", b"b", b"c", b"d")] == [2, 2, 2, 0]
    sizes = Counter(fold_of(str(i).encode()) for i in range(4000))
    assert all(900 < sizes[fold] < 1100 for fold in range(FOLDS))


def test_a_population_survives_being_written_down() -> None:
    population = Population(9, ({"k": {"x": 1}}, {}, {}, {}), {"k": {"m": [1.0]}})
    assert Population.from_json(population.as_json()) == population
    assert population.view(0).typical == {"k": {"x": 1}}
    assert Population(0, (), {}).view(3).typical == {}


def test_a_guess_is_told_where_it_costs_less_than_silence() -> None:
    assert bar(5, 2) == pytest.approx(0.6)
    assert bar(1, 1) == 0
    for p in (0.59, 0.61):
        expected_cost = (1 - p) * 5
        assert (expected_cost <= 2) == (p >= bar(5, 2))


@pytest.mark.parametrize(("wrong", "silent"), [(1, 2), (1, 0), (0, 0), (1, -1)])
def test_costs_that_make_no_sense_are_refused(wrong: float, silent: float) -> None:
    with pytest.raises(ValueError, match="silent"):
        bar(wrong, silent)
