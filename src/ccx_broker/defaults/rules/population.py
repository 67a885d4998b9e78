"""What other customers taught, without any one of them showing.

Customers are split into folds by a hash of who they are. A customer is judged by the sums of the *other*
folds only, so that nobody is part of their own prior (cross-fitting: Chernozhukov et al., "Double/debiased
machine learning", 2018), and a sum that fewer than `LEAST` customers stand behind is dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ccx_broker.defaults.rules.interface import Cell

FOLDS = 4
LEAST = 20
"""How many customers there have to be behind every number that is kept of them."""


def fold_of(who: bytes) -> int:
    """Return the fold of the customer named `who`; the same for ever, and as good as random."""
    return sha256(who).digest()[0] % FOLDS


@dataclass(frozen=True, slots=True)
class View:
    """What a customer of one fold is judged by: for each key what is typical, and the fitted numbers."""

    typical: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Population:
    """All views, and how many customers are behind them."""

    customers: int
    folds: tuple[Mapping[str, Mapping[str, Any]], ...]
    models: Mapping[str, Mapping[str, Any]]

    def view(self, fold: int) -> View:
        """Return what a customer of this fold is judged by."""
        return View(self.folds[fold] if self.folds else {}, self.models)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"customers": self.customers, "folds": list(self.folds), "models": self.models}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Population":
        """Return what `as_json` wrote down."""
        return cls(body["customers"], tuple(body["folds"]), body["models"])


def cells_of_others(
    shares: Iterable[tuple[int, Mapping[str, Sequence[float]]]],
) -> tuple[dict[str, Cell], ...]:
    """Return, for each fold, the sums of the customers' shares in all other folds.

    `shares` are (fold, what one customer contributes by cell). Cells with fewer than `LEAST` customers are
    left out, after the fold was.
    """
    summed: list[dict[str, tuple[int, list[float]]]] = [{} for _ in range(FOLDS)]
    for fold, share in shares:
        mine = summed[fold]
        for cell, numbers in share.items():
            if cell in mine:
                count, sums = mine[cell]
                mine[cell] = (count + 1, [a + b for a, b in zip(sums, numbers, strict=True)])
            else:
                mine[cell] = (1, list(numbers))
    return tuple(
        {cell: found for cell, found in _added(summed, fold).items() if found.customers >= LEAST}
        for fold in range(FOLDS)
    )


def _added(summed: Sequence[Mapping[str, tuple[int, list[float]]]], left_out: int) -> dict[str, Cell]:
    total: dict[str, Cell] = {}
    for fold, cells in enumerate(summed):
        if fold == left_out:
            continue
        for name, (count, sums) in cells.items():
            before = total.get(name)
            total[name] = (
                Cell(count, tuple(sums))
                if before is None
                else Cell(
                    before.customers + count, tuple(a + b for a, b in zip(before.sums, sums, strict=True))
                )
            )
    return total
