"""All SQL that reads what is kept of events: for their customer to see, and to learn from again."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, and_, case, cast, exists, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from ccx_broker.defaults.rules.events import KeptEvent, ReceivedEvent, Source
from ccx_broker.defaults.rules.observation import ORDER
from ccx_broker.defaults.store import MARKER, muted
from ccx_broker.defaults.tables import EventRow, MutedSourceRow

CHUNK = 200
"""Events that a replay holds at once: of at most 128 KiB each, so 25 MiB at the very most."""

LONGEST_NAME = 60
"""Letters of a product's name that are told."""

COUNTS = and_(EventRow.learnt, ~muted(EventRow.customer_id, EventRow.organisation_id))
"""Something was learnt from it, and its sender is not muted: what guesses rest on."""


def is_event(session: Session, customer_id: UUID, event_id: UUID) -> bool:
    """Tell whether the customer has, or had, an event of this id."""
    one = EventRow.customer_id == customer_id, EventRow.event_id == event_id
    return bool(session.scalar(select(exists().where(*one))))


def events_page(
    session: Session,
    customer_id: UUID,
    *,
    before: UUID | None,
    limit: int,
    organisation_id: UUID | None = None,
    names: Collection[str] | None = None,
    counting: bool = False,
) -> list[KeptEvent]:
    """Return a customer's events, the latest received first, from the one after `before` on.

    Only those of an organisation, of these names, or that count now, if that is asked for.
    """
    properties = EventRow.body["properties"]
    products = properties["products"]
    things = case((func.jsonb_typeof(products) == "array", func.jsonb_array_length(products)))
    found = session.execute(
        select(
            EventRow.event_id,
            EventRow.organisation_id,
            EventRow.name,
            EventRow.at,
            EventRow.received_at,
            COUNTS,
            things,
            *(_short(properties[field]) for field in ("store_id", "total", "currency")),
        )
        .where(
            EventRow.customer_id == customer_id,
            EventRow.name != MARKER,
            true() if before is None else EventRow.event_id < before,
            true() if organisation_id is None else EventRow.organisation_id == organisation_id,
            true() if names is None else EventRow.name.in_(sorted(names)),
            COUNTS if counting else true(),
        )
        .order_by(EventRow.event_id.desc())
        .limit(limit)
    )
    return [KeptEvent(*row) for row in found]


def _short(value: ColumnElement[Any]) -> ColumnElement[str | None]:
    """Return a JSON text or number as text of at most 40 characters; anything else is NULL."""
    plain = func.jsonb_typeof(value).in_(("string", "number"))
    return case((plain, func.left(value.op("#>>", return_type=Text())(cast([], ARRAY(Text))), 40)))


def product_names(
    session: Session, customer_id: UUID, products: Collection[str], *, latest: int
) -> dict[str, str]:
    """Return the names of those of `products` (by number) that have one in the latest orders that count."""
    lists = EventRow.body["properties"]["products"]
    orders = (
        select(case((func.jsonb_typeof(lists) == "array", lists), else_=cast([], JSONB)).label("lines"))
        .where(EventRow.customer_id == customer_id, EventRow.name == ORDER, COUNTS)
        .order_by(EventRow.event_id.desc())
        .limit(latest)
        .subquery()
    )
    line = func.jsonb_array_elements(orders.c.lines).column_valued("line", joins_implicitly=True)
    number = func.coalesce(line.op("->>")("product_id"), line.op("->>")("sku")).label("number")
    is_text = func.jsonb_typeof(line.op("->")("name")) == "string"
    name = func.left(line.op("->>")("name"), LONGEST_NAME).label("name")
    named = select(number, name).select_from(orders).where(is_text).subquery()
    found = session.execute(
        select(named.c.number, func.max(named.c.name))
        .where(named.c.number.in_(sorted(products)))
        .group_by(named.c.number)
    )
    plain = {number: " ".join(name.split()) for number, name in found}
    return {number: name for number, name in plain.items() if name and name.isprintable()}


def counting_events(session: Session, customer_id: UUID, chunk: int = CHUNK) -> Iterator[list[ReceivedEvent]]:
    """Yield the events that count now, in the order in which they were received, some at a time."""
    after: UUID | None = None
    while True:
        further = true() if after is None else EventRow.event_id > after
        found = session.execute(
            _counting(customer_id).where(further).order_by(EventRow.event_id).limit(chunk)
        ).all()
        if found:
            yield _received(customer_id, found)
        if len(found) < chunk:
            return
        after = found[-1].event_id


def latest_counting_events(session: Session, customer_id: UUID, most: int) -> list[ReceivedEvent]:
    """Return the latest events that count now, `most` at most, in the order of time."""
    latest = _counting(customer_id).order_by(EventRow.at.desc(), EventRow.event_id.desc()).limit(most)
    return _received(customer_id, session.execute(latest).all())[::-1]


def _counting(customer_id: UUID) -> Select[Any]:
    return select(
        EventRow.event_id,
        EventRow.organisation_id,
        EventRow.message_id,
        EventRow.name,
        EventRow.at,
        EventRow.utc_offset,
        EventRow.body,
    ).where(EventRow.customer_id == customer_id, COUNTS)


def _received(customer_id: UUID, found: Sequence[Row[Any]]) -> list[ReceivedEvent]:
    """Return the events as they were when they came in: with the offset of their time, too."""
    return [
        ReceivedEvent(
            customer_id,
            row.organisation_id,
            row.message_id,
            row.name,
            row.at.astimezone(timezone(timedelta(minutes=row.utc_offset))),
            row.body,
        )
        for row in found
    ]


def sources(session: Session, customer_id: UUID, *, after: UUID | None, limit: int) -> list[Source]:
    """Return the organisations that have sent something that is kept, and the muted ones, by their id."""
    sent = (
        select(
            EventRow.organisation_id,
            func.count().label("events"),
            func.count().filter(EventRow.learnt).label("learnt"),
            func.min(EventRow.at).label("first_at"),
            func.max(EventRow.at).label("last_at"),
        )
        .where(
            EventRow.customer_id == customer_id,
            EventRow.name != MARKER,
            true() if after is None else EventRow.organisation_id > after,
        )
        .group_by(EventRow.organisation_id)
        .subquery()
    )
    silenced = (
        select(MutedSourceRow.organisation_id, MutedSourceRow.muted_at)
        .where(
            MutedSourceRow.customer_id == customer_id,
            true() if after is None else MutedSourceRow.organisation_id > after,
        )
        .subquery()
    )
    organisation_id = func.coalesce(sent.c.organisation_id, silenced.c.organisation_id)
    found = session.execute(
        select(
            organisation_id,
            func.coalesce(sent.c.events, 0),
            func.coalesce(sent.c.learnt, 0),
            sent.c.first_at,
            sent.c.last_at,
            silenced.c.muted_at,
        )
        .select_from(sent.join(silenced, sent.c.organisation_id == silenced.c.organisation_id, full=True))
        .order_by(organisation_id)
        .limit(limit)
    )
    return [Source(*row) for row in found]
