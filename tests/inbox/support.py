"""What tests of messages need: the inbox as the customer sees it."""

from typing import Any

import httpx2

from tests.oauth_support import SomeCustomer


def inbox(http: httpx2.Client, customer: SomeCustomer) -> list[dict[str, Any]]:
    """Return the customer's messages, newest first."""
    answer = http.get("/v1/me/messages", headers=customer.bearer).raise_for_status().json()
    items: list[dict[str, Any]] = answer["items"]
    return items


def kinds(http: httpx2.Client, customer: SomeCustomer) -> list[str]:
    """Return the kinds of the customer's messages, newest first."""
    return [item["kind"] for item in inbox(http, customer)]
