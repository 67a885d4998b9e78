"""Reads and writes the ledger. There is no statement here that changes or removes a line."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from sqlalchemy import select
from sqlalchemy.orm import Session

from ccx_broker.kit.paging import Page, encode_cursor
from ccx_broker.ledger.rules import Disclosure
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


def newest_first(session: Session, customer_id: UUID, *, before: UUID | None, limit: int) -> Page[Disclosure]:
    """Return up to `limit` lines of one customer, older than the line `before` if that is given."""
    query = select(*(getattr(DisclosureRow, name) for name in COLUMNS)).where(
        DisclosureRow.customer_id == customer_id
    )
    if before is not None:
        query = query.where(DisclosureRow.disclosure_id < before)
    # One more than asked for tells whether there is a next page.
    rows = session.execute(query.order_by(DisclosureRow.disclosure_id.desc()).limit(limit + 1)).all()
    lines = [Disclosure(*row) for row in rows[:limit]]
    return Page(lines, encode_cursor(lines[-1].disclosure_id) if len(rows) > limit else None)
