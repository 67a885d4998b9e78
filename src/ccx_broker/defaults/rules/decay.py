"""Forward decay: newer counts for more, and yet the order in which things arrive makes no difference.

Instead of shrinking the old when something new arrives, each observation gets a weight that grows with the
time since a fixed landmark, and sums are divided by the weight of the present when they are read (Cormode,
Shkapenyuk, Srivastava, Xu, "Forward decay: a practical time decay model for streaming systems", ICDE 2009).
A sum then never has to be touched again, and additions commute. Weights are whole numbers: a sum of floats
would still depend on the order in its last digits, and taking a purchase out again would leave crumbs.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

# What happened 20 half-lives before the landmark weighs nothing; no shop sends that.
LANDMARK = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp())
PRECISION_BITS = 20
DAY = 86_400


@dataclass(frozen=True)
class Decay:
    """An observation that is one half-life older counts half as much."""

    half_life_days: float

    def weight(self, second: int) -> int:
        """Return the weight of something observed at `second` (Unix time)."""
        return _weight(self.half_life_days, second)

    def as_of(self, weight: int, second: int) -> float:
        """Return a sum of weights as a count of observations, where one made at `second` counts 1."""
        present = self.weight(second)
        return weight / present if present else 0.0


@lru_cache(maxsize=4096)  # a customer's sums are all read as of the same second
def _weight(half_life_days: float, second: int) -> int:
    halvings = (second - LANDMARK) / (DAY * half_life_days)
    return int(2.0 ** min(halvings + PRECISION_BITS, 1000.0))  # 2¹⁰²⁴ is no float any more
