"""Signing out because an application asks for it (OpenID Connect RP-Initiated Logout 1.0).

A link can be put anywhere, so following one signs nobody out, unless it brings along an ID token of just
the person who is signed in: only an application that knows them has that. Everybody else is asked (§6).
`oauth.pages` opens these doors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from authlib.common.urls import add_params_to_uri
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from ccx_broker.accounts import service as accounts
from ccx_broker.accounts.auth import BrowserSession
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth.forms import Malformed, parameters, receive
from ccx_broker.oauth.id_tokens import Hint, names, read_hint
from ccx_broker.oauth.leaving import leave, origin_of
from ccx_broker.oauth.limiter import limited_page
from ccx_broker.organisations import store as organisations
from ccx_broker.organisations.rules import Application
from ccx_broker.web.cookies import clear_session_cookie
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[Depends(limited_page)])

PATH = "/oauth/logout"


@dataclass(frozen=True)
class Asked:
    """What a request to sign out amounts to."""

    application: Application | None
    hint: Hint | None
    redirect_uri: str | None = None
    """Where the browser goes afterwards: an address that the application has registered."""
    state: str | None = None

    @property
    def leads_to(self) -> str | None:
        """The same, with the state behind it."""
        if self.redirect_uri is None or self.state is None:
            return self.redirect_uri
        with_state: str = add_params_to_uri(self.redirect_uri, [("state", self.state)])
        return with_state


NOTHING = Asked(None, None)


@router.get(PATH)
def log_out(request: Request, db: Db, rt: Rt, me: BrowserSession) -> Response:
    """Sign out whom the ID token names, or ask."""
    try:
        given = parameters(request.query_params.multi_items())
    except Malformed:
        given = {}
    asked = _read(db, rt, given)
    if asked.hint is not None and (me is None or names(db, asked.hint, me.customer.customer_id)):
        return _signed_out(request, db, rt, me, asked.leads_to)
    return _page(request, asked, me=me)


@router.post(PATH)
async def log_out_by_post(request: Request) -> Response:
    """Take the same as a form (§2). A cookie does not come along from another site, so GET has to do it."""
    try:
        given = (await receive(request)).parameters
    except Malformed:
        given = {}
    return RedirectResponse(f"{PATH}?{urlencode(given)}", 303, {"Cache-Control": "no-store"})


@router.post(f"{PATH}/confirm", dependencies=[Depends(check_csrf)])
def confirm(
    *,
    request: Request,
    db: Db,
    rt: Rt,
    me: BrowserSession,
    client_id: Annotated[str, Form()] = "",
    post_logout_redirect_uri: Annotated[str, Form()] = "",
    state: Annotated[str, Form()] = "",
) -> Response:
    """Sign out, as the customer has said on the page."""
    given = {"client_id": client_id, "post_logout_redirect_uri": post_logout_redirect_uri, "state": state}
    asked = _read(db, rt, {name: value for name, value in given.items() if value and "\0" not in value})
    return _signed_out(request, db, rt, me, asked.leads_to)


def _read(session: Session, rt: Runtime, given: Mapping[str, str]) -> Asked:
    """Find out who asks and where it leads; whatever is in doubt leads nowhere (§3)."""
    hint = None
    if "id_token_hint" in given:
        hint = read_hint(session, rt.issuer, given["id_token_hint"])
        if hint is None or given.get("client_id", hint.client_id) != hint.client_id:
            return NOTHING
    client_id = hint.client_id if hint else given.get("client_id")
    application = organisations.find_application(session, client_id) if client_id else None
    wanted = given.get("post_logout_redirect_uri")
    if application is None or wanted not in application.post_logout_redirect_uris:
        return Asked(application, hint)
    return Asked(application, hint, wanted, given.get("state"))


def _signed_out(
    request: Request, session: Session, rt: Runtime, me: SignedInSession | None, leads_to: str | None
) -> Response:
    if me is not None:
        accounts.sign_out(session, me.customer.customer_id, me.session_id, clock.now())
    response = leave(leads_to) if leads_to else _page(request, NOTHING, me=None)
    clear_session_cookie(response, rt)
    return response


def _page(request: Request, asked: Asked, *, me: SignedInSession | None) -> Response:
    """Ask whoever is signed in; tell everybody else that they are not."""
    leads_to = asked.leads_to
    return render(
        request,
        "oauth/logout.html",
        form_action=[origin_of(leads_to)] if leads_to else [],
        me=me,
        asked=asked,
        host=(urlsplit(leads_to).netloc or leads_to) if leads_to else None,
    )
