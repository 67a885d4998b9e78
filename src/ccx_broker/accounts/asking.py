"""What the doors want to know of a request: from where, by which browser, for which site."""

from typing import Annotated

from fastapi import Depends, Form, Request

from ccx_broker.accounts import service
from ccx_broker.accounts.auth import Bearer, SignedInPage, browser_session, signed_in
from ccx_broker.accounts.rules import SignedInSession, origin
from ccx_broker.accounts.rules.passkeys import RelyingParty, relying_party
from ccx_broker.kit.clock import now
from ccx_broker.kit.errors import NotFound, NotSignedIn
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.web.cookies import session_cookie, visit_cookie
from ccx_broker.web.csrf import check_csrf
from ccx_broker.words import say

OurForm = Depends(check_csrf)
Text = Annotated[str, Form()]


def network(request: Request) -> str:
    """Where a request comes from; behind a proxy, the server has put the client's address there."""
    return origin.network_of(request.client.host if request.client else None)


def device(request: Request) -> str:
    """Name the browser or program."""
    return origin.device_name(request.headers.get("user-agent"))


def bound_to(request: Request, rt: Runtime) -> str:
    """Return what ties a challenge to a browser that is not (or no longer) signed in; empty for a program."""
    return session_cookie(request, rt) or visit_cookie(request, rt) or ""


def site(rt: Rt) -> RelyingParty:
    """Return what passkeys are made for; raises `NotFound` where there can be none."""
    found = relying_party(rt.issuer)
    if found is None:
        raise NotFound(
            say("Passkeys need a broker whose address is a name, not a number."), slug="no-passkeys"
        )
    return found


Site = Annotated[RelyingParty, Depends(site)]


def signed_in_apart(request: Request, given: Bearer, rt: Rt) -> SignedInSession:
    """Return the caller's session, read in a transaction of its own.

    For doors that count an attempt or compute a password next: they must not hold a connection meanwhile.
    """
    with rt.sessions.begin() as db:
        return signed_in(request, given, db, rt)


def signed_in_page_apart(request: Request, rt: Rt) -> SignedInSession:
    """The same for pages."""
    with rt.sessions.begin() as db:
        found = browser_session(request, db, rt)
    if found is None:
        raise NotSignedIn(say("Sign in to see this page."))
    return found


SignedInApart = Annotated[SignedInSession, Depends(signed_in_apart)]
SignedInPageApart = Annotated[SignedInSession, Depends(signed_in_page_apart)]


def fresh_page(me: SignedInPage) -> SignedInSession:
    """Return the session of who has just proved to be its customer; others are led to prove it."""
    service.require_fresh(me, now())
    return me


FreshPage = Annotated[SignedInSession, Depends(fresh_page)]
