"""currency: the money that the customer sees prices in, by that of their orders.

Half-life a year: people move between countries seldom, and then for good.
"""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.most_frequent import MostFrequent
from ccx_broker.defaults.rules.observation import ORDER, Observation
from ccx_broker.defaults.rules.prices import currency_of
from ccx_broker.words import word


def _paid_in(observation: Observation) -> Sequence[str]:
    code = currency_of(observation)
    return (code,) if code else ()


CURRENCY = MostFrequent(
    key="currency",
    memory=Choices("currency", {ORDER: _paid_in}, Decay(365), cap=8),
    message=word(
        "%(times)s of your %(of)s orders between %(since)s and %(until)s had their prices in %(value)s."
    ),
)
