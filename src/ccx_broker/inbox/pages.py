"""The inbox, and the way from a message to what it is about."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.inbox import service
from ccx_broker.inbox.rules import NOT_YOU
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, decode_cursor
from ccx_broker.messages import store
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render

router = APIRouter(include_in_schema=False)

SHOWN = 25


@router.get("/messages")
def inbox(request: Request, me: SignedInPage, db: Db, cursor: Cursor = None) -> Response:
    """Show messages, newest first; what is unread is marked."""
    customer_id = me.customer.customer_id
    page = service.newest_first(db, customer_id, before=decode_cursor(cursor), limit=SHOWN)
    return render(
        request,
        "inbox/messages.html",
        me=me,
        messages=page.items,
        not_you=NOT_YOU,
        any_unread=store.unread(db, customer_id, 1) > 0,
        wants_mail=store.wants_mail(db, customer_id),
        next=page.next,
        cursor=cursor,
    )


@router.get("/messages/{message_id}")
def follow(me: SignedInPage, db: Db, message_id: UUID) -> RedirectResponse:
    """Mark a message as read and lead to what it is about."""
    told = service.read(db, me.customer.customer_id, message_id, clock.now())
    return RedirectResponse(told.leads_to, 303)


@router.post("/messages/read", dependencies=[Depends(check_csrf)])
def read_all(me: SignedInPage, db: Db, upto: Annotated[UUID, Form()]) -> RedirectResponse:
    """Mark as read what was there when the page was made."""
    store.mark_all_read(db, me.customer.customer_id, upto, clock.now())
    return RedirectResponse("/messages", 303)


@router.post("/messages/mail", dependencies=[Depends(check_csrf)])
def choose_mail(me: SignedInPage, db: Db, wanted: Annotated[bool, Form()]) -> RedirectResponse:
    """Switch e-mails on or off."""
    store.choose_mail(db, me.customer.customer_id, wanted)
    return RedirectResponse("/messages", 303)
