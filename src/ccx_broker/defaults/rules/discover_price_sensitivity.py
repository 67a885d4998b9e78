"""discover.price_sensitivity: how much does the price matter to the customer?

`high` if they will buy at a discount more than 1.15 times as often as is usual, `low` if less than 0.85 times
as often, else `medium`; the confidence is the chance of that in the next nine weeks (`leaning`, `bands`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccx_broker.defaults.rules.bands import MODELS, Bands
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.leaning import Leaning
from ccx_broker.defaults.rules.shelves import A_CUT, A_LINES, CUT, R_CUT, R_LINES, SHELVES, Shelves

MESSAGE = (
    "%(hits)s of the %(tries)s things you bought between %(since)s and %(until)s were reduced:"
    " %(share)s. For others it is about %(usual)s."
)

REDUCED = Bands(
    Leaning(CUT, A_CUT, A_LINES, R_CUT, R_LINES, centre=0.5),
    low="low",
    middle="medium",
    high="high",
    low_below=0.85,
    high_above=1.15,
)


@dataclass(frozen=True)
class DiscoverPriceSensitivity:
    """Half-life 60 days for what is recent, none for the whole: shops discount more in some seasons."""

    key: str = field(default="discover.price_sensitivity", init=False)
    memory: Shelves = field(default=SHELVES, init=False)
    models: Mapping[str, str] = field(default_factory=lambda: MODELS, init=False)
    bands: Bands = REDUCED

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return one customer's share in what is typical."""
        return self.bands.leaning.census(states[self.memory.name])

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the usual share of reduced things, by shelf and branch."""
        return self.bands.leaning.distil(cells)

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether discounts were above the usual, and in which band, in the weeks that came."""
        return self.bands.examples(about, future)

    def conclude(self, about: About) -> Guess | None:
        """Offer the band that the share of reduced things will most likely lie in."""
        return self.bands.guess(about, MESSAGE)

    def above_typical(self, about: About) -> float | None:
        """Return the chance that more of what they buy will be reduced than is usual."""
        return self.bands.above_typical(about)

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return that chance under the evaluation's name for it."""
        found = self.bands.prediction(about, bar, MESSAGE)
        return {} if found is None else {"discount_sensitive": found}
