"""What a customer is told of, and which of it leads into their account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Kind = Literal[
    "grant_given",
    "grant_amended",
    "grant_ending",
    "first_look",
    "token_reuse",
    "new_device",
    "email_changed",
    "password_changed",
    "password_removed",
    "passkey_added",
    "passkey_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "signal_heeded",
]

SECURITY: frozenset[str] = frozenset(
    {
        "token_reuse",
        "new_device",
        "email_changed",
        "password_changed",
        "password_removed",
        "passkey_added",
        "passkey_removed",
        "recovery_codes_made",
        "recovery_code_used",
    }
)
"""Mailed whatever the customer has chosen: else whoever breaks in would switch the warnings off first."""


@dataclass(frozen=True)
class Message:
    """One message. `values` hold ids and names, never what a preference says; the text is made when it is read."""

    customer_id: UUID
    message_id: UUID
    kind: Kind
    values: Mapping[str, Any]
    made_at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Mail:
    """A message on its way by e-mail: to `address`, or to the account's own of that moment if it is None."""

    customer_id: UUID
    mail_id: UUID
    kind: Kind
    address: str | None
    made_at: datetime


@dataclass(frozen=True)
class Awaited:
    """An organisation that may look and has not; it got the grant when `since`, a UUIDv7, was made.

    `until` is when its grant ended, if it has.
    """

    customer_id: UUID
    organisation_id: UUID
    since: UUID
    until: datetime | None
