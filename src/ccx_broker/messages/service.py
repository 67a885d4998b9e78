"""Telling a customer something, in the transaction that does what it tells of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.kit.errors import NotFound
from ccx_broker.kit.ids import new_id
from ccx_broker.messages import store
from ccx_broker.messages.rules import Kind, Message
from ccx_broker.words import say


def tell(
    session: Session,
    customer_id: UUID,
    kind: Kind,
    now: datetime,
    *,
    once: str | None = None,
    also_to: str | None = None,
    **values: str,
) -> bool:
    """Put a message into the inbox and into the outbox; False if it was told before under the name `once`.

    `also_to` is a further address that the mail goes to: the one that an account has had until now.
    """
    if not store.add(session, customer_id, new_id(), kind, values, once, now):
        return False
    for address in (None, also_to) if also_to else (None,):
        store.add_mail(session, customer_id, new_id(), kind, address, now)
    return True


def expect_look(session: Session, customer_id: UUID, organisation_id: UUID, grant_id: UUID) -> None:
    """Wait for the organisation's first look under a new grant, unless it was told of before."""
    if not store.was_told(session, customer_id, first_look_of(organisation_id)):
        store.await_look(session, customer_id, organisation_id, grant_id)


def expect_no_look(session: Session, customer_id: UUID, organisation_id: UUID, until: datetime) -> None:
    """Note that the grant has ended, so no look comes after `until`."""
    store.stop_awaiting(session, customer_id, organisation_id, until)


def first_look_of(organisation_id: UUID) -> str:
    """Name what is told once for each organisation."""
    return f"first_look:{organisation_id}"


def read(session: Session, customer_id: UUID, message_id: UUID, now: datetime) -> Message:
    """Mark a message as read and return it; raises `NotFound`."""
    message: Message | None = store.mark_read(session, customer_id, message_id, now)
    if message is None:
        raise NotFound(say("You have no message of this id."))
    return message
