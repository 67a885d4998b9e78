"""Predictions of when something is bought again and for how much, each of one household and category."""

import numpy as np

from bench.evaluation.measures import Figures, mean, pinball
from bench.evaluation.pairs import LEAST_PRICE, LONGEST_GAP, PAIR, QUANTILES, Gaps, Prices
from bench.evaluation.predictions import Predictions


def replenishment(predictions: Predictions, gaps: Gaps) -> Figures:
    """Measure after how many days something is bought again; `served_`: silence gets the category's median."""
    rows = gaps.pairs[[*PAIR, "days", "typical"]].itertuples(index=False, name=None)
    missed, instead = [], []
    for household, category, days, typical in rows:
        guess = predictions.get(household, {}).get("replenishment", {}).get(category) or {}
        said = guess.get("days")
        error = abs(min(typical if said is None else said, LONGEST_GAP) - days)
        instead.append(error)
        if said is not None:
            missed.append(error)
    return {
        "n": len(instead),
        "coverage": len(missed) / len(instead) if instead else 0.0,
        "mae": mean(missed),
        "within7": mean(error <= 7 for error in missed),
        "served_mae": mean(instead),
    }


def price_range(predictions: Predictions, prices: Prices) -> Figures:
    """Measure quantiles of prices; silence gets everyone's. The band is from the 10th to the 90th percentile."""
    names = [f"p{quantile * 100:.0f}" for quantile in QUANTILES]
    said = prices.pairs[[f"typical{quantile * 100:.0f}" for quantile in QUANTILES]].to_numpy(copy=True)
    answered = 0
    for row, (household, category) in enumerate(prices.pairs[PAIR].itertuples(index=False, name=None)):
        guess = predictions.get(household, {}).get("price_range", {}).get(category)
        if guess:
            answered += 1
            said[row] = np.log(np.maximum([guess[name] for name in names], LEAST_PRICE))
    low, middle, high = said[prices.paid.pair.to_numpy()].T
    paid, weight = prices.paid.price.to_numpy(), prices.paid.weight.to_numpy()
    losses = {
        f"pinball_{name}": float((weight * pinball(quantile, quoted, paid)).sum())
        for name, quantile, quoted in zip(names, QUANTILES, (low, middle, high), strict=True)
    }
    nearly = 1e-6  # a price that is the limit itself is within, whatever the last digit of its logarithm
    within = (paid >= low - nearly) & (paid <= high + nearly)
    return {
        "n": len(said),
        "coverage": answered / len(said) if len(said) else 0.0,
        "band80": float((weight * within).sum()),
        "width": float((weight * (high - low)).sum()),
        **losses,
        "pinball": mean(losses.values()),
    }
