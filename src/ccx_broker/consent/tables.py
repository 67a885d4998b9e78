"""Grants: what one customer lets one organisation have, and everything that happened to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class GrantRow(Base):
    """A grant as it stands. It is live until `expires_at` unless `ended_at` says otherwise.

    One organisation has at most one that has not ended: a customer can see at a glance what it has, and
    a second consent amends the first instead of standing beside it.
    """

    __tablename__ = "grants"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisation_id"))
    client_id: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    include_defaults: Mapped[bool]
    allow_events: Mapped[bool]
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(
            "uq_grants_customer_id_organisation_id_live",
            "customer_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        # Found by their end by whatever writes it down, and by whatever says that it comes.
        Index("ix_grants_ending", "expires_at", "grant_id", postgresql_where=text("ended_at IS NULL")),
    )


class GrantOwnerRow(Base):
    """Whose grant that is: a look-up table of its own, found by the grant's id alone."""

    __tablename__ = "grant_owners"

    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    customer_id: Mapped[UUID]


class GrantHistoryRow(Base):
    """One thing that happened to a grant, with the terms that held from then on. Append-only."""

    __tablename__ = "grant_history"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    include_defaults: Mapped[bool]
    allow_events: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
