"""How fitted numbers are used: the pure half of `defaults.fitting`. All in the standard library."""

from bisect import bisect_left
from collections.abc import Sequence
from math import exp


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e⁻ˣ), for any x."""
    return 1 / (1 + exp(-x)) if x >= 0 else 1 - 1 / (1 + exp(x))


def linear(weights: Sequence[float], features: Sequence[float]) -> float:
    """Return the weighted sum of the features; the last weight stands alone.

    Raises `ValueError` if there are not as many weights as features, and one.
    """
    if len(weights) != len(features) + 1:
        raise ValueError(f"{len(weights)} weights don't fit {len(features)} features.")
    return sum(map(_times, weights, features), weights[-1])


def logistic(weights: Sequence[float], features: Sequence[float]) -> float:
    """Return the probability by a fitted logistic regression."""
    return sigmoid(linear(weights, features))


def steps(curve: Sequence[Sequence[float]], x: float) -> float:
    """Return y at x on a curve of points `[[x…], [y…]]`, straight between them and level outside."""
    xs, ys = curve
    i = bisect_left(xs, x)
    if i == 0:
        return ys[0]
    if i == len(xs):
        return ys[-1]
    part = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[i - 1] + part * (ys[i] - ys[i - 1])


def _times(a: float, b: float) -> float:
    return a * b
