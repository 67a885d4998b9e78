"""The API's doors: sign up, sign in, sign out, and where one is signed in."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from ccx_broker.accounts import service, store
from ccx_broker.accounts.asking import device, network
from ccx_broker.accounts.auth import SignedIn
from ccx_broker.accounts.passwords import in_password_thread
from ccx_broker.accounts.schemas import (
    AccountMade,
    Credentials,
    NewAccount,
    SessionList,
    SessionMade,
    SessionShown,
    SignedOut,
)
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor, encode_cursor
from ccx_broker.kit.runtime import Rt

router = APIRouter(prefix="/v1", tags=["accounts"])

NO_STORE = {"Cache-Control": "no-store"}


@router.post("/accounts", status_code=201)
async def sign_up(body: NewAccount, request: Request, rt: Rt) -> AccountMade:
    """Sign up. Address and password together are the key: the same two again give the same customer."""
    customer_id = await in_password_thread(
        lambda: service.sign_up(
            rt.sessions,
            rt.keys,
            email=body.email,
            password=body.password,
            name=body.name,
            network=network(request),
            now=now(),
        )
    )
    return AccountMade(customer_id=customer_id)


@router.post("/sessions", status_code=201)
async def sign_in(body: Credentials, request: Request, response: Response, rt: Rt) -> SessionMade:
    """Sign in. After wrong guesses the answer is 429 with `Retry-After`, for longer each time."""
    made = await in_password_thread(
        lambda: service.sign_in(
            rt.sessions,
            rt.keys,
            email=body.email,
            password=body.password,
            network=network(request),
            device=device(request),
            lifetime=rt.lifetimes.session,
            now=now(),
        )
    )
    response.headers.update(NO_STORE)
    return SessionMade(token=made.token, expires_at=made.session.expires_at)


@router.get("/sessions")
def list_sessions(me: SignedIn, db: Db, limit: Limit = 50, cursor: Cursor = None) -> SessionList:
    """List where you are signed in, the newest first."""
    found = store.live_sessions(
        db, me.customer.customer_id, now(), before=decode_cursor(cursor), limit=limit + 1
    )
    page = found[:limit]
    return SessionList(
        items=[SessionShown.of(session, me.session_id) for session in page],
        next=encode_cursor(page[-1].session_id) if len(found) > limit else None,
    )


@router.delete("/sessions/current", status_code=204)
def sign_out(me: SignedIn, db: Db) -> None:
    """Sign out: the token is worthless from now on."""
    service.sign_out(db, me.customer.customer_id, me.session_id, now())


@router.delete("/sessions/others")
def sign_out_others(me: SignedIn, db: Db, rt: Rt) -> SignedOut:
    """Sign out everywhere but here, at once."""
    return SignedOut(ended=service.sign_out_others(db, rt.keys, me, now()))


@router.delete("/sessions/{session_id}", status_code=204)
def sign_out_elsewhere(session_id: UUID, me: SignedIn, db: Db) -> None:
    """Sign out somewhere else, at once."""
    service.sign_out(db, me.customer.customer_id, session_id, now())
