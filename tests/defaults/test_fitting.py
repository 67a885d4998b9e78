"""Fitted models find the truth that made the data, and are used without the library that fitted them."""

import math

import numpy as np
import pytest

from ccx_broker.defaults.fitting import KINDS, LEAST_ROWS, fit, fit_isotonic
from ccx_broker.defaults.rules import models
from ccx_broker.defaults.rules.interface import Row

random = np.random.default_rng(20261124)


def rows(name: str, x: np.ndarray, y: np.ndarray) -> list[Row]:
    return [Row(name, tuple(map(float, a)), float(b)) for a, b in zip(x, y, strict=True)]


def test_a_logistic_regression_finds_the_weights_that_made_the_outcomes() -> None:
    x = random.normal(size=(20_000, 2)) * [1.0, 10.0] + [0.0, 5.0]
    p = 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.2 * x[:, 1] + 0.5)))
    weights = fit({"m": "logistic"}, rows("m", x, random.random(20_000) < p))["m"]
    assert weights == pytest.approx([1.5, -0.2, 0.5], abs=0.12)
    assert models.logistic(weights, (1.0, 5.0)) == pytest.approx(1 / (1 + math.exp(-1)), abs=0.03)


def test_a_feature_that_never_differs_does_no_harm() -> None:
    x = np.hstack([random.normal(size=(500, 1)), np.ones((500, 1))])
    weights = fit({"m": "logistic"}, rows("m", x, x[:, 0] > 0))["m"]
    assert all(math.isfinite(weight) for weight in weights)


def test_outcomes_that_are_all_alike_give_no_infinite_weights() -> None:
    x = random.normal(size=(300, 2))
    weights = fit({"m": "logistic"}, rows("m", x, np.ones(300)))["m"]
    assert models.logistic(weights, (0.0, 0.0)) > 0.99


def test_the_level_is_that_of_the_latest_examples_and_the_slope_that_of_all() -> None:
    x = random.normal(size=(20_000, 1))
    season = np.where(np.arange(20_000) < 5_000, 1.0, -1.0)  # the latest come first
    p = 1 / (1 + np.exp(-(2 * x[:, 0] + season)))
    weights = fit({"m": "logistic"}, rows("m", x, random.random(20_000) < p), latest=5_000)["m"]
    assert weights == pytest.approx([1.8, 1.0], abs=0.2)
    expected = np.mean([models.logistic(weights, row) for row in x[:5_000]])
    assert expected == pytest.approx(p[:5_000].mean(), abs=0.02)


def test_a_linear_regression_finds_the_mean_and_a_median_regression_the_median() -> None:
    x = random.uniform(0, 10, size=(20_000, 1))
    noise = random.exponential(1.0, 20_000)  # mean 1, median ln 2
    found = fit(
        {"a": "linear", "b": "median"}, rows("a", x, 2 * x[:, 0] + noise) + rows("b", x, 2 * x[:, 0] + noise)
    )
    assert found["a"] == pytest.approx([2, 1], abs=0.06)
    assert found["b"] == pytest.approx([2, math.log(2)], abs=0.06)


def test_an_isotonic_curve_never_falls_and_is_calibrated() -> None:
    x = random.random((5000, 1))
    y = random.random(5000) < x[:, 0] ** 2
    curve = fit_isotonic(x, y.astype(float))
    assert curve[0] == sorted(set(curve[0]))
    assert curve[1] == sorted(curve[1])
    for at in (0.2, 0.5, 0.9):
        assert models.steps(curve, at) == pytest.approx(at**2, abs=0.06)


def test_too_few_examples_fit_nothing() -> None:
    few = rows("m", random.normal(size=(LEAST_ROWS - 1, 1)), np.zeros(LEAST_ROWS - 1))
    assert fit(dict.fromkeys(["m"], "logistic"), few) == {}


def test_every_kind_can_be_written_down_as_json() -> None:
    x = random.normal(size=(300, 1))
    for kind in KINDS:
        found = fit({"m": kind}, rows("m", x, (x[:, 0] > 0).astype(float)))["m"]
        assert isinstance(found, int | float | list)


@pytest.mark.parametrize(("at", "y"), [(-1, 0.1), (0, 0.1), (5, 0.5), (10, 0.9), (11, 0.9)])
def test_a_curve_is_straight_between_its_points_and_level_outside(at: float, y: float) -> None:
    assert models.steps([[0, 10], [0.1, 0.9]], at) == pytest.approx(y)


def test_weights_that_do_not_fit_the_features_are_refused() -> None:
    with pytest.raises(ValueError, match="2 weights"):
        models.linear([1, 2], [1, 2])


@pytest.mark.parametrize("x", [-1000.0, -1.0, 0.0, 1.0, 1000.0])
def test_a_sigmoid_has_no_overflow(x: float) -> None:
    assert 0 <= models.sigmoid(x) <= 1
    assert models.sigmoid(x) + models.sigmoid(-x) == pytest.approx(1)
