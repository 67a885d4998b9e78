"""All SQL of forgetting and muting. Whoever changes anything here holds the lock on the customer's state."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.defaults.store import MARKER
from ccx_broker.defaults.tables import EventRow, MutedSourceRow


def counts(
    session: Session, customer_id: UUID, *, event_id: UUID | None = None, organisation_id: UUID | None = None
) -> bool:
    """Tell whether this event, or any of this organisation, is in what was learnt (mutes apart)."""
    chosen = _chosen(customer_id, event_id, organisation_id)
    return bool(session.scalar(select(exists().where(*chosen, EventRow.learnt))))


def erase(
    session: Session, customer_id: UUID, *, event_id: UUID | None = None, organisation_id: UUID | None = None
) -> None:
    """Leave nothing of this event, or of all of this organisation, but the marker that tells a repetition."""
    bare = {"name": MARKER, "at": EventRow.received_at, "utc_offset": 0, "body": {}, "learnt": False}
    session.execute(
        update(EventRow)
        .where(*_chosen(customer_id, event_id, organisation_id))
        .values(**bare)
        .execution_options(synchronize_session=False)
    )


def _chosen(
    customer_id: UUID, event_id: UUID | None, organisation_id: UUID | None
) -> list[ColumnElement[bool]]:
    return [
        EventRow.customer_id == customer_id,
        EventRow.name != MARKER,
        true() if event_id is None else EventRow.event_id == event_id,
        true() if organisation_id is None else EventRow.organisation_id == organisation_id,
    ]


def mute(session: Session, customer_id: UUID, organisation_id: UUID, now: datetime) -> bool:
    """Note that nothing is to be learnt from the organisation; False if that was noted before."""
    made = session.scalar(
        insert(MutedSourceRow)
        .values(customer_id=customer_id, organisation_id=organisation_id, muted_at=now)
        .on_conflict_do_nothing()
        .returning(MutedSourceRow.organisation_id)
    )
    return made is not None


def unmute(session: Session, customer_id: UUID, organisation_id: UUID) -> bool:
    """Take that note back; False if there was none."""
    gone = session.scalar(
        delete(MutedSourceRow)
        .where(MutedSourceRow.customer_id == customer_id, MutedSourceRow.organisation_id == organisation_id)
        .returning(MutedSourceRow.organisation_id)
    )
    return gone is not None
