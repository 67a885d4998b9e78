"""The inbox: messages with their texts, and what customers are told of that nobody does at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.consent import service as consent
from ccx_broker.inbox import rules
from ccx_broker.kit.paging import Page
from ccx_broker.ledger import store as ledger
from ccx_broker.messages import service as messages
from ccx_broker.messages import store
from ccx_broker.messages.rules import Awaited, Message
from ccx_broker.organisations import store as organisations

BATCH = 500
"""Looks and grants in one transaction."""

STILL_WRITTEN = timedelta(minutes=1)
"""So long after a grant's end may a look that began before it appear in the ledger."""


@dataclass(frozen=True)
class Told:
    """A message with what it says, and the page that it is about."""

    message: Message
    title: str
    text: str
    leads_to: str
    may_be_theft: bool


def newest_first(session: Session, customer_id: UUID, *, before: UUID | None, limit: int) -> Page[Told]:
    """Return a page of a customer's messages."""
    page = store.newest_first(session, customer_id, before=before, limit=limit)
    return Page(_told(session, page.items), page.next)


def read(session: Session, customer_id: UUID, message_id: UUID, now: datetime) -> Told:
    """Mark a message as read and return it; raises `NotFound`."""
    return _told(session, [messages.read(session, customer_id, message_id, now)])[0]


def tell_of_first_looks(sessions: sessionmaker[Session], now: datetime) -> None:
    """Tell customers of organisations that have looked for the first time."""
    awaited: Awaited | None = None
    while True:
        with sessions.begin() as session:
            awaited = _first_looks(session, awaited, now)
        if awaited is None:
            return


def tell_of_ends(sessions: sessionmaker[Session], now: datetime) -> None:
    """Tell customers of grants that are about to end, once for each end."""
    end: consent.End | None = None
    while True:
        with sessions.begin() as session:
            end = consent.tell_of_ends(session, now, end, BATCH)
        if end is None:
            return


def _first_looks(session: Session, last: Awaited | None, now: datetime) -> Awaited | None:
    after = (last.customer_id, last.organisation_id) if last else None
    waiting = store.awaited(session, after, BATCH)
    looks = ledger.first_looks(session, [(w.customer_id, w.organisation_id, w.since) for w in waiting])
    for each in waiting:
        looked = (each.customer_id, each.organisation_id) in looks
        over = each.until is not None and each.until + STILL_WRITTEN < now
        if (looked or over) and store.await_no_more(session, each) and looked:
            messages.tell(
                session,
                each.customer_id,
                "first_look",
                now,
                once=messages.first_look_of(each.organisation_id),
                organisation_id=str(each.organisation_id),
            )
    return waiting[-1] if len(waiting) == BATCH else None


def _told(session: Session, found: Sequence[Message]) -> list[Told]:
    ids = {UUID(i) for message in found if (i := message.values.get("organisation_id"))}
    names = organisations.organisation_names(session, ids) if ids else {}
    told = []
    for message in found:
        values = dict(message.values)
        if "organisation_id" in values:
            values["organisation"] = names.get(UUID(values["organisation_id"]), values["organisation_id"])
        told.append(
            Told(
                message,
                rules.TITLES[message.kind],
                rules.text(message.kind, values),
                rules.leads_to(message.kind, values),
                rules.may_be_theft(message.kind),
            )
        )
    return told
