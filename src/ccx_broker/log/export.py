"""The whole log as a file. It is read and sent a piece at a time, so its length costs no memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.paging import decode_cursor
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Disclosure, Only
from ccx_broker.log import schemas
from ccx_broker.organisations import store as organisations

LINES_AT_ONCE = 1000

Batch = tuple[list[Disclosure], Mapping[str, tuple[str, str]]]


def batches(sessions: sessionmaker[Session], customer_id: UUID, only: Only) -> Iterator[Batch]:
    """Yield the lines with the names that are in them, newest first.

    Each piece is read by itself, so that a slow download keeps no connection busy. Lines that come in
    meanwhile are newer than the first piece, so they are not part of it.
    """
    cursor = None
    while True:
        with sessions.begin() as session:
            page = ledger.newest_first(
                session, customer_id, before=decode_cursor(cursor), limit=LINES_AT_ONCE, only=only
            )
            names = organisations.application_names(session, {line.client_id for line in page.items})
        yield list(page.items), names
        cursor = page.next
        if cursor is None:
            return


def as_csv(found: Iterable[Batch]) -> Iterator[str]:
    """Write a table with a first row of names (RFC 4180)."""
    yield from _rows([schemas.COLUMNS])
    for lines, names in found:
        yield from _rows(schemas.csv_row(line, names) for line in lines)


def as_json(found: Iterable[Batch]) -> Iterator[str]:
    """Write an array of the lines as `GET /v1/me/disclosures` has them."""
    between = "["
    for lines, names in found:
        for line in lines:
            yield between + schemas.disclosure_line(line, names).model_dump_json()
            between = ",\n"
    yield "[]\n" if between == "[" else "]\n"


def _rows(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    yield text.getvalue()
