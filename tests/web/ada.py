"""What there is to see after some months: Ada's answers, her shopping, and who has looked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from tests.oauth_support import SomeApplication, SomeCustomer, authorise, new_application, new_customer, post
from tests.support import Broker

SHOP_SCOPES = ("pref:buy", "pref:deliver", "pref:diet.allergens", "events:write", "offline_access")
SAID: dict[str, Any] = {
    "contact.channel": "email",
    "contact.quiet_hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "21:00", "to": "08:00"}],
    "buy.substitution": "similar",
    "deliver.method": "click_and_collect",
    "deliver.window": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "18:00", "to": "20:30"}],
    "diet.allergens": ["nuts", "celery"],
    "pay.method_order": ["card", "invoice"],
    "recover.remedy_order": ["refund", "replace", "apology"],
    "marketing.any": "no",
}
BASKET = (
    ("Whole milk", "Milk", "Dairy", "Private", 1.29),
    ("Wholemeal bread", "Bread", "Grocery", "Private", 1.99),
    ("Apples", "Fruit", "Produce", "National", 2.49),
    ("Mild cheddar", "Cheese", "Dairy", "Private", 3.49),
    ("Ground coffee", "Coffee", "Grocery", "National", 6.99),
    ("Tomato soup", "Soups", "Grocery", "Private", 0.99),
)


def ada(broker: Broker) -> tuple[SomeCustomer, SomeApplication]:
    """Make a customer with a year behind her, and the shop where it happened."""
    customer = new_customer(broker, "ada@example.org")
    for key, value in SAID.items():
        httpx2.put(
            f"{broker.url}/v1/me/preferences/{key}",
            json={"value": value},
            headers=customer.bearer,
            timeout=30,
        ).raise_for_status()
    shop = _asking(broker, "Bloom & Daughters", SHOP_SCOPES, "We pick your shopping the way you like it.")
    token = authorise(
        broker, shop, customer, SHOP_SCOPES, ["buy.store", "deliver.window", "diet.allergens"], events=True
    )["access_token"]
    subject = post(broker, "/oauth/introspect", shop, {"token": token}).json()["sub"]
    batch = [_visit(subject, week) for week in reversed(range(40))]
    _send(broker, token, batch)
    courier = _asking(broker, "Swift Couriers", ("pref:deliver",), "We come when you are at home.")
    looking = authorise(broker, courier, customer, ("pref:deliver",), ["deliver.window", "deliver.method"])
    for key, times in ((token, 9), (looking["access_token"], 4)):
        for _ in range(times):
            httpx2.get(
                f"{broker.url}/v1/preferences", headers={"Authorization": f"Bearer {key}"}, timeout=30
            ).raise_for_status()
    return customer, shop


def _asking(broker: Broker, name: str, scopes: tuple[str, ...], sentence: str) -> SomeApplication:
    needs = ["deliver.window"]
    return new_application(
        broker, scopes, name=name, purposes=[f"dpv:ServiceProvision={sentence}"], needs=needs
    )


def _visit(subject: str, week: int) -> dict[str, Any]:
    at = datetime.now(UTC).replace(hour=17, minute=20, second=0, microsecond=0) - timedelta(weeks=week)
    at -= timedelta(days=(at.weekday() - 4) % 7 or 7)
    bought = [line for place, line in enumerate(BASKET) if (week + place) % (place // 2 + 1) == 0]
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"order-{week}",
        "userId": subject,
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "properties": {
            "order_id": f"order-{week}",
            "store_id": "Old Mill",
            "currency": "EUR",
            "products": [
                {
                    "product_id": name,
                    "name": name,
                    "category": category,
                    "department": department,
                    "brand": brand,
                    "quantity": 1,
                    "price": price,
                }
                for name, category, department, brand, price in bought
            ],
        },
    }


def _send(broker: Broker, token: str, batch: list[dict[str, Any]]) -> None:
    answer = httpx2.post(
        f"{broker.url}/v1/events",
        json={"batch": batch},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    ).raise_for_status()
    assert answer.json()["refused"] == [], answer.text
    broker.conclude()
