"""A distribution made of weighted points, read as quantiles, and the other way round."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Points = Iterable[tuple[float, float]]
"""Values with their weights."""


def curve(points: Points) -> tuple[list[float], list[float]]:
    """Return the values in order, and the share of the weight below the middle of each (0 to 1).

    Between two values the distribution is taken as even. Raises `ZeroDivisionError` without any weight.
    """
    values, levels, below = [], [], 0.0
    ordered = sorted(points)
    for value, weight in ordered:
        values.append(value)
        levels.append(below + weight / 2)
        below += weight
    return values, [level / below for level in levels]


def at(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Return y at x on the line through the points (xs, ys); level outside of them. Both may have steps."""
    i = bisect_left(xs, x)
    if i == 0:
        return ys[0]
    if i == len(xs):
        return ys[-1]
    left, right = xs[i - 1], xs[i]
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - left) / (right - left)
