"""Fits the estimators' models on examples. Only the calibration comes here, never a request."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccx_broker.defaults.rules.interface import Row

Matrix = NDArray[np.float64]

LEAST_ROWS = 200
"""With fewer examples a model is not fitted anew: the numbers that came with the program are better."""


def fit(kinds: Mapping[str, str], rows: Sequence[Row], latest: int | None = None) -> dict[str, Any]:
    """Return the fitted numbers of each model that there are enough examples for.

    The first `latest` rows (all, if not said) are of the present season: the others help to find what matters
    how much, but the level of a logistic regression is that of the present.
    """
    present = {id(row) for row in rows[:latest]}
    fitted: dict[str, Any] = {}
    for name, kind in kinds.items():
        mine = [row for row in rows if row.model == name]
        if len(mine) >= LEAST_ROWS:
            x = np.array([row.features for row in mine], float)
            y = np.array([row.outcome for row in mine], float)
            fitted[name] = KINDS[kind](x, y)
            now = np.array([id(row) in present for row in mine])
            if kind == "logistic" and LEAST_ROWS <= now.sum() < len(mine):
                fitted[name] = levelled(fitted[name], x[now], y[now])
    return fitted


def fit_logistic(x: Matrix, y: Matrix, ridge: float = 1.0) -> list[float]:
    """Return the weights of a logistic regression, the constant last; outcomes lie in 0 to 1.

    Newton's method on standardised features with an L2 penalty `ridge` (in units of examples) on all but
    the constant: Hoerl & Kennard 1970; le Cessie & van Houwelingen, "Ridge estimators in logistic
    regression", 1992.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < 1e-9] = 1.0
    z = np.hstack([(x - mean) / spread, np.ones((len(x), 1))])
    penalty = np.full(z.shape[1], ridge)
    penalty[-1] = 1e-9
    w = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        slope = z.T @ (p - y) + penalty * w
        curve = (z * (p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        w = w - np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-8:
            break
    weights = w[:-1] / spread
    return _rounded([*weights, w[-1] - float(weights @ mean)])


def levelled(weights: Sequence[float], x: Matrix, y: Matrix) -> list[float]:
    """Return a logistic regression with another constant: the one by which it expects as many as there are."""
    tilt = x @ np.array(weights[:-1])
    low, high = -50.0, 50.0
    for _ in range(60):
        level = (low + high) / 2
        expected = float((1 / (1 + np.exp(-np.clip(tilt + level, -30, 30)))).mean())
        low, high = (level, high) if expected < y.mean() else (low, level)
    return _rounded([*weights[:-1], min(max((low + high) / 2, weights[-1] - 5), weights[-1] + 5)])


def fit_linear(x: Matrix, y: Matrix, ridge: float = 1.0) -> list[float]:
    """Return the weights of a least-squares regression with an L2 penalty, the constant last."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < 1e-9] = 1.0
    z = (x - mean) / spread
    w = np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ (y - y.mean())) / spread
    return _rounded([*w, float(y.mean()) - float(w @ mean)])


def fit_median(x: Matrix, y: Matrix) -> list[float]:
    """Return the weights of a median regression (least absolute deviations), the constant last.

    Iteratively reweighted least squares: Schlossmacher 1973.
    """
    z = np.hstack([x, np.ones((len(x), 1))])
    w = np.array(fit_linear(x, y))
    for _ in range(100):
        weight = 1 / np.maximum(np.abs(y - z @ w), 1e-3)
        new = np.linalg.solve(
            (z * weight[:, None]).T @ z + 1e-6 * np.eye(z.shape[1]), (z * weight[:, None]).T @ y
        )
        if np.abs(new - w).max() < 1e-6:
            break
        w = new
    return _rounded(w)


def fit_middle(_: Matrix, y: Matrix) -> float:
    """Return the median of the outcomes; the features don't matter."""
    return round(float(np.median(y)), 6)


def fit_isotonic(x: Matrix, y: Matrix, points: int = 40) -> list[list[float]]:
    """Return a curve, for `models.steps`, of the outcome's mean over the first feature, never falling.

    Pool adjacent violators: Ayer et al. 1955; for calibration: Zadrozny & Elkan, KDD 2002.
    """
    order = np.argsort(x[:, 0], kind="stable")
    parts = [p for p in np.array_split(order, min(points, len(order))) if len(p)]
    blocks: list[list[float]] = []  # sum of x, sum of y, how many
    for part in parts:
        blocks.append([float(x[part, 0].sum()), float(y[part].sum()), float(len(part))])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    xs, ys = [b[0] / b[2] for b in blocks], [b[1] / b[2] for b in blocks]
    rising = [i for i in range(len(xs)) if i == 0 or xs[i] > xs[i - 1]]
    return [_rounded([xs[i] for i in rising]), _rounded([ys[i] for i in rising])]


def _rounded(numbers: Any) -> list[float]:
    return [float(f"{number:.6g}") for number in numbers]


KINDS: Mapping[str, Callable[[Matrix, Matrix], Any]] = {
    "logistic": fit_logistic,
    "linear": fit_linear,
    "median": fit_median,
    "middle": fit_middle,
    "isotonic": fit_isotonic,
}
