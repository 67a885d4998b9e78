"""From an event as it was sent to what an estimator may see of it. Nothing else is ever learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ccx_broker.defaults.rules.properties import Value, seen_of
from ccx_broker.defaults.rules.sensitive import is_goods, is_sensitive

ORDER = "Order Completed"
OWN_BRAND = {"private", "private label", "own brand", "own label", "store brand"}
LONGEST_TEXT = 80
MOST_LINES = 500
LARGEST_NUMBER = 1e12
"""Beyond it nothing is a price or a number of pieces, and sums would overflow."""
EVERYDAY = (
    ORDER,
    "Signed In",
    "Product Viewed",
    "Products Searched",
    "Product Added",
    "Cart Viewed",
    "Checkout Started",
)
"""Events of which where and in which language they happen tells of the customer, whatever they are about."""

OF_AN_ORDER = ("currency", "payment_method", "shipping_method", "delivery_method")
"""The properties of an order, beside its lines, that something is learnt from."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order. `price` is what one piece cost; None is what the event did not say."""

    product: str | None
    category: str | None
    own_brand: bool | None
    quantity: float
    price: float | None
    discount: float
    coupon_discount: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One event. `local` is the shop's wall clock; `organisation` is an id, opaque to the estimators.

    An order has `lines`, and of its properties those `OF_AN_ORDER`. `locale` and `zone` are the customer's
    language and the place's time zone, as the event's context names them.
    """

    name: str
    organisation: str
    at: datetime
    local: datetime | None
    store: str | None
    lines: tuple[Line, ...]
    properties: Mapping[str, Value] = field(default_factory=dict)
    locale: str | None = None
    zone: str | None = None

    @property
    def is_order(self) -> bool:
        """Tell whether something was bought."""
        return self.name == ORDER

    @property
    def second(self) -> int:
        """Return the Unix time in whole seconds."""
        return int(self.at.timestamp())

    @property
    def day(self) -> str:
        """Return the day, by the local clock where it is known, as ISO 8601 text."""
        return (self.local or self.at).date().isoformat()


def observe(
    name: str, organisation: str, at: datetime, properties: Mapping[str, Any], context: Mapping[str, Any]
) -> Observation | None:
    """Return what may be learnt from an event, or None if that is nothing.

    Anything missing or of another kind than expected is left out; unknown properties are ignored. Lines
    that are sensitive are dropped here, before any estimator. An order of nothing else is dropped as a
    whole, since where and when it was made would still tell of it; so is any other event with a
    sensitive word in it. An order of fuel or fees alone stays as a visit without lines.
    """
    seen = _of_an_order(properties) if name == ORDER else seen_of(properties)
    if seen is None:
        return None
    products = properties.get("products")
    lines: tuple[Line, ...] = ()
    if name == ORDER:
        if not isinstance(products, list):
            return None
        lines = tuple(line for product in products[:MOST_LINES] if (line := _line(product)) is not None)
        if not lines and not all(map(_is_plain, products or [None])):
            return None
    store, label = _text(properties.get("store_id")), _text(properties.get("affiliation"))
    return Observation(
        name=name,
        organisation=organisation,
        at=at.astimezone(UTC),
        local=_local(at, context.get("timezone")),
        store=None if is_sensitive(store, label) else store,
        lines=lines,
        properties=seen,
        locale=_text(context.get("locale")),
        zone=_zone_name(context.get("timezone")),
    )


def _is_plain(product: object) -> bool:
    """Tell whether a product may be seen to have been bought, be it goods or not."""
    return isinstance(product, dict) and not is_sensitive(*_words_of(product))


def _words_of(product: Mapping[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    """Return name, category, department and brand: all that can tell what a product is."""
    name, category = _text(product.get("name")), _text(product.get("category"))
    return name, category, _text(product.get("department")), _text(product.get("brand"))


def _of_an_order(properties: Mapping[str, Any]) -> dict[str, Value]:
    texts = ((name, _text(properties.get(name))) for name in OF_AN_ORDER if name in properties)
    return {name: text for name, text in texts if text is not None and not is_sensitive(text)}


def _line(product: object) -> Line | None:
    """Return one product of an order, or None if it is sensitive, no goods, or nothing was bought of it."""
    if not isinstance(product, dict):
        return None
    _, category, _, brand = words = _words_of(product)
    quantity = _number(product.get("quantity"), 1.0)
    if quantity <= 0 or not _may_be_learnt(*words):
        return None
    own = product.get("own_brand")
    return Line(
        product=_text(product.get("product_id")) or _text(product.get("sku")),
        category=category,
        own_brand=own if isinstance(own, bool) else brand.casefold() in OWN_BRAND if brand else None,
        quantity=quantity,
        price=_number(product.get("price"), None),
        discount=_number(product.get("discount"), 0.0),
        coupon_discount=_number(product.get("coupon_discount"), 0.0),
    )


@lru_cache(maxsize=16384)  # the same products come again and again
def _may_be_learnt(name: str | None, category: str | None, department: str | None, brand: str | None) -> bool:
    return not is_sensitive(name, category, department, brand) and is_goods(category, department)


def _local(at: datetime, zone: object) -> datetime | None:
    """Return the wall clock at `at`: by the zone named, else by the time's own offset unless that is UTC."""
    known = zone_of(zone) if isinstance(zone, str) else None
    if known is not None:
        return at.astimezone(known)
    return at if at.utcoffset() else None  # "Z" is how servers write any place's time


def _zone_name(zone: object) -> str | None:
    return zone if isinstance(zone, str) and zone_of(zone) is not None else None


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """Return the IANA time zone `name`, or None if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _text(value: object) -> str | None:
    """Return a short text on one line; a whole number is read as one. Anything else is None.

    Whether a whole number came as 330 or 330.0 makes no difference, since the database may keep one as the other.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(Decimal(repr(value)))  # its digits as they were written, as the database keeps them
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return _on_one_line(value) if len(value) <= LONGEST_TEXT else _on_one_line.__wrapped__(value)


@lru_cache(maxsize=16384)  # short ones come again and again; what is longer shall not fill the memory
def _on_one_line(value: str) -> str | None:
    text = " ".join(value.split())[:LONGEST_TEXT].strip()
    return text if text and text.isprintable() else None


def _number(value: object, missing: Any) -> Any:
    """Return a number as a float, and `missing` for anything else, be it only too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return missing
    return float(value) if abs(value) <= LARGEST_NUMBER else missing
