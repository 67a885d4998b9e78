"""What the broker learns from behaviour: one estimator a file, put together here.

To add a default, write a file with a frozen dataclass that fulfils `interface.Estimator` and list it below.
"""

from collections.abc import Iterable
from typing import Any

from ccx_broker.defaults.rules.buy_day_time import BuyDayTime
from ccx_broker.defaults.rules.buy_store import BuyStore
from ccx_broker.defaults.rules.discover_categories import DiscoverCategories
from ccx_broker.defaults.rules.discover_own_brand import DiscoverOwnBrand
from ccx_broker.defaults.rules.interface import Estimator
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.profile.rules import Offer

ESTIMATORS: tuple[Estimator, ...] = (BuyStore(), BuyDayTime(), DiscoverCategories(), DiscoverOwnBrand())


def learn_from(
    states: dict[str, Any],
    observations: Iterable[Observation],
    estimators: tuple[Estimator, ...] = ESTIMATORS,
) -> dict[str, Any]:
    """Return one customer's states, by key, after `observations`; what was handed in stays as it was."""
    after = dict(states)
    for observation in observations:
        for estimator in estimators:
            state = after.get(estimator.key)
            after[estimator.key] = estimator.update(
                estimator.start() if state is None else state, observation
            )
    return after


def conclude_all(states: dict[str, Any], estimators: tuple[Estimator, ...] = ESTIMATORS) -> list[Offer]:
    """Return one offer for each key; its value is None where there is not enough to say."""
    silence = [Offer(estimator.key, None, 0.0, {}) for estimator in estimators]
    return [
        (estimator.conclude(states[estimator.key]) if estimator.key in states else None) or nothing
        for estimator, nothing in zip(estimators, silence, strict=True)
    ]
