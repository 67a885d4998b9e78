"""The pages of accounts: the front page, signing up, in and out, and where one is signed in."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts import rules, service, store
from ccx_broker.accounts.asking import OurForm, Text, device, network
from ccx_broker.accounts.auth import BrowserSession, SignedInPage
from ccx_broker.accounts.passwords import in_password_thread
from ccx_broker.accounts.rules import NewSession
from ccx_broker.accounts.views import go_on, sign_in_view, sign_up_view
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Invalid, NotSignedIn, TooMany
from ccx_broker.kit.paging import Cursor, decode_cursor, encode_cursor
from ccx_broker.kit.runtime import Rt
from ccx_broker.web.cookies import clear_session_cookie
from ccx_broker.web.local import local_path
from ccx_broker.web.rendering import render

router = APIRouter(include_in_schema=False)

PAGE = 50


@router.get("/")
def home(request: Request, me: BrowserSession) -> Response:
    """Show a visitor what this is, and a customer their home."""
    return render(request, "accounts/home.html" if me else "accounts/front.html", me=me)


@router.get("/signin")
def sign_in_page(
    request: Request, rt: Rt, me: BrowserSession, next: str = "/", again: bool = False
) -> Response:
    """Show the sign-in form, unless the browser is signed in already and need not be so `again`."""
    if me and not again:
        return RedirectResponse(local_path(next), 303)
    return sign_in_view(request, rt, next=next, again=bool(me))


@router.post("/signin", dependencies=[OurForm])
async def sign_in(
    request: Request, rt: Rt, email: Text = "", password: Text = "", next: Text = "/"
) -> Response:
    """Sign in and go on; whatever was wrong, the same page says so in the same words."""
    try:
        made = await in_password_thread(
            lambda: service.sign_in(
                rt.sessions,
                rt.keys,
                email=email,
                password=password,
                network=network(request),
                device=device(request),
                lifetime=rt.lifetimes.session,
                now=now(),
            )
        )
    except (NotSignedIn, TooMany) as error:
        return sign_in_view(request, rt, next=next, email=email[: rules.EMAIL_LONGEST], error=error)
    return go_on(rt, made, next)


@router.get("/signup")
def sign_up_page(request: Request, rt: Rt, me: BrowserSession, next: str = "/") -> Response:
    """Show the sign-up form, unless the browser is signed in already."""
    if me:
        return RedirectResponse(local_path(next), 303)
    return sign_up_view(request, rt, next=next)


@router.post("/signup", dependencies=[OurForm])
async def sign_up(
    request: Request,
    rt: Rt,
    db: Db,
    *,
    email: Text = "",
    password: Text = "",
    name: Text = "",
    next: Text = "/",
) -> Response:
    """Sign up, sign in and go on; what is wrong is said beside its field."""

    def enrol() -> NewSession:
        customer_id = service.sign_up(
            rt.sessions,
            rt.keys,
            email=email,
            password=password,
            name=name,
            network=network(request),
            now=now(),
        )
        return service.start_session(db, rt.keys, customer_id, device(request), rt.lifetimes.session, now())

    try:
        made = await in_password_thread(enrol)
    except (Invalid, TooMany) as error:
        return sign_up_view(request, rt, next=next, email=email, name=name, error=error)
    return go_on(rt, made, next)


@router.post("/signout", dependencies=[OurForm])
def sign_out(rt: Rt, db: Db, me: BrowserSession) -> Response:
    """Sign this browser out; one that is signed out already stays so."""
    if me:
        service.sign_out(db, me.customer.customer_id, me.session_id, now())
    response = RedirectResponse("/", 303)
    clear_session_cookie(response, rt)
    return response


@router.get("/devices")
def devices(request: Request, me: SignedInPage, db: Db, cursor: Cursor = None) -> Response:
    """List where the customer is signed in."""
    found = store.live_sessions(
        db, me.customer.customer_id, now(), before=decode_cursor(cursor), limit=PAGE + 1
    )
    more = encode_cursor(found[PAGE - 1].session_id) if len(found) > PAGE else None
    return render(request, "accounts/devices.html", me=me, sessions=found[:PAGE], more=more)


@router.post("/devices/others/signout", dependencies=[OurForm])
def sign_out_others(rt: Rt, db: Db, me: SignedInPage) -> Response:
    """Sign out everywhere but here."""
    service.sign_out_others(db, rt.keys, me, now())
    return RedirectResponse("/devices", 303)


@router.post("/devices/{session_id}/signout", dependencies=[OurForm])
def sign_out_there(session_id: UUID, rt: Rt, db: Db, me: SignedInPage) -> Response:
    """Sign one browser or app out; this one goes to the front page."""
    service.sign_out(db, me.customer.customer_id, session_id, now())
    response = RedirectResponse("/devices" if session_id != me.session_id else "/", 303)
    if session_id == me.session_id:
        clear_session_cookie(response, rt)
    return response
