"""Who may see what: a customer's grants on one page, each ended by one click."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.consent import service, store
from ccx_broker.consent.view import question_of
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, decode_cursor, encode_cursor
from ccx_broker.organisations import store as organisations
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(include_in_schema=False)

ENDED_WORDS: dict[str, str] = {
    "withdrawn": say("ended by you"),
    "expired": say("its time was over"),
    "returned": say("given back by them"),
    "replaced": say("replaced by a new one"),
}
MOST_LIVE = 200
ENDED_ON_A_PAGE = 20


@router.get("/sharing")
def sharing(
    request: Request,
    me: SignedInPage,
    db: Db,
    cursor: Cursor = None,
    ended: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Show what is shared now, and below it what was."""
    now, customer_id = clock.now(), me.customer.customer_id
    live = store.list_grants(db, customer_id, live=True, now=now, limit=MOST_LIVE, after=None)
    after = decode_cursor(cursor)
    past = store.list_grants(db, customer_id, live=False, now=now, limit=ENDED_ON_A_PAGE + 1, after=after)
    shown = past[:ENDED_ON_A_PAGE]
    just_ended = store.find_grant(db, customer_id, ended) if ended else None
    all_shown = [*live, *shown, *([just_ended] if just_ended else [])]
    return render(
        request,
        "consent/sharing.html",
        me=me,
        live=live,
        past=[grant.as_seen(now) for grant in shown],
        names=organisations.application_names(db, {grant.client_id for grant in all_shown}),
        question=question_of,
        ended_words=ENDED_WORDS,
        reused=store.reuses(db, customer_id, [grant.grant_id for grant in live]),
        just_ended=just_ended if just_ended and just_ended.ended_at else None,
        next=encode_cursor(shown[-1].grant_id) if len(past) > ENDED_ON_A_PAGE else None,
    )


@router.post("/sharing/{grant_id}/end", dependencies=[Depends(check_csrf)])
def end(grant_id: UUID, me: SignedInPage, db: Db) -> Response:
    """Withdraw a grant and say so."""
    service.withdraw(db, me.customer.customer_id, grant_id, clock.now())
    return RedirectResponse(f"/sharing?ended={grant_id}", 303)
