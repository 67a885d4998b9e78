"""Customers, how they prove who they are, and where they are signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class CustomerRow(Base):
    """The person. The address is for them to read; it is not how they are found."""

    __tablename__ = "customers"

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CredentialRow(Base):
    """Address and password together lead to a customer; neither alone does (decision 0006).

    A look-up table of its own, since a shard is found by `customer_id`, which a person signing in
    does not have. No foreign key, for the same reason.
    """

    __tablename__ = "credentials"

    email_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    verifier: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    customer_id: Mapped[UUID]


class SessionRow(Base):
    """One signed-in browser or program. The token carries both ids, so the row is found by its key."""

    __tablename__ = "sessions"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    device: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    proved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ThrottleRow(Base):
    """How often something went wrong lately, by a keyed hash of who or where: no address is kept."""

    __tablename__ = "throttles"

    bucket: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    # Found by age when the old ones are forgotten.
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class PasskeyRow(Base):
    """A passkey. Its holder brings the customer's id along (WebAuthn's user handle), so no look-up table is needed."""

    __tablename__ = "passkeys"
    __table_args__ = (UniqueConstraint("customer_id", "credential_id"),)

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    passkey_id: Mapped[UUID] = mapped_column(primary_key=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SpentChallengeRow(Base):
    """A challenge that was answered, until it would have expired: none is answered twice."""

    __tablename__ = "spent_challenges"

    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    # Found by age when the old ones are forgotten.
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class RecoverySetRow(Base):
    """The keyed hashes of a customer's recovery codes that are still good. Taking one out of them uses it."""

    __tablename__ = "recovery_sets"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    code_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RecoveryCodeRow(Base):
    """Whose a recovery code may be: a look-up table, like `credentials`. Whether it is good, the set says."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    customer_id: Mapped[UUID]
