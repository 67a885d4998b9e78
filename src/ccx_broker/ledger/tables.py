"""The ledger: every look at a customer's preferences and every refusal. Append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class DisclosureRow(Base):
    """One answer to an organisation, or one refusal (`outcome`), written before the answer leaves.

    No foreign keys: this row is written at every read, and checking one would lock and rewrite the
    customer's row each time. The ids come from rows that the same transaction has just read.
    """

    __tablename__ = "disclosures"

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    disclosure_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    organisation_id: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(Text)
    grant_id: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (
        Index(
            "ix_disclosures_customer_id_organisation_id", "customer_id", "organisation_id", "disclosure_id"
        ),
        Index(
            "ix_disclosures_refused",
            "customer_id",
            "disclosure_id",
            postgresql_where=text("outcome = 'refused'"),
        ),
    )
