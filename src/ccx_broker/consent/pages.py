"""Who may see what: a customer's grants on one page, each ended by one click."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.consent import service, store
from ccx_broker.consent.grant_view import ACTIONS, LATELY, MOST_COUNTED, NEW_ENDS, grant_view
from ccx_broker.consent.rules import Change
from ccx_broker.consent.view import question_of
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Changed, Conflict, Invalid, NotFound, Problem
from ccx_broker.kit.paging import Cursor, decode_cursor, encode_cursor
from ccx_broker.ledger import store as ledger
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
MOST_SEARCHED = 200


@router.get("/sharing")
def sharing(
    request: Request,
    me: SignedInPage,
    db: Db,
    cursor: Cursor = None,
    ended: Annotated[UUID | None, Query()] = None,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[Literal["live", "ended", ""], Query()] = "",
) -> Response:
    """Show what is shared now, and below it what was; `q` narrows it down by name, `state` to one of them."""
    now, customer_id = clock.now(), me.customer.customer_id
    most, after = (MOST_SEARCHED if q else ENDED_ON_A_PAGE), decode_cursor(cursor)
    live = store.list_grants(db, customer_id, live=True, now=now, limit=MOST_LIVE, after=None)
    past = store.list_grants(db, customer_id, live=False, now=now, limit=most + 1, after=after)
    just_ended = store.find_grant(db, customer_id, ended) if ended else None
    named = [*live, *past, *([just_ended] if just_ended else [])]
    names = organisations.application_names(db, {grant.client_id for grant in named})
    older = encode_cursor(past[most - 1].grant_id) if len(past) > most else None
    sought = [grant for grant in past[:most] if _is_sought(names[grant.client_id], q)]
    found = [grant for grant in live if _is_sought(names[grant.client_id], q)]
    organisation_ids = {grant.organisation_id for grant in found}
    return render(
        request,
        "consent/sharing.html",
        me=me,
        live=[] if state == "ended" else found,
        past=[] if state == "live" else [grant.as_seen(now) for grant in sought],
        names=names,
        looks=ledger.looks_of(db, customer_id, organisation_ids, now - LATELY, MOST_COUNTED),
        most_counted=MOST_COUNTED,
        q=q,
        state=state,
        nothing_at_all=not (live or past or after),
        question=question_of,
        ended_words=ENDED_WORDS,
        reused=store.reuses(db, customer_id, [grant.grant_id for grant in live]),
        just_ended=just_ended if just_ended and just_ended.ended_at else None,
        next=None if state == "live" else older,
    )


@router.get("/sharing/{grant_id}")
def one(
    request: Request,
    grant_id: UUID,
    me: SignedInPage,
    db: Db,
    saved: Annotated[bool, Query()] = False,
) -> Response:
    """Show what one organisation sees, why and until when, with a way to change each of it."""
    return _page(request, me, db, grant_id, saved=saved)


@router.post("/sharing/{grant_id}", dependencies=[Depends(check_csrf)])
def change(
    request: Request,
    grant_id: UUID,
    me: SignedInPage,
    db: Db,
    version: Annotated[int, Form()],
    end: Annotated[str, Form()] = "",
    key: Annotated[list[str], Form()] = [],  # noqa: B006 (FastAPI copies it)
    guesses: Annotated[bool, Form()] = False,
    events: Annotated[bool, Form()] = False,
) -> Response:
    """Narrow, shorten or extend a grant as the form says."""
    customer_id, now = me.customer.customer_id, clock.now()
    grant = store.find_grant(db, customer_id, grant_id)
    if grant is None:
        raise NotFound(say("You have no grant of this id."))
    wanted = Change(
        keys=frozenset(key),
        expires_at=now + NEW_ENDS[end][1] if end in NEW_ENDS else None,
        include_defaults=guesses,
        allow_events=False if grant.allow_events and not events else None,
    )
    try:
        service.amend(db, customer_id, grant_id, wanted, if_match=frozenset({version}), now=now)
    except (Changed, Conflict, Invalid) as problem:  # `amend` decides before it writes: nothing is half done
        return _page(request, me, db, grant_id, problem=_told(problem), status=problem.status)
    return RedirectResponse(f"/sharing/{grant_id}?saved=1", 303)


@router.post("/sharing/{grant_id}/end", dependencies=[Depends(check_csrf)])
def end(grant_id: UUID, me: SignedInPage, db: Db) -> Response:
    """Withdraw a grant and say so."""
    service.withdraw(db, me.customer.customer_id, grant_id, clock.now())
    return RedirectResponse(f"/sharing?ended={grant_id}", 303)


def _page(
    request: Request,
    me: SignedInPage,
    db: Db,
    grant_id: UUID,
    *,
    saved: bool = False,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    view = grant_view(db, me.customer.customer_id, grant_id, clock.now())
    if view is None:
        raise NotFound(say("You have no grant of this id."))
    return render(
        request,
        "consent/grant.html",
        status=status,
        me=me,
        view=view,
        ends=NEW_ENDS,
        actions=ACTIONS,
        most_counted=MOST_COUNTED,
        saved=saved,
        problem=problem,
    )


def _told(problem: Problem) -> str:
    """Say on the page what the API says in its own words."""
    if isinstance(problem, Changed):
        return say("It was changed in the meantime. This is how it is now: look at it and decide again.")
    if isinstance(problem, Conflict):
        return say("It has ended, so there is nothing to change. The organisation may ask you again.")
    if any(error["field"] == "keys" for error in problem.errors):
        return say("Nothing would be left. If you want it to see nothing any more, end sharing.")
    return say("That can't be done here. Load the page again and choose from what it offers.")


def _is_sought(names: tuple[str, str], q: str) -> bool:
    return all(word in " ".join(names).casefold() for word in q.casefold().split())
