"""The chance that one of several uncertain quantities is the largest, by adding up along a grid.

For independent X₁ … Xₙ, P(X₁ is the largest) = ∫ f₁(x) · F₂(x) ⋯ Fₙ(x) dx. The grid is even on a scale on
which the densities are smooth bells: the logarithm for shares, the logit for rates.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import exp, lgamma, log, prod

Curve = tuple[tuple[float, ...], float]
"""A density along the grid, and the probability below the grid's beginning."""

STEP = 0.08
_LOGS = [-10 + STEP * i for i in range(220)]
_EXPS = [exp(u) for u in _LOGS]
_LOGITS = [-11 + STEP * i for i in range(276)]
_LOG_RATES = [-log(1 + exp(-u)) for u in _LOGITS]
_LOG_RESTS = [-log(1 + exp(u)) for u in _LOGITS]


def leads(first: float, rivals: Sequence[float]) -> float:
    """Return the chance that the first of Dirichlet shares is the largest. All parameters are positive.

    Shares with a Dirichlet distribution are ordered as independent gamma variables are.
    """
    density, _ = _gamma(first)
    return _ahead(density, [_gamma_below(rival) for rival in rivals])


def in_order(parameters: Sequence[float], length: int) -> float:
    """Return the chance that the first `length` of Dirichlet shares are the largest, in this very order.

    The first leads all, the second the rest, and so on: what is left of a Dirichlet distribution without
    one of its shares is one again. Taken as independent, which they nearly are.
    """
    return prod(leads(parameters[i], parameters[i + 1 :]) for i in range(length))


def beats(first: tuple[float, float], rivals: Sequence[tuple[float, float]], above: float = 0.0) -> float:
    """Return the chance that the first of independent Beta rates is the largest and is above `above`."""
    density, _ = _beta(first)
    if above > 0:
        least = log(above / (1 - above))
        density = tuple(d if u > least else 0.0 for u, d in zip(_LOGITS, density, strict=True))
    return _ahead(density, [_beta_below(rival) for rival in rivals])


def _ahead(density: Sequence[float], below: Sequence[Sequence[float]]) -> float:
    chances = map(prod, zip(*below, strict=True)) if below else [1.0] * len(density)
    return min(STEP * sum(map(_times, density, chances)), 1.0)


@lru_cache(maxsize=512)
def _gamma_below(a: float) -> tuple[float, ...]:
    return _cumulated(_gamma(a))


@lru_cache(maxsize=512)
def _beta_below(parameters: tuple[float, float]) -> tuple[float, ...]:
    return _cumulated(_beta(parameters))


def _cumulated(curve: Curve) -> tuple[float, ...]:
    """Return the probability below each point of the grid, by the trapezoidal rule."""
    density, before = curve
    halves = [d * STEP / 2 for d in density]
    pieces = map(_plus, halves, halves[1:])
    return tuple(min(chance, 1.0) for chance in accumulate(pieces, initial=before + halves[0]))


def _gamma(a: float) -> Curve:
    """Return the density of log X for X ~ Gamma(a)."""
    scale = lgamma(a)
    density = tuple(exp(a * u - x - scale) for u, x in zip(_LOGS, _EXPS, strict=True))
    return density, exp(a * _LOGS[0] - scale) / a


def _beta(parameters: tuple[float, float]) -> Curve:
    """Return the density of logit X for X ~ Beta(a, b)."""
    a, b = parameters
    scale = lgamma(a) + lgamma(b) - lgamma(a + b)
    density = tuple(exp(a * x + b * y - scale) for x, y in zip(_LOG_RATES, _LOG_RESTS, strict=True))
    return density, exp(a * _LOGITS[0] - scale) / a


def _plus(a: float, b: float) -> float:
    return a + b


def _times(a: float, b: float) -> float:
    return a * b
