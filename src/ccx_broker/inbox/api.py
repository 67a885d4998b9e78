"""A customer's messages, for their own programs."""

from uuid import UUID

from fastapi import APIRouter

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.inbox import schemas, service
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor
from ccx_broker.messages import store

router = APIRouter(tags=["messages"])


@router.get("/v1/me/messages", summary="What I should know")
def my_messages(me: SignedIn, db: Db, cursor: Cursor = None, limit: Limit = 50) -> schemas.MessagePage:
    """See what happened to your sharing and your account, newest first; `read_at` is null for what is unread."""
    page = service.newest_first(db, me.customer.customer_id, before=decode_cursor(cursor), limit=limit)
    return schemas.message_page(page)


@router.post("/v1/me/messages/{message_id}/read", summary="Mark a message as read")
def read_message(me: SignedIn, db: Db, message_id: UUID) -> schemas.Message:
    """Mark a message as read; one that is, stays as it is."""
    return schemas.message(service.read(db, me.customer.customer_id, message_id, clock.now()))


@router.get("/v1/me/mail", summary="Whether I get e-mail")
def mail_choice(me: SignedIn, db: Db) -> schemas.MailChoice:
    """See whether messages also come by e-mail, where the broker can send it."""
    return schemas.MailChoice(wanted=store.wants_mail(db, me.customer.customer_id))


@router.put("/v1/me/mail", summary="Choose whether I get e-mail")
def choose_mail(me: SignedIn, db: Db, choice: schemas.MailChoice) -> schemas.MailChoice:
    """Choose it. What concerns the security of your account is mailed always."""
    store.choose_mail(db, me.customer.customer_id, choice.wanted)
    return choice
