"""Reads and writes the ledger. There is no statement here that changes or removes a line."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from sqlalchemy import Date, Uuid, cast, column, func, select, true, values
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ccx_broker.kit.paging import Page, encode_cursor
from ccx_broker.ledger.rules import Disclosure, Looks, Only, Week
from ccx_broker.ledger.tables import DisclosureRow

COLUMNS = tuple(field.name for field in fields(Disclosure))

RECORD = f"""
INSERT INTO disclosures ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM json_populate_recordset(NULL::disclosures, %s::json)
"""  # noqa: S608 (the names are ours)


async def record(connection: AsyncConnection, lines: Sequence[Disclosure]) -> None:
    """Append `lines` in one statement. On a connection in autocommit mode they are durable on return."""
    if lines:
        await connection.execute(RECORD, (orjson.dumps(lines).decode(),))


def newest_first(
    session: Session, customer_id: UUID, *, before: UUID | None, limit: int, only: Only = Only()
) -> Page[Disclosure]:
    """Return up to `limit` lines of one customer, older than the line `before` if that is given.

    Each filter has an index of its own, so a page costs the same wherever it is.
    """
    query = select(*(getattr(DisclosureRow, name) for name in COLUMNS)).where(
        DisclosureRow.customer_id == customer_id
    )
    if only.organisation_id is not None:
        query = query.where(DisclosureRow.organisation_id == only.organisation_id)
    if only.outcome is not None:
        query = query.where(DisclosureRow.outcome == only.outcome)
    if before is not None:
        query = query.where(DisclosureRow.disclosure_id < before)
    # One more than asked for tells whether there is a next page.
    rows = session.execute(query.order_by(DisclosureRow.disclosure_id.desc()).limit(limit + 1)).all()
    lines = [Disclosure(*row) for row in rows[:limit]]
    return Page(lines, encode_cursor(lines[-1].disclosure_id) if len(rows) > limit else None)


def weeks(session: Session, customer_id: UUID, since: datetime, most: int) -> list[Week]:
    """Count the lines since `since` by organisation and week; no more than the latest `most` lines.

    The limit keeps a page quick for somebody at whom a machine looks every minute.
    """
    latest = (
        select(DisclosureRow.organisation_id, DisclosureRow.at, DisclosureRow.outcome)
        .where(DisclosureRow.customer_id == customer_id)
        .order_by(DisclosureRow.disclosure_id.desc())
        .limit(most)
        .subquery()
    )
    monday = cast(func.date_trunc("week", func.timezone("UTC", latest.c.at)), Date).label("monday")
    disclosed = func.count().filter(latest.c.outcome == "disclosed")
    refused = func.count().filter(latest.c.outcome != "disclosed")
    found = session.execute(
        select(latest.c.organisation_id, monday, disclosed, refused)
        .where(latest.c.at >= since)
        .group_by(latest.c.organisation_id, monday)
    )
    return [Week(*row) for row in found]


def looks_of(
    session: Session, customer_id: UUID, organisation_ids: Collection[UUID], since: datetime, most: int
) -> dict[UUID, Looks]:
    """Return when each organisation last got something, and how often since `since` (counted up to `most`)."""
    if not organisation_ids:
        return {}
    asked = values(column("organisation_id", DisclosureRow.organisation_id.type), name="asked").data(
        [(i,) for i in organisation_ids]
    )
    latest = (
        select(DisclosureRow.at)
        .where(
            DisclosureRow.customer_id == customer_id,
            DisclosureRow.organisation_id == asked.c.organisation_id,
            DisclosureRow.outcome == "disclosed",
        )
        .order_by(DisclosureRow.disclosure_id.desc())
        .limit(most)
        .lateral()
    )
    found = session.execute(
        select(asked.c.organisation_id, func.max(latest.c.at), func.count().filter(latest.c.at >= since))
        .select_from(asked.join(latest, true()))
        .group_by(asked.c.organisation_id)
    )
    return {row[0]: Looks(row[1], row[2]) for row in found}


def first_looks(
    session: Session, watched: Sequence[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID], datetime]:
    """Return when organisations first got something about customers, by both, for those that did.

    `watched`: customer, organisation, and an id (UUIDv7) that is older than what is looked for. One probe of
    an index each, whatever the log's length.
    """
    ids = [list(column) for column in zip(*watched, strict=True)] or [[], [], []]
    asked = (
        func.unnest(*(cast(part, ARRAY(Uuid)) for part in ids))
        .table_valued(
            column("customer_id", Uuid), column("organisation_id", Uuid), column("since", Uuid), name="asked"
        )
        .render_derived()
    )
    first = (
        select(DisclosureRow.at)
        .where(
            DisclosureRow.customer_id == asked.c.customer_id,
            DisclosureRow.organisation_id == asked.c.organisation_id,
            DisclosureRow.disclosure_id > asked.c.since,
            DisclosureRow.outcome == "disclosed",
        )
        .order_by(DisclosureRow.disclosure_id)
        .limit(1)
        .lateral()
    )
    found = session.execute(
        select(asked.c.customer_id, asked.c.organisation_id, first.c.at).select_from(
            asked.join(first, true())
        )
    )
    return {(row[0], row[1]): row[2] for row in found}


def organisations_of(session: Session, customer_id: UUID, most: int = 200) -> list[UUID]:
    """Return which organisations have lines in a customer's log.

    It jumps from one to the next through the index (a "loose index scan"), so it costs as much as there are
    organisations, not lines.
    """
    mine = select(DisclosureRow.organisation_id).where(DisclosureRow.customer_id == customer_id)
    first = mine.order_by(DisclosureRow.organisation_id).limit(1)
    jump = select(first.subquery().c.organisation_id).cte("jump", recursive=True)
    following = (
        mine.where(DisclosureRow.organisation_id > jump.c.organisation_id)
        .order_by(DisclosureRow.organisation_id)
        .limit(1)
        .scalar_subquery()
    )
    jump = jump.union_all(select(following).where(jump.c.organisation_id.is_not(None)))
    return list(
        session.scalars(select(jump.c.organisation_id).where(jump.c.organisation_id.is_not(None)).limit(most))
    )
