"""What customers pay for a category, as sums that can be added up, and what they tell.

One customer's share is the number of their prices in each bin of a logarithmic scale, and, where there are
at least three, how much these differ: the sums that a one-way analysis of variance needs (Searle, Casella,
McCulloch, "Variance Components", 1992).
"""

from collections.abc import Sequence
from math import log

from ccx_broker.defaults.rules.interface import Cell
from ccx_broker.defaults.rules.prices import PARTS

LOWEST, WIDTH, BINS = -3.0, 0.2, 80
"""Bins a fifth wide: from 0.05 to half a million, in any currency."""

DECILES = 10
WORTH, MIDDLE = 0, 1
FACTOR = 1.4
"""How many of a customer's purchases the others count for where customers differ as much as purchases do.
Measured: weeks 1-33 of dunnhumby's Complete Journey against the following nine."""


def share_of(prices: Sequence[int]) -> list[float]:
    """Return one customer's sums: whether they count, within, mean, mean², error of the mean; then the bins."""
    logs = [log(price / PARTS) for price in prices]
    n = len(logs)
    mean = sum(logs) / n
    sums = [0.0] * 5
    if n >= 3:
        within = sum((x - mean) ** 2 for x in logs) / (n - 1)
        sums = [1.0, within, mean, mean * mean, within / n]
    bins = [0.0] * BINS
    for x in logs:
        bins[min(max(int((x - LOWEST) / WIDTH), 0), BINS - 1)] += 1
    return sums + bins


def distilled(cell: Cell) -> list[float]:
    """Return what others' prices are worth, their middle, and the middles of their ten equal parts."""
    count, within, mean, square, error = cell.sums[:5]
    worth = 2.5
    if count >= 3:
        between = square / count - (mean / count) ** 2 - error / count
        worth = FACTOR * min(max(within / count / max(between, 0.005), 0.3), 10.0)
    deciles = [quantile(cell.sums[5:], (i + 0.5) / DECILES) for i in range(DECILES)]
    return [round(x, 3) for x in (worth, sum(deciles) / DECILES, *deciles)]


def quantile(bins: Sequence[float], level: float) -> float:
    """Return the value below which a share `level` of what is in the bins lies."""
    wanted, below = level * sum(bins), 0.0
    for i, many in enumerate(bins):
        if many and below + many >= wanted:
            return LOWEST + WIDTH * (i + (wanted - below) / many)
        below += many
    return LOWEST + WIDTH * BINS
