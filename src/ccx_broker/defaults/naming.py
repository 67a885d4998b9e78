"""A customer's values in words, with the names that shops gave the products in them."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.defaults import events_store
from ccx_broker.profile.catalogue import describe

OF_PRODUCTS = frozenset({"buy.usual"})
"""The keys whose values list products, which shops number and people know by their names."""

LATEST = 40
"""Orders in which a product's name is looked for: a few more than the guess rests on."""


def describer(session: Session, customer_id: UUID, values: Mapping[str, Any]) -> Callable[[str, Any], str]:
    """Return a function that describes the values of these keys as `catalogue.describe` does, with names.

    A number without a known name stays; two products of one name keep their numbers behind it. One
    statement if there are products among the values, none otherwise.
    """
    products = {each for key in OF_PRODUCTS & values.keys() for each in values[key] or ()}
    names: dict[str, str] = {}
    if products:
        names = events_store.product_names(session, customer_id, products, latest=LATEST)
        shared = {name for name, times in Counter(names.values()).items() if times > 1}
        names = {number: f"{name} ({number})" if name in shared else name for number, name in names.items()}

    def described(key: str, value: Any) -> str:
        if key in OF_PRODUCTS:
            value = [names.get(each, each) for each in value]
        return describe(key, value)

    return described
