"""The few pieces of probability that the estimators share. Each result is a probability."""

from collections.abc import Sequence
from math import erf, log, sqrt


def beta_above(a: float, b: float, threshold: float) -> float:
    """Return P(X > threshold) for X ~ Beta(a, b), by the normal distribution of the same mean and variance."""
    mean = a / (a + b)
    deviation = sqrt(mean * (1 - mean) / (a + b + 1))
    return 0.5 * (1 + erf((mean - threshold) / deviation / sqrt(2)))


def leading(counts: Sequence[float], prior: float) -> float:
    """Return the chance that the first of `counts` is truly the most frequent one.

    The frequencies have a Dirichlet posterior with `prior` pseudo-counts each. Of two of them, the chance
    that the first is larger is P(Beta > ½); the rivals are taken as independent of each other.
    """
    first, *rivals = (count + prior for count in counts)
    chance = 1.0
    for rival in rivals:
        chance *= beta_above(first, rival, 0.5)
    return chance


def logit(chance: float, least: float) -> float:
    """Return the logarithm of the odds; a chance nearer to 0 or 1 than `least` is taken as that near."""
    chance = min(max(chance, least), 1 - least)
    return log(chance / (1 - chance))


def at_least_once(rate: float, tries: int) -> float:
    """Return the chance that something of probability `rate` happens in `tries` independent tries."""
    return 1 - (1 - rate) ** tries


def honest(chance: float) -> float:
    """Return `chance` as it is told: to three digits, and never as a certainty. Models are not that good."""
    return round(min(max(chance, 0.001), 0.99), 3)
