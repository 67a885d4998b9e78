"""From the lines of a receipt to one `Order Completed` (Segment's e-commerce spec). Pure."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Any

SHOP_TIME = "America/New_York"
"""The shops' clocks; the data's times are UTC (its busiest hours are 16 to 18 by this clock)."""

USUAL_SHOPPER = 20
"""Visits a year; households with fewer hardly use this chain."""

# Chosen because its year has a habit in everything that is guessed: the day and the hour, the branch, the brand.
OUR_HOUSEHOLD = 2483

BATCH_ORDERS = 100
BATCH_BYTES = 900_000
"""The broker takes 500 events and 1 MiB a request."""


@dataclass(frozen=True)
class Line:
    """One line of a receipt; `paid` is for all pieces together, None is what the data does not say."""

    product: str
    name: str | None
    category: str | None
    department: str | None
    own_brand: bool
    quantity: int
    paid: float
    discount: float
    coupon: float


@dataclass(frozen=True)
class Receipt:
    """One visit; `at` is UTC."""

    basket: str
    store: str
    at: datetime
    lines: tuple[Line, ...]


def order_completed(receipt: Receipt) -> dict[str, Any]:
    """Return the event of a visit, for anybody: `addressed` says whose it is."""
    total = round(fsum(line.paid for line in receipt.lines), 2)
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"order-{receipt.basket}",
        "timestamp": f"{receipt.at:%Y-%m-%dT%H:%M:%S}Z",
        "context": {"timezone": SHOP_TIME},
        "properties": {
            "order_id": receipt.basket,
            "store_id": receipt.store,
            "currency": "USD",
            "total": total,
            "products": [_product(line) for line in receipt.lines],
        },
    }


def _product(line: Line) -> dict[str, Any]:
    known = {"name": line.name, "category": line.category, "department": line.department}
    return {
        "product_id": line.product,
        **{field: text for field, text in known.items() if text is not None},
        "brand": "Private" if line.own_brand else "National",
        "quantity": line.quantity,
        "price": round(line.paid / line.quantity if line.quantity > 0 else line.paid, 4),
        "discount": round(line.discount, 2),
        "coupon_discount": round(line.coupon, 2),
    }


def addressed(orders: Iterable[Mapping[str, Any]], subject: str) -> list[dict[str, Any]]:
    """Return the events as those of the customer whom the shop knows as `subject`."""
    return [{**order, "userId": subject} for order in orders]


def batches(events: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut events into requests that are neither too many nor too large."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        length = len(json.dumps(event))
        if batch and (len(batch) == BATCH_ORDERS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def choose_households(visits: Mapping[int, int], count: int) -> list[int]:
    """Choose `count` households, always the same ones: ours, then usual shoppers in the order of a hash."""
    usual = [
        household
        for household, times in visits.items()
        if times >= USUAL_SHOPPER and household != OUR_HOUSEHOLD
    ]
    usual.sort(key=lambda household: hashlib.sha256(f"ccx-demo:{household}".encode()).digest())
    return [OUR_HOUSEHOLD, *usual][:count]
