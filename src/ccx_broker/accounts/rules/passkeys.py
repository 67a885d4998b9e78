"""What a passkey is here, for which site it is made, and when it may be taken away (WebAuthn level 3)."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from ccx_broker.accounts.rules import NAME_LONGEST, normal_name

MOST = 20
"""Passkeys that one customer may have; the browser is told of all of them when one more is made."""

Purpose = Literal["sign-up", "sign-in", "add", "confirm"]
"""What a challenge is for: an answer to one is no good for another."""


@dataclass(frozen=True)
class RelyingParty:
    """The site that a passkey belongs to: the browser lets no other site use it (§5.1.2, RP ID)."""

    rp_id: str
    origin: str


@dataclass(frozen=True)
class Challenge:
    """What a browser was asked to sign, read back from its answer."""

    customer_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True)
class Passkey:
    """One passkey of a customer. Times are UTC; `sign_count` is 0 where the device does not count."""

    passkey_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class WaysIn:
    """How a customer can sign in; recovery codes are for emergencies and don't count."""

    password: bool
    passkeys: int

    @property
    def can_lose_password(self) -> bool:
        """A passkey is left without it."""
        return self.passkeys > 0

    @property
    def can_lose_passkey(self) -> bool:
        """Another passkey or a password is left."""
        return self.password or self.passkeys > 1


def relying_party(issuer: str) -> RelyingParty | None:
    """Return what passkeys are made for, or None where there can be none: an RP ID is a name, never a number.

    On this machine itself `localhost` stands in for the loopback address; browsers trust it without TLS.
    """
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return RelyingParty(host, issuer)
    if not address.is_loopback:
        return None
    port = f":{parts.port}" if parts.port else ""
    return RelyingParty("localhost", f"{parts.scheme}://localhost{port}")


def is_named(host: str) -> bool:
    """Whether a page at this `Host` can use passkeys at all."""
    try:
        ipaddress.ip_address(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return True
    return False


def passkey_name(typed: str, device: str) -> str:
    """Return what a passkey is called: what its owner typed, else the browser that it was made with."""
    return normal_name(typed) or device[:NAME_LONGEST]
