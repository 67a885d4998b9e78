"""What the broker learns from behaviour: one estimator a file, put together here.

To add a default, write a file with a frozen dataclass that fulfils `interface.Estimator` and list it below.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ccx_broker.defaults.rules.behaviour import BEYOND_ORDERS
from ccx_broker.defaults.rules.buy_coupons import BuyCoupons
from ccx_broker.defaults.rules.buy_day_time import BuyDayTime
from ccx_broker.defaults.rules.buy_price_band import BuyPriceBand
from ccx_broker.defaults.rules.buy_replenish import BuyReplenish
from ccx_broker.defaults.rules.buy_store import BuyStore
from ccx_broker.defaults.rules.buy_usual import BuyUsual
from ccx_broker.defaults.rules.currency import CURRENCY
from ccx_broker.defaults.rules.deliver_method import DELIVER_METHOD
from ccx_broker.defaults.rules.discover_categories import DiscoverCategories
from ccx_broker.defaults.rules.discover_own_brand import OWN_BRAND
from ccx_broker.defaults.rules.discover_price_sensitivity import PRICE_SENSITIVITY
from ccx_broker.defaults.rules.interface import About, Estimator, Guess, Memory
from ccx_broker.defaults.rules.language import LANGUAGE
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.pay_method_order import PayMethodOrder
from ccx_broker.defaults.rules.population import View
from ccx_broker.defaults.rules.shelves import SHELVES
from ccx_broker.defaults.rules.timezone import TIMEZONE
from ccx_broker.profile.rules import Offer

ESTIMATORS: tuple[Estimator, ...] = (
    BuyStore(),
    BuyDayTime(),
    BuyUsual(),
    BuyCoupons(),
    DiscoverCategories(),
    OWN_BRAND,
    PRICE_SENSITIVITY,
    BuyReplenish(),
    BuyPriceBand(),
    CURRENCY,
    TIMEZONE,
    LANGUAGE,
    DELIVER_METHOD,
    PayMethodOrder(),
    *BEYOND_ORDERS,
)

MEMORIES: tuple[Memory, ...] = tuple(
    {memory.name: memory for memory in (*(e.memory for e in ESTIMATORS), SHELVES)}.values()
)

_LISTENING: Mapping[str, tuple[Memory, ...]] = {
    event: tuple(memory for memory in MEMORIES if event in memory.listens)
    for event in frozenset[str]().union(*(memory.listens for memory in MEMORIES))
}


def learn_from(states: Mapping[str, Any], observations: Iterable[Observation]) -> dict[str, Any]:
    """Return one customer's states, by memory, after `observations`; what was handed in stays as it was."""
    after = dict(states)
    for observation in observations:
        for memory in _LISTENING.get(observation.name, ()):
            state = after.get(memory.name)
            after[memory.name] = memory.update(memory.start() if state is None else state, observation)
    return after


def is_heard(observation: Observation) -> bool:
    """Tell whether anything is learnt from an observation of this kind."""
    return observation.name in _LISTENING


def heard_by(key: str) -> frozenset[str]:
    """Return the names of the events from which a key is learnt; none if nobody guesses it."""
    return frozenset[str]().union(*(e.memory.listens for e in ESTIMATORS if e.key == key))


def memories_that_hear(events: Collection[str]) -> frozenset[str]:
    """Return the names of the memories that learn from events of any of these names."""
    return frozenset(memory.name for event in events for memory in _LISTENING.get(event, ()))


def guess_all(
    states: Mapping[str, Any], view: View, memories: Collection[str] | None = None
) -> dict[str, Guess | None]:
    """Return the best guess of each estimator, however unsure; of those only that draw on `memories`."""
    guesses: dict[str, Guess | None] = {}
    for estimator in ESTIMATORS:
        name, key = estimator.memory.name, estimator.key
        if memories is None or name in memories:
            about = About(states, view.typical.get(key, {}), view.models.get(key, {}))
            guesses[key] = estimator.conclude(about) if name in states else None
    return guesses


def conclude_all(
    states: Mapping[str, Any],
    view: View,
    bars: Mapping[str, float],
    memories: Collection[str] | None = None,
) -> list[Offer]:
    """Return one offer for each key, as `guess_all`; its value is None where it is better to be silent.

    `bars` are the least probabilities by key with which a guess may be told (`silence.bar`).
    """
    return [
        Offer(key, guess.value, guess.confidence, guess.evidence)
        if guess is not None and guess.confidence >= bars[key]
        else Offer(key, None, 0.0, {})
        for key, guess in guess_all(states, view, memories).items()
    ]
