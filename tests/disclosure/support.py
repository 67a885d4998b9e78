"""A customer who shares a little with a shop, and the ways in which the shop reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.oauth_support import (
    SomeApplication,
    SomeCustomer,
    authorise,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

SCOPES = ("pref:buy", "pref:contact.channel", "pref:diet.allergens", "offline_access")
OWN_SCOPES = ("preferences:read",)
VALUES: Mapping[str, Any] = {"buy.store": "367", "contact.channel": "email", "diet.allergens": ["peanuts"]}


@dataclass(frozen=True)
class Shared:
    """What one consent gave: who, to whom, and the token answer."""

    customer: SomeCustomer
    shop: SomeApplication
    token: dict[str, Any]

    @property
    def bearer(self) -> dict[str, str]:
        """The header that reads with the customer's token."""
        return {"Authorization": f"Bearer {self.token['access_token']}"}


def new_shop(broker: Broker) -> SomeApplication:
    """Register a shop that may ask for a few keys and read by subject."""
    return new_application(broker, [*SCOPES, *OWN_SCOPES])


def state(http: httpx2.Client, customer: SomeCustomer, values: Mapping[str, Any]) -> None:
    """Let the customer say so."""
    for key, value in values.items():
        http.put(
            f"/v1/me/preferences/{key}", json={"value": value}, headers=customer.bearer
        ).raise_for_status()


def share(
    broker: Broker,
    http: httpx2.Client,
    keys: Collection[str],
    *,
    shop: SomeApplication | None = None,
    values: Mapping[str, Any] = VALUES,
) -> Shared:
    """Let a new customer state `values` and share `keys` with a shop (a new one unless given)."""
    customer = new_customer(broker)
    state(http, customer, values)
    shop = shop or new_shop(broker)
    return Shared(customer, shop, authorise(broker, shop, customer, SCOPES, keys))


def own_bearer(broker: Broker, shop: SomeApplication) -> dict[str, str]:
    """Return the header that reads with the shop's own token."""
    answer = post(
        broker, "/oauth/token", shop, {"grant_type": "client_credentials", "scope": " ".join(OWN_SCOPES)}
    )
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


def log_of(http: httpx2.Client, customer: SomeCustomer) -> list[dict[str, Any]]:
    """Return the customer's log, newest first."""
    items: list[dict[str, Any]] = http.get("/v1/me/disclosures", headers=customer.bearer).json()["items"]
    return items


def withdraw(http: httpx2.Client, customer: SomeCustomer) -> None:
    """End the customer's one live grant."""
    (grant,) = http.get("/v1/me/grants?state=live", headers=customer.bearer).json()["items"]
    http.delete(f"/v1/me/grants/{grant['grant_id']}", headers=customer.bearer).raise_for_status()
