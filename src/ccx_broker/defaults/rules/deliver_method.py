"""deliver.method: how the customer gets what they order, by how it was done before.

Half-life a year: it changes with where one lives and works. Shops name their ways as they like, so words in
the name decide; one without any known word says nothing.
"""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices, Preferred
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.observation import ORDER, Observation
from ccx_broker.defaults.rules.sensitive import plain
from ccx_broker.words import word

TOLD = {
    "delivery": word("had it brought to you"),
    "click_and_collect": word("collected it at the shop"),
    "locker": word("took it from a locker"),
    "in_store": word("bought it on the spot"),
}

# Beginnings of words; a space ends one. The first that fits: "locker delivery" is a locker.
WORDS = (
    ("locker", ("locker", "parcel box", "packstation", "parcel shop", "pickup point", "pick up point")),
    (
        "click_and_collect",
        ("collect", "pickup", "pick up", "bopis", "curbside", "kerbside", "ship to store", "drive through"),
    ),
    ("in_store", ("in store", "instore", "in shop", "till ", "pos ", "walk in", "over the counter")),
    (
        "delivery",
        (
            "deliver",
            "shipping",
            "ship",
            "courier",
            "express",
            "standard",
            "home",
            "post ",
            "same day",
            "next day",
        ),
    ),
)


def method_of(name: str) -> str | None:
    """Return which of the ways a shop's name for it means, or None."""
    text = f" {plain(name)} "
    return next((way for way, known in WORDS if any(f" {each}" in text for each in known)), None)


def _got(observation: Observation) -> Sequence[str]:
    for name in ("delivery_method", "shipping_method"):
        said = observation.properties.get(name)
        way = method_of(said) if isinstance(said, str) else None
        if way:
            return (way,)
    return ()


DELIVER_METHOD = Preferred(
    key="deliver.method",
    memory=Choices("deliver.method", {ORDER: _got}, Decay(365)),
    told=TOLD,
    usual={"delivery": 0.45, "click_and_collect": 0.2, "locker": 0.05, "in_store": 0.3},
    message=word("You %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."),
)
