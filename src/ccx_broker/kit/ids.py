"""Keys and secrets: UUIDv7 (RFC 9562 §5.7) for rows, random tokens for people and programs."""

import hashlib
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7: it sorts by the time it was made, so that an index grows at one end."""
    return uuid7()


def new_token(prefix: str) -> str:
    """Return `<prefix>_<43 characters>`: 256 random bits. The prefix lets secret scanners find leaks."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """Return the 32 bytes that are stored instead of a token.

    Plain SHA-256 is enough for a token of 256 random bits: there is nothing to guess. Passwords are
    another matter and go through argon2.
    """
    return hashlib.sha256(token.encode()).digest()
