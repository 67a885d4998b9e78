"""The few statistics that defaults are measured by. What has nothing to be measured on is NaN."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Figures = dict[str, float]

DISCOUNTS = 1 / np.log2(np.arange(2, 12))
"""What a hit is worth at each of ten places (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002)."""


def mean(values: Iterable[float]) -> float:
    """Return the arithmetic mean."""
    found = list(values)
    return float(np.mean(found)) if found else math.nan


def auc(chances: Sequence[float], truths: Sequence[bool]) -> float:
    """Return the chance that a true case ranks above a false one, ties counting half.

    That is the area under the ROC curve, by Mann and Whitney's rank sum.
    """
    true = np.asarray(truths, dtype=bool)
    positive, negative = int(true.sum()), int((~true).sum())
    if not positive or not negative:
        return math.nan
    ranks = pd.Series(chances).rank(method="average").to_numpy()[true].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def calibration_error(chances: Sequence[float], truths: Sequence[float], bins: int = 10) -> float:
    """Return the expected calibration error: |what was said - what came true|, averaged over bins of equal width.

    Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    if not len(chances):
        return math.nan
    said, came = np.asarray(chances, dtype=float), np.asarray(truths, dtype=float)
    each = pd.DataFrame({"said": said, "came": came}).groupby(np.minimum((said * bins).astype(int), bins - 1))
    distance = (each.said.mean() - each.came.mean()).abs()
    return float((distance * each.size()).sum() / len(said))


def accuracy_at(share: float, confidences: Sequence[float], hits: Sequence[bool], of: int) -> float:
    """Return how often the surest answers were right, as many of them as `share` of `of`; ties in their order."""
    wanted = round(share * of)
    if not 0 < wanted <= len(hits):
        return math.nan
    surest = np.argsort(-np.asarray(confidences, dtype=float), kind="stable")[:wanted]
    return float(np.asarray(hits, dtype=float)[surest].mean())


def recall(listed: Sequence[str], wanted: set[str]) -> float:
    """Return which part of what was wanted is listed."""
    return sum(name in wanted for name in listed) / len(wanted)


def gain(listed: Sequence[str], wanted: set[str]) -> float:
    """Return the normalised discounted cumulative gain of a list of at most ten."""
    best = DISCOUNTS[: min(len(DISCOUNTS), len(wanted))].sum()
    return float(sum(DISCOUNTS[i] for i, name in enumerate(listed) if name in wanted) / best)


def pinball(quantile: float, said: ArrayLike, came: ArrayLike) -> NDArray[np.float64]:
    """Return the loss of each said quantile: least on average for the true one (Koenker and Bassett, 1978)."""
    missed: NDArray[np.float64] = np.asarray(came, dtype=float) - np.asarray(said, dtype=float)
    return np.where(missed > 0, quantile * missed, (quantile - 1) * missed)
