"""What the weeks after the cut showed of each household; the predictions are held against it."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from bench.evaluation.data import Purchases
from bench.evaluation.pairs import Gaps, Prices, gaps_after, prices_after

LEAST_CATEGORIES = 3  # in a basket, or there is hardly anything to recall
LEAST_TRIPS = 5  # for one day, slot or store to be the usual one
LEAST_LINES = 30  # for a share of lines to say anything

HABITS = {"shopping_day": "weekday", "shopping_slot": "slot", "preferred_store": "store_id"}
TRAITS = {
    "prefers_private_label": "own_brand",
    "discount_sensitive": "discounted",
    "coupon_user": "with_coupon",
}


@dataclass(frozen=True)
class Categories:
    """What was bought, by household: in the first basket worth the name, and altogether."""

    next_basket: dict[int, set[str]]
    altogether: dict[int, set[str]]
    popular: list[str]
    """The ten that most households of the fold bought before the cut."""


@dataclass(frozen=True)
class Habit:
    """How many trips fell on each day, slot or store, by household."""

    trips: dict[int, dict[str, int]]
    popular: str
    """What most trips of the fold before the cut fell on."""


@dataclass(frozen=True)
class Trait:
    """Who has more of something than the median household had before the cut."""

    truths: dict[int, bool]
    threshold: float


@dataclass(frozen=True)
class Labels:
    """All that is known of the households afterwards; habits and traits by what a prediction calls them."""

    categories: Categories
    habits: dict[str, Habit]
    traits: dict[str, Trait]
    gaps: Gaps
    prices: Prices


def label(purchases: Purchases, households: Collection[int]) -> Labels:
    """Look at what the households did; what is typical comes from everyone's history in the fold."""
    return Labels(
        categories=_categories(purchases, households),
        habits={key: _habit(purchases, households, column) for key, column in HABITS.items()},
        traits={key: _trait(purchases, households, column) for key, column in TRAITS.items()},
        gaps=gaps_after(purchases, households),
        prices=prices_after(purchases, households),
    )


def _usable(lines: pd.DataFrame, households: Collection[int]) -> pd.DataFrame:
    return lines[lines.usable & lines.household_id.isin(households)]


def _categories(purchases: Purchases, households: Collection[int]) -> Categories:
    bought = _usable(purchases.afterwards, households)
    bought = bought.drop_duplicates(["household_id", "basket_id", "product_category"])
    sizes = bought.groupby(["household_id", "basket_id"]).basket_id.transform("size")
    baskets = bought[sizes >= LEAST_CATEGORIES].sort_values(
        ["household_id", "transaction_timestamp", "basket_id"]
    )
    first = baskets.groupby("household_id").basket_id.transform("first")
    next_basket = _sets(baskets[baskets.basket_id == first])
    everything = _sets(bought)
    history = purchases.history[purchases.history.usable]
    buyers = history.groupby("product_category").household_id.nunique()
    return Categories(
        next_basket=next_basket,
        altogether={household: everything[household] for household in next_basket},
        popular=list(buyers.sort_values(ascending=False, kind="stable").index[:10]),
    )


def _sets(lines: pd.DataFrame) -> dict[int, set[str]]:
    return {int(i): set(names) for i, names in lines.groupby("household_id").product_category}


def _habit(purchases: Purchases, households: Collection[int], column: str) -> Habit:
    before, after = (
        lines.drop_duplicates(["household_id", "basket_id"])
        for lines in (purchases.history, purchases.afterwards)
    )
    after = after[after.household_id.isin(households)]
    enough = after[after.groupby("household_id").basket_id.transform("size") >= LEAST_TRIPS]
    counted = enough.groupby("household_id")[column]
    return Habit(
        trips={int(i): values.astype(str).value_counts().to_dict() for i, values in counted},
        popular=str(before[column].astype(str).mode()[0]),
    )


def _trait(purchases: Purchases, households: Collection[int], column: str) -> Trait:
    before = _shares(purchases.history[purchases.history.usable], column)
    after = _shares(_usable(purchases.afterwards, households), column)
    # Most households use no coupon at all: using one is what sets the others apart.
    threshold = 0.0 if column == "with_coupon" else float(before.median())
    return Trait({int(i): bool(share > threshold) for i, share in after.items()}, threshold)


def _shares(lines: pd.DataFrame, column: str) -> pd.Series:
    """Return the share of lines of which `column` is true, of households with enough of them."""
    each = lines.groupby("household_id")[column].agg(["size", "mean"])
    return each["mean"][each["size"] >= LEAST_LINES]
