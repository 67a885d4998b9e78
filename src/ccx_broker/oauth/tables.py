"""Codes and tokens. Each is found by its hash alone, so each has a look-up table of its own.

`jkt` is the thumbprint of the key that a code or token is bound to (RFC 9449 §6), if it is.

There is nothing to revoke here when a grant ends: a token is only as live as the grant it names, and
every use looks at that grant.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class AuthorizationCodeRow(Base):
    """A code, good for one exchange: whoever sets `claimed_at` first has it."""

    __tablename__ = "authorization_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID]
    grant_id: Mapped[UUID]
    family_id: Mapped[UUID]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str | None] = mapped_column(Text)
    auth_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    jkt: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AccessTokenRow(Base):
    """An access token: a customer's (with a grant) or an organisation's own (with neither)."""

    __tablename__ = "access_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]
    family_id: Mapped[UUID] = mapped_column(index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    audience: Mapped[str] = mapped_column(Text)
    details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    jkt: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshTokenRow(Base):
    """A refresh token, good for one exchange; its successors share its family.

    `parent_hash` is the one it was exchanged for; `repeats` counts how often that was tried again.
    """

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID]
    grant_id: Mapped[UUID] = mapped_column(index=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    jkt: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    parent_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    repeats: Mapped[int] = mapped_column(server_default=text("0"))


class SigningKeyRow(Base):
    """A key that signs ID tokens. `sealed` holds the private part, encrypted; it goes when it is done signing."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    active_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PushedRequestRow(Base):
    """An authorization request that a client has pushed (RFC 9126); whoever answers it sets `answered_at`."""

    __tablename__ = "pushed_requests"

    uri_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, str]] = mapped_column(JSONB)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OAuthFailureRow(Base):
    """How often guessing failed in one minute: for a network address or a client, as a keyed hash."""

    __tablename__ = "oauth_failures"

    bucket: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    count: Mapped[int]


class DeviceRequestRow(Base):
    """What a device asks for (RFC 8628); after a yes, `code_hash` is that of the code it gave."""

    __tablename__ = "device_requests"

    device_code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    client_id: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, str]] = mapped_column(JSONB)
    interval: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class SpentIdRow(Base):
    """The `jti` of something signed that is good for one use: a DPoP proof, a client's assertion.

    Kept until whatever it stood in would be refused for its age alone.
    """

    __tablename__ = "spent_ids"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
