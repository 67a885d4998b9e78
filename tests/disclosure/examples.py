"""Facts for the pure decision, live and complete unless a test changes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ccx_broker.consent.rules import Grant
from ccx_broker.disclosure.rules import READ_BY_SUBJECT, Facts, Token
from ccx_broker.profile.rules import Default, Stated

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHOP, OTHER_SHOP, ADA = UUID(int=1), UUID(int=2), UUID(int=3)
KEYS = ("buy.store", "buy.day_time", "contact.channel")

GRANT = Grant(
    customer_id=ADA,
    grant_id=UUID(int=4),
    organisation_id=SHOP,
    client_id="shop-app",
    subject="ccxu_ada",
    version=1,
    keys=KEYS,
    purposes=("dpv:ServiceProvision",),
    include_defaults=True,
    allow_events=False,
    granted_at=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=1),
    ended_at=None,
    ended_reason=None,
)
CUSTOMERS_TOKEN = Token(
    client_id="shop-app",
    organisation_id=SHOP,
    customer_id=ADA,
    scopes=(),
    keys=KEYS,
    audience="api",
    expires_at=NOW + timedelta(minutes=10),
    revoked_at=None,
)
OWN_TOKEN = replace(CUSTOMERS_TOKEN, customer_id=None, scopes=(READ_BY_SUBJECT,), keys=())


def stated(key: str, value: Any) -> Stated:
    return Stated(key, value, "stated", "want", None, 1, NOW)


def default(key: str, value: Any, state: str = "offered") -> Default:
    return Default(key, value, 0.8, {}, state, NOW)


READ_OWN = Facts(
    at=NOW,
    token=CUSTOMERS_TOKEN,
    by_subject=False,
    owner=None,
    customer_id=ADA,
    grant=GRANT,
    stated={"buy.store": stated("buy.store", "367")},
    defaults={"buy.day_time": default("buy.day_time", {"day": "sat", "slot": "evening"})},
)
READ_SUBJECT = replace(READ_OWN, token=OWN_TOKEN, by_subject=True, owner=SHOP)
