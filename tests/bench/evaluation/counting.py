"""A predictor as simple as can be, which reads a file of events and uses every way of answering there is."""

import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

from bench.evaluation.data import DAYS

Order = dict[str, Any]


def predict(events: Path) -> dict[str, dict[str, Any]]:
    """Return predictions by customer."""
    orders: dict[str, list[Order]] = defaultdict(list)
    for line in events.read_text().splitlines():
        event = json.loads(line)
        orders[event["userId"]].append(event)
    return {customer: guess(of) for customer, of in orders.items()}


def guess(orders: list[Order]) -> dict[str, Any]:
    products = [product for order in orders for product in order["properties"]["products"]]
    return {
        "usual_categories": {
            "value": most(p["category"] for p in products)[:12],
            "explanation": "most often",
        },
        "shopping_day": usual(DAYS[local(order).weekday()] for order in orders),
        "shopping_slot": usual("evening" if local(order).hour >= 17 else "midday" for order in orders),
        "preferred_store": usual(order["properties"]["store_id"] for order in orders),
        "prefers_private_label": {"probability": share(p["brand"] == "Private" for p in products)},
        "discount_sensitive": {
            "value": share(p["discount"] > 0 for p in products) > 0.5,
            "evidence": {"lines": len(products)},
            "served": len(products) > 500,
        },
        **(
            {"coupon_user": {"value": True, "probability": 0.6}}
            if any(p["coupon_discount"] > 0 for p in products)
            else {}
        ),
        "replenishment": replenishment(orders),
        "price_range": prices(products),
    }


def local(order: Order) -> datetime:
    return datetime.fromisoformat(order["timestamp"]).astimezone(ZoneInfo(order["context"]["timezone"]))


def most(names: Any) -> list[str]:
    return [name for name, _ in sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))]


def share(truths: Any) -> float:
    return float(mean(map(float, truths)))


def usual(names: Any) -> dict[str, Any]:
    seen = list(names)
    best = most(seen)[0]
    confidence = share(name == best for name in seen)
    return {
        "value": best,
        "confidence": confidence,
        "served": confidence > 0.6,
        "abstain": len(seen) < 20,
        "evidence": {"of": len(seen)},
    }


def replenishment(orders: list[Order]) -> dict[str, dict[str, float]]:
    days: dict[str, set[int]] = defaultdict(set)
    for order in orders:
        for product in order["properties"]["products"]:
            days[product["category"]].add(local(order).toordinal())
    return {
        name: {"days": (max(on) - min(on)) / (len(on) - 1)}
        for name, on in sorted(days.items())
        if len(on) > 4
    }


def prices(products: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    paid: dict[str, list[float]] = defaultdict(list)
    for product in products:
        paid[product["category"]].append(product["price"])
    return {
        name: {"p10": min(of), "p50": sorted(of)[len(of) // 2], "p90": max(of)}
        for name, of in sorted(paid.items())
        if len(of) > 3
    }
