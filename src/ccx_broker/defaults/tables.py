"""Observed behaviour, and what the estimators have counted of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class EventRow(Base):
    """One piece of behaviour as an organisation sent it. Its `message_id` makes a retry harmless.

    The organisation is part of the key: a message id that another organisation has used says nothing.
    `learnt` tells whether it taught the estimators something when it came: a replay learns from exactly
    those. For the same reason `utc_offset` (minutes) keeps the offset that `at` was sent with.
    """

    __tablename__ = "events"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    learnt: Mapped[bool]
    utc_offset: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (Index("ix_events_customer_id_event_id", "customer_id", "event_id", unique=True),)


class PopulationRow(Base):
    """What customers taught together, as of one calibration: sums over many of them and fitted numbers."""

    __tablename__ = "populations"

    population_id: Mapped[UUID] = mapped_column(primary_key=True)
    customers: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


UNCONCLUDED = text("estimator_states.unconcluded <> '{}'")
"""The condition that conclusions about a customer are due."""


class EstimatorStateRow(Base):
    """What the estimators remember of a customer: bounded in size however long the history.

    `state` is JSON that only the estimators read, so it is kept as plain text: to take it apart at every
    write would cost the database more than all the rest of taking an order in. `unconcluded` has the names of
    the events that were heard since the last conclusions: some of a few dozen, however many events there were.
    """

    __tablename__ = "estimator_states"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(Text)
    unconcluded: Mapped[list[str]] = mapped_column(ARRAY(Text))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("ix_estimator_states_unconcluded", "customer_id", postgresql_where=text("unconcluded <> '{}'")),
    )


class MutedSourceRow(Base):
    """An organisation from whose events a customer wants nothing to be learnt."""

    __tablename__ = "muted_sources"

    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customers.customer_id", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    muted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
