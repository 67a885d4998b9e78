"""The authorize endpoint: sign in, see what is asked, share or don't (RFC 6749 §4.1).

The whole request stands in the address, also when the form is sent, and is validated each time: what the
form says is only what was ticked.
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from ccx_broker.accounts.auth import BrowserSession
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.consent import view
from ccx_broker.consent.rules import ASKED, DEFAULT_DURATION, Answer, Refusal, durations_of
from ccx_broker.kit.db import Db
from ccx_broker.kit.runtime import Rt
from ccx_broker.oauth import device_pages, logout, pushing, reauthentication, service
from ccx_broker.oauth.authorization import Refused, Unanswerable, failure, read_request, success
from ccx_broker.oauth.id_tokens import names, read_hint
from ccx_broker.oauth.leaving import leave, origin_of
from ccx_broker.oauth.limiter import limited_page
from ccx_broker.oauth.rules import AuthorizationRequest
from ccx_broker.oauth.rules.wishes import NOT_THIS_GRANT
from ccx_broker.oauth.server import Server
from ccx_broker.oauth.serving import server_for
from ccx_broker.organisations.rules import Application
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(include_in_schema=False, dependencies=[Depends(limited_page)])
router.include_router(device_pages.router)
router.include_router(logout.router)

NOTHING_TICKED = say(
    "Nothing was shared, since nothing was ticked. Tick what you like, or choose “Don’t share”."
)
NOT_ASKED = say("Something was ticked that was not asked for, so nothing was shared. Please look again.")


@router.get("/oauth/authorize")
def authorize(request: Request, db: Db, rt: Rt, me: BrowserSession) -> Response:
    """Show what is asked, to whom it may concern."""
    server = server_for(request, rt, db)
    found = _read(request, server)
    if isinstance(found, Response):
        return found
    asked, application = found
    due = me is None or reauthentication.is_due(request, rt, asked, me.created_at, server.now)
    if me is None or due:
        if "none" in asked.prompt:
            return _fail(server, asked, "login_required", "The customer has to sign in.")
        return reauthentication.sign_in(request, rt, server.now, again=me is not None)
    if "none" in asked.prompt or (asked.ask.only_sign_in and "consent" not in asked.prompt):
        answer = _without_page(server, asked, application, me)
        if answer is not None:
            return answer
    return _page(request, server, asked, application, me=me, form=view.Form(duration=_usual(asked)))


@router.post("/oauth/authorize", dependencies=[Depends(check_csrf)])
def decide(
    *,
    request: Request,
    db: Db,
    rt: Rt,
    me: BrowserSession,
    action: Annotated[str, Form()] = "",
    key: Annotated[list[str], Form()] = [],  # noqa: B006
    duration: Annotated[str, Form()] = "",
    stated_only: Annotated[bool, Form()] = False,
    events: Annotated[bool, Form()] = False,
) -> Response:
    """Take the customer's answer."""
    server = server_for(request, rt, db)
    found = _read(request, server)
    if isinstance(found, Response):
        return found
    asked, application = found
    if action == "deny":
        return _fail(server, asked, "access_denied", "The customer did not share.")
    if me is None or reauthentication.is_due(request, rt, asked, me.created_at, server.now):
        return reauthentication.sign_in(request, rt, server.now, again=me is not None)
    durations = durations_of(asked.ask, server.now)
    chosen = duration if duration in durations else _usual(asked)
    form = view.Form(frozenset(key), chosen, stated_only, events)
    if action == "identify":
        form = view.Form(frozenset(), chosen, stated_only)
    if action not in ("share", "identify") or duration not in durations:
        ticked = view.with_needed(form, asked.ask) if action == "needed" else form
        return _page(request, server, asked, application, me=me, form=ticked)
    decided = service.authorise(
        db,
        me.customer.customer_id,
        application,
        asked,
        Answer(
            form.keys,
            durations[duration],
            include_defaults=not stated_only,
            allow_events=form.events,
            only_sign_in=action == "identify",
        ),
        lifetimes=rt.lifetimes,
        now=server.now,
        auth_time=me.created_at,
    )
    if isinstance(decided, Refusal):
        message = NOTHING_TICKED if decided.reason == "nothing_ticked" else NOT_ASKED
        return _page(request, server, asked, application, me=me, form=form, message=message)
    return _done(server, asked, success(server, asked, decided))


def _read(request: Request, server: Server) -> tuple[AuthorizationRequest, Application] | Response:
    try:
        return read_request(server, request.query_params.multi_items())
    except Refused as refused:
        return leave(refused.location)
    except Unanswerable as error:
        return render(request, "consent/dead_end.html", status=400, reason=error.args[0])


def _page(
    request: Request,
    server: Server,
    asked: AuthorizationRequest,
    application: Application,
    *,
    me: SignedInSession,
    form: view.Form,
    message: str | None = None,
) -> Response:
    shown = view.consent_view(
        server.session, me.customer.customer_id, application, asked.ask, form, now=server.now
    )
    if not shown.is_meant:
        return _fail(server, asked, "invalid_grant_id", NOT_THIS_GRANT)
    return render(
        request,
        "consent/consent.html",
        status=422 if message else 200,
        form_action=[origin_of(asked.redirect_uri)],
        me=me,
        view=shown,
        message=message,
        durations=view.duration_words(asked.ask, server.now),
        redirect_host=urlsplit(asked.redirect_uri).netloc or asked.redirect_uri,
    )


def _without_page(
    server: Server, asked: AuthorizationRequest, application: Application, me: SignedInSession
) -> Response | None:
    """Answer with what was seen on a page before, and nothing else (OpenID Connect Core §3.1.2.6).

    None: the page has to be shown, since the client allows that.
    """
    silent = "none" in asked.prompt
    if silent and not _is_expected(server, asked, me):
        return _fail(server, asked, "login_required", "Somebody else is signed in.")
    code = service.authorise_again(
        server.session,
        me.customer.customer_id,
        application,
        asked,
        auth_time=me.created_at,
        lifetimes=server.lifetimes,
        now=server.now,
    )
    if code is not None:
        return _done(server, asked, success(server, asked, code))
    if silent:
        return _fail(server, asked, "consent_required", "The customer has to see the page.")
    return None


def _is_expected(server: Server, asked: AuthorizationRequest, me: SignedInSession) -> bool:
    """Whether it is just this customer whom the application expects (OpenID Connect Core §3.1.2.1)."""
    if asked.id_token_hint is None:
        return True
    hint = read_hint(server.session, server.issuer, asked.id_token_hint)
    return hint is not None and names(server.session, hint, me.customer.customer_id)


def _usual(asked: AuthorizationRequest) -> str:
    return DEFAULT_DURATION if asked.ask.until is None else ASKED


def _fail(server: Server, asked: AuthorizationRequest, error: str, description: str) -> RedirectResponse:
    return _done(server, asked, failure(server, asked, error, description))


def _done(server: Server, asked: AuthorizationRequest, location: str) -> RedirectResponse:
    """Send the browser back with the answer; a pushed request is used up by it (RFC 9126 §4)."""
    if asked.pushed is not None:
        pushing.close_pushed(server.session, asked.pushed, server.now)
    return leave(location)
