"""A customer's grants: see them, narrow, shorten or extend them, withdraw them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.consent import service, store
from ccx_broker.consent.rules import Grant
from ccx_broker.consent.schemas import GrantChange, GrantHistory, GrantOut, GrantPage, event_out, grant_out
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import NotFound
from ccx_broker.kit.etag import named_versions, version_etag
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor, encode_cursor
from ccx_broker.organisations import store as organisations
from ccx_broker.words import say

router = APIRouter(prefix="/v1/me/grants", tags=["Grants"])


@router.get("", summary="Who may have what of me")
def list_grants(
    me: SignedIn,
    db: Db,
    state: Annotated[Literal["live", "ended"] | None, Query(description="Only these.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> GrantPage:
    """List your grants, live and ended ones, newest first."""
    now = clock.now()
    grants = store.list_grants(
        db,
        me.customer.customer_id,
        live=None if state is None else state == "live",
        now=now,
        limit=limit + 1,
        after=decode_cursor(cursor),
    )
    page = grants[:limit]
    names = organisations.application_names(db, {grant.client_id for grant in page})
    return GrantPage(
        items=[grant_out(grant, names, now) for grant in page],
        next=encode_cursor(page[-1].grant_id) if len(grants) > limit else None,
    )


@router.get("/{grant_id}", summary="One grant")
def get_grant(grant_id: UUID, me: SignedIn, db: Db, response: Response) -> GrantOut:
    """Show one of your grants; its `ETag` is for `If-Match`."""
    return _answer(db, _mine(db, me.customer.customer_id, grant_id), response)


@router.patch("/{grant_id}", summary="Narrow, shorten or extend a live grant")
def change_grant(
    *,
    grant_id: UUID,
    body: GrantChange,
    me: SignedIn,
    db: Db,
    response: Response,
    if_match: Annotated[str | None, Header(description="The `ETag` you have seen.")] = None,
) -> GrantOut:
    """Change a live grant without the organisation.

    Keys and behaviour can only become less: for more, the organisation asks and says why. The end can be
    any time within 365 days. What is so already stays so, and leaves no line in the history.
    """
    grant = service.amend(
        db,
        me.customer.customer_id,
        grant_id,
        body.change(),
        if_match=_expected(if_match),
        now=clock.now(),
    )
    return _answer(db, grant, response)


@router.delete("/{grant_id}", summary="Withdraw a grant")
def withdraw_grant(grant_id: UUID, me: SignedIn, db: Db, response: Response) -> GrantOut:
    """End a grant. From the moment this is answered, every read under it is refused.

    Withdrawing what has ended changes nothing and succeeds.
    """
    return _answer(db, service.withdraw(db, me.customer.customer_id, grant_id, clock.now()), response)


@router.get("/{grant_id}/history", summary="What happened to a grant")
def grant_history(grant_id: UUID, me: SignedIn, db: Db) -> GrantHistory:
    """List everything that happened to one of your grants, oldest first."""
    customer_id = me.customer.customer_id
    _mine(db, customer_id, grant_id)
    return GrantHistory(items=[event_out(e) for e in store.grant_history(db, customer_id, grant_id)])


def _mine(db: Db, customer_id: UUID, grant_id: UUID) -> Grant:
    grant = store.find_grant(db, customer_id, grant_id)
    if grant is None:
        raise NotFound(say("You have no grant of this id."))
    return grant


def _answer(db: Db, grant: Grant, response: Response) -> GrantOut:
    response.headers["ETag"] = version_etag(grant.version)
    names = organisations.application_names(db, [grant.client_id])
    return grant_out(grant, names, clock.now())


def _expected(if_match: str | None) -> frozenset[int] | None:
    return None if if_match is None or if_match.strip() == "*" else named_versions(if_match)
