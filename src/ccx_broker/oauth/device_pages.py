"""`/device`: a person types the code that a device shows, and sees the page that every application gets.

The code is looked up only when it is sent, in a form of ours and by somebody who is signed in: a link with
the code in it fills in the form and no more (RFC 8628 §§3.3.1, 5.1, 5.4). `oauth.pages` opens these doors.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from authlib.oauth2 import OAuth2Error
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from ccx_broker.accounts.auth import BrowserSession, SignedInPage
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.consent import view
from ccx_broker.consent.rules import ASKED, DEFAULT_DURATION, Answer, durations_of
from ccx_broker.kit import audit
from ccx_broker.kit.db import Db
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth import devices
from ccx_broker.oauth.device_flow import asked_for_device
from ccx_broker.oauth.limiter import hashed_network, limited_page, network
from ccx_broker.oauth.rules import AuthorizationRequest
from ccx_broker.oauth.rules.devices import GUESS_WINDOW, guess_window, normal_user_code, shown_user_code
from ccx_broker.oauth.server import Server
from ccx_broker.oauth.serving import server_for
from ccx_broker.organisations.rules import Application
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(dependencies=[Depends(limited_page)])

NOT_KNOWN = say(
    "This code is not known here. Perhaps it was mistyped, was used, or its ten minutes are over: "
    "look at the device again."
)
TOO_OFTEN = say("That were too many wrong codes. Wait some minutes, then type the one that the device shows.")
NOTHING_TICKED = say(
    "Nothing was shared, since nothing was ticked. Tick what you like, or choose “Don’t share”."
)
NOT_ASKED = say("Something was ticked that was not asked for, so nothing was shared. Please look again.")


@dataclass(frozen=True)
class Typed:
    """What a typed code stands for."""

    letters: str
    asked: AuthorizationRequest
    application: Application


@router.get("/device")
def device(request: Request, me: BrowserSession, user_code: str = "") -> Response:
    """Show the form for the code; whether there is such a code is not said here."""
    if me is None:
        here = f"/device?user_code={quote(user_code, safe='')}" if user_code else "/device"
        return RedirectResponse(f"/signin?next={quote(here, safe='')}", 303, {"Cache-Control": "no-store"})
    return _form(request, me, user_code)


@router.post("/device", dependencies=[Depends(check_csrf)])
def decide(
    *,
    request: Request,
    db: Db,
    rt: Rt,
    me: SignedInPage,
    user_code: Annotated[str, Form()] = "",
    action: Annotated[str, Form()] = "",
    key: Annotated[list[str], Form()] = [],  # noqa: B006
    duration: Annotated[str, Form()] = "",
    stated_only: Annotated[bool, Form()] = False,
    events: Annotated[bool, Form()] = False,
) -> Response:
    """Take the code, and then the customer's answer with the code once more."""
    server = server_for(request, rt, db)
    typed = _typed(request, server, rt, me, user_code)
    if isinstance(typed, Response):
        return typed
    if action == "deny":
        devices.refuse(db, rt.keys, typed.letters, server.now)
        return _done(request, me, typed, shared=False)
    durations = durations_of(typed.asked.ask, server.now)
    usual = DEFAULT_DURATION if typed.asked.ask.until is None else ASKED
    form = view.Form(frozenset(key), duration if duration in durations else usual, stated_only, events)
    if action == "identify":
        form = view.Form(frozenset(), form.duration, stated_only)
    if action not in ("share", "identify") or duration not in durations:
        ticked = view.with_needed(form, typed.asked.ask) if action == "needed" else form
        return _consent(request, server, typed, me=me, form=ticked)
    refusal = devices.agree(
        db,
        rt.keys,
        typed.letters,
        customer_id=me.customer.customer_id,
        application=typed.application,
        request=typed.asked,
        answer=Answer(
            form.keys,
            durations[duration],
            include_defaults=not stated_only,
            allow_events=form.events,
            only_sign_in=action == "identify",
        ),
        auth_time=me.created_at,
        lifetimes=rt.lifetimes,
        now=server.now,
    )
    if refusal is not None:
        message = NOTHING_TICKED if refusal.reason == "nothing_ticked" else NOT_ASKED
        return _consent(request, server, typed, me=me, form=form, message=message)
    return _done(request, me, typed, shared=True)


def _typed(
    request: Request, server: Server, rt: Runtime, me: SignedInSession, user_code: str
) -> Typed | Response:
    letters, now = normal_user_code(user_code), server.now
    who, where = str(me.session_id), network(request)
    try:
        found = devices.open_typed(server.session, rt.keys, letters, who=who, network=where, now=now)
    except devices.TooManyGuesses:
        audit.event("device_guessing_stopped", network=hashed_network(request))
        over = guess_window(now) + GUESS_WINDOW - now
        wait = {"Retry-After": str(max(1, int(over.total_seconds())))}
        return _form(request, me, user_code, TOO_OFTEN, status=429, headers=wait)
    client = server.query_client(found.client_id) if found else None
    if letters is None or found is None or client is None:
        return _form(request, me, user_code, NOT_KNOWN, status=422)
    try:
        asked = asked_for_device(server, client, dict(found.parameters))
    except OAuth2Error:
        # What the application may ask for was changed meanwhile.
        return _form(request, me, user_code, NOT_KNOWN, status=422)
    return Typed(letters, asked, client.application)


def _form(
    request: Request,
    me: SignedInSession,
    user_code: str,
    failed: str | None = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    letters = normal_user_code(user_code)
    typed = shown_user_code(letters) if letters else user_code[:20]
    return render(
        request,
        "oauth/device.html",
        status=status,
        headers=headers,
        me=me,
        user_code=typed,
        filled=bool(letters) and failed is None,
        failed=failed,
    )


def _consent(
    request: Request,
    server: Server,
    typed: Typed,
    *,
    me: SignedInSession,
    form: view.Form,
    message: str | None = None,
) -> Response:
    ask, now = typed.asked.ask, server.now
    shown = view.consent_view(server.session, me.customer.customer_id, typed.application, ask, form, now=now)
    if not shown.is_meant:
        return _form(request, me, typed.letters, NOT_KNOWN, status=422)
    return render(
        request,
        "consent/consent.html",
        status=422 if message else 200,
        me=me,
        view=shown,
        message=message,
        durations={name: view.DURATION_WORDS[name] for name in durations_of(ask, now)},
        user_code=shown_user_code(typed.letters),
    )


def _done(request: Request, me: SignedInSession, typed: Typed, *, shared: bool) -> Response:
    action = "shared" if shared else "denied"
    audit.event("device_answered", client_id=typed.application.client_id, action=action)
    return render(
        request,
        "oauth/device_done.html",
        me=me,
        shared=shared,
        organisation=typed.application.organisation_name,
        application=typed.application.name,
    )
