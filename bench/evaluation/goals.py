"""What is to be reached, and from where: the figures that the report holds ours against."""

import math
from dataclasses import dataclass

from bench.evaluation.measures import Figures

Scores = dict[str, Figures]


@dataclass(frozen=True)
class Range:
    """The values that will do."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: float) -> bool:
        """Tell whether `value` is one of them."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"≤ {self.high:g}"
        return f"≥ {self.low:g}" if math.isinf(self.high) else f"{self.low:g} to {self.high:g}"


def least(value: float) -> Range:
    """Return the range from `value` upwards."""
    return Range(low=value)


def most(value: float) -> Range:
    """Return the range up to `value`."""
    return Range(high=value)


@dataclass(frozen=True)
class Goal:
    """A figure of `score`, and what it should be.

    `floor` is what simple counters reach, which decay and know what is typical, measured once on the dev half.
    """

    default: str
    measure: str
    task: str
    figure: str
    floor: float
    reach: Range
    beyond: Range | None = None

    def ours(self, scores: Scores) -> float:
        """Return what we reach."""
        return scores[self.task][self.figure]

    def verdict(self, scores: Scores) -> str:
        """Say how far that is."""
        ours = self.ours(scores)
        if self.beyond and self.beyond.holds(ours):
            return "beyond"
        return "reached" if self.reach.holds(ours) else "not reached"


RECALL, HALF, ERROR, AREA = "next-basket recall@10", "accuracy at 50 % coverage", "ECE", "AUC"
STORE, SLOT, DAY = "store", "time of day", "day of week"
BRAND, DISCOUNTS, COUPONS = "own brand", "discounts", "coupons"

WHOLE = (
    Goal("usual categories", RECALL, "next_basket", "recall10", 0.340, least(0.343), least(0.350)),
    Goal(STORE, HALF, "preferred_store", "accuracy_at50", 0.960, least(0.962), least(0.97)),
    Goal(STORE, ERROR, "preferred_store", "ece", 0.158, most(0.04), most(0.02)),
    Goal(SLOT, HALF, "shopping_slot", "accuracy_at50", 0.656, least(0.665), least(0.69)),
    Goal(SLOT, ERROR, "shopping_slot", "ece", 0.179, most(0.05), most(0.03)),
    Goal(DAY, ERROR, "shopping_day", "ece", 0.153, most(0.04), most(0.02)),
    Goal(BRAND, AREA, "prefers_private_label", "auc", 0.885, least(0.885), least(0.90)),
    Goal(BRAND, ERROR, "prefers_private_label", "ece", 0.043, most(0.03), most(0.02)),
    Goal(DISCOUNTS, AREA, "discount_sensitive", "auc", 0.829, least(0.835), least(0.86)),
    Goal(DISCOUNTS, ERROR, "discount_sensitive", "ece", 0.137, most(0.05), most(0.03)),
    Goal(COUPONS, AREA, "coupon_user", "auc", 0.743, least(0.785), least(0.80)),
    Goal(COUPONS, ERROR, "coupon_user", "ece", 0.055, most(0.04), most(0.03)),
    Goal("replenishment", "mean absolute error, days", "replenishment", "mae", 9.40, most(9.15), most(8.9)),
    Goal("price band", "pinball loss", "price_range", "pinball", 0.1141, most(0.1115), most(0.109)),
    Goal("price band", "within the 80 % band", "price_range", "band80", 0.796, Range(0.78, 0.82)),
)
"""With all that was bought in the weeks before."""

TEN_LINES = (
    Goal("usual categories", RECALL, "next_basket", "recall10", 0.242, least(0.28), least(0.29)),
    Goal(BRAND, AREA, "prefers_private_label", "auc", 0.743, least(0.76), least(0.80)),
    Goal(DISCOUNTS, AREA, "discount_sensitive", "auc", 0.679, least(0.69), least(0.72)),
    *(
        Goal(default, ERROR, task, "ece", floor, most(0.06), most(0.03))
        for default, task, floor in (
            (STORE, "preferred_store", 0.253),
            (SLOT, "shopping_slot", 0.104),
            (DAY, "shopping_day", 0.140),
            (BRAND, "prefers_private_label", 0.048),
            (DISCOUNTS, "discount_sensitive", 0.118),
            (COUPONS, "coupon_user", 0.014),
        )
    ),
)
"""With ten lines of each household, the least that a shop knows."""

SERVED = tuple(
    Goal(default, "right if served", task, "would_serve_accuracy", floor, least(reach))
    for default, task, floor, reach in (
        (STORE, "preferred_store", 0.81, 0.90),
        (SLOT, "shopping_slot", 0.55, 0.65),
        (DAY, "shopping_day", 0.34, 0.50),
        (BRAND, "prefers_private_label", 0.81, 0.88),
        (DISCOUNTS, "discount_sensitive", 0.72, 0.82),
    )
)
"""What would be served; the counters are never silent."""
