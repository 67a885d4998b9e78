"""Orders for tests, in the shape in which organisations send them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.defaults import conclusions, conclusions_store, service, store
from ccx_broker.defaults.rules.events import LearnResult, ReceivedEvent
from ccx_broker.defaults.rules.observation import Observation, observe

NEW_YORK = "America/New_York"
MONDAY_NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""12:00 in New York."""


def product(category: str = "COFFEE", **more: Any) -> dict[str, Any]:
    return {
        "product_id": "1",
        "name": category,
        "category": category,
        "department": "GROCERY",
        "brand": "National",
        "quantity": 1,
        "price": 2.5,
    } | more


def order(
    store: str = "367", products: Sequence[dict[str, Any]] | None = None, zone: str | None = NEW_YORK
) -> dict[str, Any]:
    """Return what an event's body has to say about an order."""
    properties = {
        "store_id": store,
        "total": 2.5,
        "currency": "USD",
        "products": [product()] if products is None else list(products),
    }
    return {"properties": properties, "context": {"timezone": zone} if zone else {}}


def seen(
    at: datetime = MONDAY_NOON, organisation: str = "shop", name: str = "Order Completed", **of: Any
) -> Observation:
    """Return what is observed of an order; fails if that is nothing."""
    body = order(**of)
    observation = observe(name, organisation, at, body["properties"], body["context"])
    assert observation is not None
    return observation


def weekly(count: int, *, start: datetime = MONDAY_NOON, **of: Any) -> list[Observation]:
    """Return `count` orders, a week apart."""
    return [seen(start + timedelta(weeks=i), **of) for i in range(count)]


def received(
    customer_id: UUID, organisation_id: UUID, message_id: str, at: datetime = MONDAY_NOON, **of: Any
) -> ReceivedEvent:
    return ReceivedEvent(customer_id, organisation_id, message_id, "Order Completed", at, order(**of))


def learn(session: Session, events: Sequence[ReceivedEvent], now: datetime) -> LearnResult:
    """Take events in and conclude from them, as the broker does one after the other."""
    result = service.learn(session, events, now)
    customers = {event.customer_id for event in events}
    conclusions.conclude(session, store.lock_states(session, customers), now)
    conclusions_store.settle(session, customers)
    return result
