"""What the weeks after the cut showed of each household and category: when it was bought again, and for how much."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.evaluation.data import Purchases

PAIR = ["household_id", "product_category"]
LONGEST_GAP = 35  # days; longer ones count as this, since the data ends
ANCHORED_WITHIN = 28  # days after the cut
LEAST_DAYS = 4  # on which a pair was bought before the cut
LEAST_BEFORE, LEAST_AFTER = 3, 2  # lines with a price
MOST_PIECES = 50  # more on one line is a weight, not a number of pieces
LEAST_PRICE = 0.01
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Gaps:
    """For each pair, how many days after its first purchase it was bought again."""

    pairs: pd.DataFrame
    """`household_id`, `product_category`, `days`, and `typical`: the category's median gap before the cut."""


@dataclass(frozen=True)
class Prices:
    """For each pair, what was paid afterwards, as natural logarithms: twice the price is as far as half of it."""

    pairs: pd.DataFrame
    """`household_id`, `product_category`, and `typical10`, `typical50`, `typical90`: everyone's before the cut."""
    paid: pd.DataFrame
    """`pair`, which is a row of `pairs`, `price`, and `weight`: each pair weighs the same, and all of them 1."""


def gaps_after(purchases: Purchases, households: Collection[int]) -> Gaps:
    """Look how long it took until the next purchase after the first one.

    Counted from a purchase after the cut, and cut off after the same time for all: the gap that the cut
    itself falls into is longer than others on average.
    """
    cut = purchases.first_day_after(purchases.cut.known)
    end = purchases.first_day_after(purchases.cut.until)
    days = purchases.lines[purchases.lines.usable & (purchases.lines.day < end)]
    days = days[[*PAIR, "day"]].drop_duplicates().sort_values([*PAIR, "day"])
    before, after = days[days.day < cut], days[days.day >= cut]

    gaps = before.assign(gap=before.groupby(PAIR).day.diff()).dropna(subset="gap")
    typical = gaps.groupby("product_category").gap.median().rename("typical").reset_index()
    times = before.groupby(PAIR).size().rename("times").reset_index()
    known = times[(times.times >= LEAST_DAYS) & times.household_id.isin(households)]

    after = after.assign(next=after.groupby(PAIR).day.shift(-1)).drop_duplicates(PAIR)
    after = after[(after.day < cut + ANCHORED_WITHIN) & (after.day + LONGEST_GAP <= end)]
    after = after.assign(days=(after.next - after.day).fillna(LONGEST_GAP).clip(upper=LONGEST_GAP))
    pairs = known.merge(typical, on="product_category").merge(after, on=PAIR)
    return Gaps(pairs[[*PAIR, "days", "typical"]])


def prices_after(purchases: Purchases, households: Collection[int]) -> Prices:
    """Look what was paid for one piece, where enough was bought before and after the cut."""
    cut = purchases.first_day_after(purchases.cut.known)
    end = purchases.first_day_after(purchases.cut.until)
    lines = purchases.lines
    lines = lines[lines.usable & (lines.sales_value > 0) & (lines.quantity <= MOST_PIECES)]
    lines = lines[[*PAIR, "day"]].assign(price=np.log(lines.price.clip(lower=LEAST_PRICE)))
    before, after = lines[lines.day < cut], lines[(lines.day >= cut) & (lines.day < end)]

    typical = before.groupby("product_category").price.quantile(list(QUANTILES)).unstack()
    typical.columns = [f"typical{quantile * 100:.0f}" for quantile in QUANTILES]
    pairs = _at_least(before, LEAST_BEFORE).merge(_at_least(after, LEAST_AFTER), on=PAIR)
    pairs = pairs[pairs.household_id.isin(households)].merge(typical, on="product_category")
    paid = after.merge(pairs.assign(pair=pairs.index)[[*PAIR, "pair"]], on=PAIR)[["pair", "price"]]
    weight = 1 / len(pairs) / paid.groupby("pair").price.transform("size") if len(pairs) else 0.0
    return Prices(pairs, paid.assign(weight=weight))


def _at_least(lines: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return the pairs with so many lines."""
    times = lines.groupby(PAIR).size()
    return times[times >= least].reset_index()[PAIR]
