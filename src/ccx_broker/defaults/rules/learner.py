"""What the estimators have in common that learn from others what is typical, and need nothing fitted."""

from collections.abc import Iterable, Mapping
from typing import Any

from ccx_broker.defaults.rules.interface import Row


class NoModels:
    """The half of a `Learner` that is about models, for one that has none."""

    @property
    def models(self) -> Mapping[str, str]:
        """Return the models that it wants fitted: none."""
        return {}

    def examples(self, *_: Any) -> Iterable[Row]:
        """Return what a backtest teaches the models: nothing."""
        return ()
