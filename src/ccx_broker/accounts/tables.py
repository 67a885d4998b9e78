"""Customers, how they prove who they are, and where they are signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text
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
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ThrottleRow(Base):
    """How often something went wrong lately, by a keyed hash of who or where: no address is kept."""

    __tablename__ = "throttles"

    bucket: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    # Found by age when the old ones are forgotten.
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
