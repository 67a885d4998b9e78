"""All SQL of grants and their history."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.consent.rules import Grant, GrantEvent, Terms
from ccx_broker.consent.tables import GrantHistoryRow, GrantOwnerRow, GrantRow


def live_grants(
    session: Session, organisation_id: UUID, customer_ids: Collection[UUID], now: datetime
) -> dict[UUID, Grant]:
    """Return what each of the customers lets this organisation have now, by customer."""
    rows = session.scalars(
        select(GrantRow).where(
            GrantRow.customer_id.in_(customer_ids),
            GrantRow.organisation_id == organisation_id,
            _live(now),
        )
    )
    return {row.customer_id: _grant(row) for row in rows}


def find_grant(session: Session, customer_id: UUID, grant_id: UUID, *, lock: bool = False) -> Grant | None:
    """Return one grant of one customer; with `lock` nobody else changes it until the transaction ends."""
    query = select(GrantRow).where(GrantRow.customer_id == customer_id, GrantRow.grant_id == grant_id)
    return _one(session, query, lock=lock)


def open_grant(
    session: Session, customer_id: UUID, organisation_id: UUID, *, lock: bool = False
) -> Grant | None:
    """Return the grant between the two that was not ended yet (its time may be over, though)."""
    query = select(GrantRow).where(
        GrantRow.customer_id == customer_id,
        GrantRow.organisation_id == organisation_id,
        GrantRow.ended_at.is_(None),
    )
    return _one(session, query, lock=lock)


def insert_grant(session: Session, grant: Grant) -> bool:
    """Write a new grant; False if there is an open one between the two already.

    The unique index over open grants is the lock: of two at once the second waits here for the first.
    """
    written = session.execute(
        insert(GrantRow)
        .values(**_columns(grant))
        .on_conflict_do_nothing(
            index_elements=[GrantRow.customer_id, GrantRow.organisation_id],
            index_where=GrantRow.ended_at.is_(None),
        )
        .returning(GrantRow.grant_id)
    )
    if written.first() is None:
        return False
    session.execute(
        insert(GrantOwnerRow).values(
            grant_id=grant.grant_id, organisation_id=grant.organisation_id, customer_id=grant.customer_id
        )
    )
    return True


def customer_of_grant(session: Session, organisation_id: UUID, grant_id: UUID) -> UUID | None:
    """Return whose grant that is, if it is one to this organisation."""
    return session.scalar(
        select(GrantOwnerRow.customer_id).where(
            GrantOwnerRow.grant_id == grant_id, GrantOwnerRow.organisation_id == organisation_id
        )
    )


def update_grant(session: Session, grant: Grant) -> None:
    """Write the next version of a grant that this transaction has locked."""
    session.execute(
        update(GrantRow)
        .where(GrantRow.customer_id == grant.customer_id, GrantRow.grant_id == grant.grant_id)
        .values(**_columns(grant))
    )


def append_history(session: Session, grant: Grant, action: str, at: datetime) -> None:
    """Record that `action` led to this version of the grant."""
    session.execute(
        insert(GrantHistoryRow).values(
            customer_id=grant.customer_id,
            grant_id=grant.grant_id,
            version=grant.version,
            action=action,
            at=at,
            keys=list(grant.keys),
            purposes=list(grant.purposes),
            include_defaults=grant.include_defaults,
            allow_events=grant.allow_events,
            expires_at=grant.expires_at,
        )
    )


def list_grants(
    session: Session,
    customer_id: UUID,
    *,
    live: bool | None,
    now: datetime,
    limit: int,
    after: UUID | None,
) -> Sequence[Grant]:
    """Return a customer's grants, newest first: all, the live or the ended ones."""
    query = select(GrantRow).where(GrantRow.customer_id == customer_id)
    if live is not None:
        query = query.where(_live(now) if live else _over(now))
    if after is not None:
        query = query.where(GrantRow.grant_id < after)
    return [_grant(row) for row in session.scalars(query.order_by(GrantRow.grant_id.desc()).limit(limit))]


def grant_history(session: Session, customer_id: UUID, grant_id: UUID) -> Sequence[GrantEvent]:
    """Return everything that happened to a grant, oldest first."""
    rows = session.scalars(
        select(GrantHistoryRow)
        .where(GrantHistoryRow.customer_id == customer_id, GrantHistoryRow.grant_id == grant_id)
        .order_by(GrantHistoryRow.version)
    )
    return [GrantEvent(row.version, row.action, row.at, _terms(row)) for row in rows]


def reuses(session: Session, customer_id: UUID, grant_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when tokens under these grants were ended because one came twice, if nothing was granted since."""
    reused = func.max(GrantHistoryRow.at).filter(GrantHistoryRow.action == "token_reuse")
    granted = func.max(GrantHistoryRow.at).filter(GrantHistoryRow.action.in_(("granted", "amended")))
    rows = session.execute(
        select(GrantHistoryRow.grant_id, reused)
        .where(GrantHistoryRow.customer_id == customer_id, GrantHistoryRow.grant_id.in_(grant_ids))
        .group_by(GrantHistoryRow.grant_id)
        .having(reused > granted)
    )
    return {row[0]: row[1] for row in rows}


def expired_unended(session: Session, now: datetime, limit: int) -> Sequence[Grant]:
    """Return and lock some grants whose time is over and whose end nobody has written down."""
    rows = session.scalars(
        select(GrantRow)
        .where(GrantRow.ended_at.is_(None), GrantRow.expires_at <= now)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [_grant(row) for row in rows]


def ending(
    session: Session, now: datetime, before: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Grant]:
    """Return live grants that end before `before`, in the order of their ends, from behind `after` on."""
    key = tuple_(GrantRow.expires_at, GrantRow.grant_id)
    query = select(GrantRow).where(_live(now), GrantRow.expires_at <= before)
    if after is not None:
        query = query.where(key > after)
    return [_grant(row) for row in session.scalars(query.order_by(key).limit(limit))]


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(GrantRow.ended_at.is_(None), GrantRow.expires_at > now)


def _over(now: datetime) -> ColumnElement[bool]:
    return or_(GrantRow.ended_at.is_not(None), GrantRow.expires_at <= now)


def _one(session: Session, query: Select[GrantRow], *, lock: bool) -> Grant | None:
    # What an earlier statement of this session has loaded may be old by the time the lock is held.
    query = query.execution_options(populate_existing=True)
    row = session.scalar(query.with_for_update() if lock else query)
    return None if row is None else _grant(row)


def _terms(row: GrantRow | GrantHistoryRow) -> Terms:
    return Terms(tuple(row.keys), tuple(row.purposes), row.include_defaults, row.allow_events, row.expires_at)


def _grant(row: GrantRow) -> Grant:
    return Grant(
        customer_id=row.customer_id,
        grant_id=row.grant_id,
        organisation_id=row.organisation_id,
        client_id=row.client_id,
        subject=row.subject,
        version=row.version,
        keys=tuple(row.keys),
        purposes=tuple(row.purposes),
        include_defaults=row.include_defaults,
        allow_events=row.allow_events,
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
    )


def _columns(grant: Grant) -> dict[str, Any]:
    return asdict(grant) | {"keys": list(grant.keys), "purposes": list(grant.purposes)}
