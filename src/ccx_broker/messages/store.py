"""All SQL of messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CursorResult,
    Float,
    Interval,
    Row,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.kit.paging import Page, encode_cursor
from ccx_broker.messages.rules import Awaited, Kind, Mail, Message
from ccx_broker.messages.tables import AwaitedLookRow, MailRow, MessageRow, NoMailRow

COLUMNS = (
    MessageRow.customer_id,
    MessageRow.message_id,
    MessageRow.kind,
    MessageRow.values.label("values_"),  # a row has a method of the plain name
    MessageRow.made_at,
    MessageRow.read_at,
)


def add(
    session: Session,
    customer_id: UUID,
    message_id: UUID,
    kind: Kind,
    values: dict[str, str],
    once: str | None,
    now: datetime,
) -> bool:
    """Write a message; False if there is one of the name `once` already."""
    written = session.execute(
        insert(MessageRow)
        .values(
            customer_id=customer_id, message_id=message_id, kind=kind, values=values, once=once, made_at=now
        )
        .on_conflict_do_nothing(index_elements=[MessageRow.customer_id, MessageRow.once])
        .returning(MessageRow.message_id)
    )
    return written.first() is not None


def was_told(session: Session, customer_id: UUID, once: str) -> bool:
    """Whether the customer has the message that is told once under this name."""
    found = select(exists().where(MessageRow.customer_id == customer_id, MessageRow.once == once))
    return bool(session.scalar(found))


def newest_first(session: Session, customer_id: UUID, *, before: UUID | None, limit: int) -> Page[Message]:
    """Return up to `limit` messages of a customer, older than the message `before` if that is given."""
    query = select(*COLUMNS).where(MessageRow.customer_id == customer_id)
    if before is not None:
        query = query.where(MessageRow.message_id < before)
    # One more than asked for tells whether there is a next page.
    rows = session.execute(query.order_by(MessageRow.message_id.desc()).limit(limit + 1)).all()
    items = [_message(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].message_id) if len(rows) > limit else None)


def unread(session: Session, customer_id: UUID, most: int) -> int:
    """Count the unread messages of a customer, up to `most`: one look into an index that holds only those."""
    some = (
        select(literal(1))
        .where(MessageRow.customer_id == customer_id, MessageRow.read_at.is_(None))
        .limit(most)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def mark_read(session: Session, customer_id: UUID, message_id: UUID, now: datetime) -> Message | None:
    """Note when a message was first read, and return it if the customer has it."""
    row = session.execute(
        update(MessageRow)
        .where(MessageRow.customer_id == customer_id, MessageRow.message_id == message_id)
        .values(read_at=func.coalesce(MessageRow.read_at, now))
        .returning(*COLUMNS)
    ).one_or_none()
    return _message(row) if row else None


def mark_all_read(session: Session, customer_id: UUID, upto: UUID, now: datetime) -> None:
    """Mark as read what came no later than the message `upto`: what came since has not been seen."""
    session.execute(
        update(MessageRow)
        .where(
            MessageRow.customer_id == customer_id,
            MessageRow.read_at.is_(None),
            MessageRow.message_id <= upto,
        )
        .values(read_at=now)
    )


def add_mail(
    session: Session, customer_id: UUID, mail_id: UUID, kind: Kind, address: str | None, now: datetime
) -> None:
    """Put a mail into the outbox."""
    session.execute(
        insert(MailRow).values(
            customer_id=customer_id,
            mail_id=mail_id,
            kind=kind,
            address=address,
            made_at=now,
            due_at=now,
            tries=0,
        )
    )


def is_mail_due(session: Session, now: datetime) -> bool:
    """Whether there is anything to send."""
    return bool(session.scalar(select(exists().where(MailRow.due_at <= now))))


def claim_mails(
    session: Session, now: datetime, limit: int, first_wait: timedelta, longest_wait: timedelta
) -> Sequence[Mail]:
    """Take mails that are due, so that no other process does; each is due again later unless it is dropped.

    What is not dropped waits twice as long with every try.
    """
    due = (
        select(MailRow.customer_id, MailRow.mail_id)
        .where(MailRow.due_at <= now)
        .order_by(MailRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    seconds = func.least(
        first_wait.total_seconds() * func.power(2.0, func.least(MailRow.tries, 16), type_=Float),
        longest_wait.total_seconds(),
    )
    wait = func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)
    rows = session.execute(
        update(MailRow)
        .where(MailRow.customer_id == due.c.customer_id, MailRow.mail_id == due.c.mail_id)
        .values(tries=MailRow.tries + 1, due_at=literal(now) + wait)
        .returning(MailRow.customer_id, MailRow.mail_id, MailRow.kind, MailRow.address, MailRow.made_at)
    )
    return [Mail(row.customer_id, row.mail_id, _kind(row.kind), row.address, row.made_at) for row in rows]


def drop_mail(session: Session, mail: Mail) -> None:
    """Take a mail out of the outbox."""
    session.execute(
        delete(MailRow).where(MailRow.customer_id == mail.customer_id, MailRow.mail_id == mail.mail_id)
    )


def drop_old_mails(session: Session, made_before: datetime, limit: int) -> int:
    """Give up to `limit` mails up that nobody could deliver; return how many there were."""
    old = (
        select(MailRow.customer_id, MailRow.mail_id)
        .where(MailRow.made_at < made_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        delete(MailRow).where(
            tuple_(MailRow.customer_id, MailRow.mail_id).in_(select(old.c.customer_id, old.c.mail_id))
        )
    )
    return result.rowcount


def wants_mail(session: Session, customer_id: UUID) -> bool:
    """Whether the customer wants mails about what is not security, too; until they say otherwise, yes."""
    return not session.scalar(select(exists().where(NoMailRow.customer_id == customer_id)))


def choose_mail(session: Session, customer_id: UUID, wanted: bool) -> None:
    """Note whether the customer wants them."""
    if wanted:
        session.execute(delete(NoMailRow).where(NoMailRow.customer_id == customer_id))
    else:
        session.execute(insert(NoMailRow).values(customer_id=customer_id).on_conflict_do_nothing())


def await_look(session: Session, customer_id: UUID, organisation_id: UUID, since: UUID) -> None:
    """Wait for an organisation's first look; what was waited for already goes on from its own beginning."""
    session.execute(
        insert(AwaitedLookRow)
        .values(customer_id=customer_id, organisation_id=organisation_id, since=since)
        .on_conflict_do_update(
            index_elements=[AwaitedLookRow.customer_id, AwaitedLookRow.organisation_id],
            set_={"until": None},
        )
    )


def stop_awaiting(session: Session, customer_id: UUID, organisation_id: UUID, until: datetime) -> None:
    """Note that there will be no look after `until`; one before it may not have been noticed yet."""
    session.execute(
        update(AwaitedLookRow)
        .where(AwaitedLookRow.customer_id == customer_id, AwaitedLookRow.organisation_id == organisation_id)
        .values(until=until)
    )


def awaited(session: Session, after: tuple[UUID, UUID] | None, limit: int) -> Sequence[Awaited]:
    """Return the next looks that are waited for, by customer and organisation."""
    key = tuple_(AwaitedLookRow.customer_id, AwaitedLookRow.organisation_id)
    query = select(
        AwaitedLookRow.customer_id,
        AwaitedLookRow.organisation_id,
        AwaitedLookRow.since,
        AwaitedLookRow.until,
    )
    if after is not None:
        query = query.where(key > after)
    return [Awaited(*row) for row in session.execute(query.order_by(key).limit(limit))]


def await_no_more(session: Session, found: Awaited) -> bool:
    """Stop waiting for a look; False if another process has just done so."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        delete(AwaitedLookRow).where(
            AwaitedLookRow.customer_id == found.customer_id,
            AwaitedLookRow.organisation_id == found.organisation_id,
        )
    )
    return result.rowcount == 1


def _message(row: Row[Any]) -> Message:
    return Message(row.customer_id, row.message_id, _kind(row.kind), row.values_, row.made_at, row.read_at)


def _kind(stored: str) -> Kind:
    return cast(Kind, stored)
