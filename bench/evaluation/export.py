"""The history as a shop would send it: one `Order Completed` (Segment's e-commerce spec) a line, oldest first."""

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from math import fsum
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pandas as pd

from bench.evaluation.data import SHOP_TIME, Purchases, cold

NAMESPACE = UUID("6f1f0c1e-2c0e-5d63-9a50-7d1f5a0c0a01")
"""Message ids are made from baskets in here, so that sending twice is sending once."""

UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Few:
    """One household in `bucket` keeps only its last `lines` lines; the rest stays whole, to learn from."""

    lines: int = 10
    bucket: int = 3


@dataclass(frozen=True)
class Exported:
    """What a file holds. The same purchases give the same `sha256` on every machine."""

    path: Path
    households: int
    orders: int
    lines: int
    sha256: str


def export(purchases: Purchases, households: Collection[int], path: Path, few: Few | None = None) -> Exported:
    """Write the history of the households to `path`, which is there either completely or not at all."""
    lines = history_of(purchases, households, few)
    events = sorted(_sortable(event) for event in orders(lines))
    digest = hashlib.sha256()
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        for *_, line in events:
            digest.update(line)
            file.write(line)
    partial.replace(path)
    return Exported(path, len(households), len(events), len(lines), digest.hexdigest())


def history_of(purchases: Purchases, households: Collection[int], few: Few | None) -> pd.DataFrame:
    """Return the lines that are known; of a household about which little shall be known, the last usable ones."""
    known = purchases.history[purchases.history.household_id.isin(households)]
    if few is None:
        return known
    little = known.household_id.isin(cold(households, few.bucket))
    last = known[little & known.usable].groupby("household_id", sort=False).tail(few.lines)
    return pd.concat([known[~little], last]).sort_index()


def orders(lines: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Return the event of each visit, household by household."""
    lines = lines.sort_values(["household_id", "basket_id"], kind="stable")
    visits = groupby(lines.itertuples(index=False), key=attrgetter("household_id", "basket_id"))
    return (order(list(rows)) for _, rows in visits)


def order(rows: list[Any]) -> dict[str, Any]:
    """Return the event of one visit."""
    first = rows[0]
    paid = round(fsum(row.sales_value for row in rows), 2)
    at = f"{first.transaction_timestamp:%Y-%m-%dT%H:%M:%S}.000Z"
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": str(uuid5(NAMESPACE, f"order:{first.basket_id}")),
        "userId": f"hh-{first.household_id}",
        "timestamp": at,
        "sentAt": at,
        "channel": "server",
        "context": {"timezone": SHOP_TIME, "library": {"name": "completejourney-export", "version": "1"}},
        "properties": {
            "order_id": str(first.basket_id),
            "store_id": str(first.store_id),
            "affiliation": f"store-{first.store_id}",
            "currency": "USD",
            "revenue": paid,
            "total": paid,
            "discount": round(fsum(row.retail_disc for row in rows), 2),
            "coupon_discount": round(fsum(row.coupon_disc + row.coupon_match_disc for row in rows), 2),
            "products": [_product(position, row) for position, row in enumerate(rows, 1)],
        },
    }


def _product(position: int, row: Any) -> dict[str, Any]:
    quantity = int(row.quantity)
    size = {"package_size": row.package_size} if isinstance(row.package_size, str) else {}
    return size | {
        "position": position,
        "product_id": str(row.product_id),
        "sku": str(row.product_id),
        "name": _text(row.product_type),
        "category": _text(row.product_category),
        "department": _text(row.department),
        "brand": "Private" if row.own_brand else "National",
        "manufacturer_id": UNKNOWN if pd.isna(row.manufacturer_id) else str(int(row.manufacturer_id)),
        "quantity": quantity,
        "price": round(row.sales_value / quantity if quantity > 0 else row.sales_value, 4),
        "discount": round(row.retail_disc, 2),
        "coupon_discount": round(row.coupon_disc, 2),
    }


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else UNKNOWN  # what pandas has nothing for is a float


def _sortable(event: dict[str, Any]) -> tuple[str, str, bytes]:
    line = orjson.dumps(event, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    return event["timestamp"], event["messageId"], line
