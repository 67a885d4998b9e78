"""Messages to customers, those still to be mailed, and which first looks are waited for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class MessageRow(Base):
    """A message. `once` names what is told only once, such as one end of one grant."""

    __tablename__ = "messages"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    once: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("customer_id", "once"),
        # Every page asks how many are unread.
        Index("ix_messages_unread", "customer_id", postgresql_where=text("read_at IS NULL")),
    )


class MailRow(Base):
    """A mail that waits; it is gone as soon as it was sent or given up. `address` if not the account's own."""

    __tablename__ = "mails"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    mail_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    tries: Mapped[int]


class NoMailRow(Base):
    """A customer who wants no mails but those about security."""

    __tablename__ = "no_mail"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )


class AwaitedLookRow(Base):
    """An organisation whose first look is waited for: reads are not slowed by asking whether they are the first."""

    __tablename__ = "awaited_looks"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[UUID]
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
