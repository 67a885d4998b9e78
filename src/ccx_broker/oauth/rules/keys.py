"""When a signing key is published, signs, and is gone. Pure.

A key's life: published an hour before it signs, so that every client has it by then; signing until its
successor does; published an hour longer, until all that it signed is over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ID_TOKEN_LIFETIME = timedelta(minutes=10)
JWKS_KEPT = timedelta(minutes=5)
"""How long a client may keep the published keys."""
PUBLISHED_AHEAD = timedelta(hours=1)
PUBLISHED_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class SigningKey:
    """A key pair: the public part as a JWK (RFC 7517), the private one encrypted, or gone."""

    kid: str
    public_jwk: Mapping[str, Any]
    sealed: bytes | None
    active_from: datetime
    withdrawn_at: datetime | None = None


def published(keys: Collection[SigningKey], now: datetime) -> tuple[SigningKey, ...]:
    """Return the keys by which a client may check signatures, the newest first."""
    newest_first = _standing(keys)
    replaced_at = [None, *(successor.active_from for successor in newest_first)]
    return tuple(
        key
        for key, replaced in zip(newest_first, replaced_at, strict=False)
        if replaced is None or now < replaced + PUBLISHED_AFTER
    )


def signers(keys: Collection[SigningKey], now: datetime) -> tuple[SigningKey, ...]:
    """Return the keys that may sign, the one that should first."""
    return tuple(key for key in _standing(keys) if key.active_from <= now and key.sealed is not None)


def next_key(keys: Collection[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that is published and does not sign yet."""
    return next((key for key in _standing(keys) if key.active_from > now), None)


def _standing(keys: Collection[SigningKey]) -> list[SigningKey]:
    standing = [key for key in keys if key.withdrawn_at is None]
    return sorted(standing, key=lambda key: (key.active_from, key.kid), reverse=True)
