"""discover.own_brand: does the customer prefer the shop's own brand, take it or leave it, or avoid it?

`prefer` if own brand will be more than 1.3 times as much of what they buy as is usual, `avoid` if less than
half as much, else `fine`; the confidence is the chance of that in the next nine weeks (`leaning`, `bands`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccx_broker.defaults.rules.bands import MODELS, Bands
from ccx_broker.defaults.rules.interface import About, Cell, Future, Guess, Row, State
from ccx_broker.defaults.rules.leaning import Leaning
from ccx_broker.defaults.rules.shelves import A_BRANDED, A_OWN, OWN, R_BRANDED, R_OWN, SHELVES, Shelves

MESSAGE = (
    "%(hits)s of the %(tries)s things you bought between %(since)s and %(until)s were the shop's own brand:"
    " %(share)s. For others it is about %(usual)s."
)

OWN_BRAND = Bands(
    Leaning(OWN, A_OWN, A_BRANDED, R_OWN, R_BRANDED, centre=0.28),
    low="avoid",
    middle="fine",
    high="prefer",
    low_below=0.5,
    high_above=1.3,
)


@dataclass(frozen=True)
class DiscoverOwnBrand:
    """Counts only lines whose brand is known. Half-life 60 days for what is recent, none for the whole."""

    key: str = field(default="discover.own_brand", init=False)
    memory: Shelves = field(default=SHELVES, init=False)
    models: Mapping[str, str] = field(default_factory=lambda: MODELS, init=False)
    bands: Bands = OWN_BRAND

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return one customer's share in what is typical."""
        return self.bands.leaning.census(states[self.memory.name])

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the usual share, by shelf and branch."""
        return self.bands.leaning.distil(cells)

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return whether own brand was above the usual, and in which band, in the weeks that came."""
        return self.bands.examples(about, future)

    def conclude(self, about: About) -> Guess | None:
        """Offer the band that the share of own brand will most likely lie in."""
        return self.bands.guess(about, MESSAGE)

    def above_typical(self, about: About) -> float | None:
        """Return the chance that own brand will be more of what they buy than is usual."""
        return self.bands.above_typical(about)

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return that chance under the evaluation's name for it."""
        found = self.bands.prediction(about, bar, MESSAGE)
        return {} if found is None else {"prefers_private_label": found}
