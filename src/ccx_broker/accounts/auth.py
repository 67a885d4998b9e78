"""Who is asking: dependencies for the doors of every feature above.

`SignedIn` is for the API: a session token as bearer, or the cookie of the pages. `BrowserSession` and
`SignedInPage` are for pages and know the cookie only.
"""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ccx_broker.accounts import service
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Forbidden, NotSignedIn
from ccx_broker.kit.runtime import Rt
from ccx_broker.web.cookies import session_cookie
from ccx_broker.web.csrf import comes_from_elsewhere, says_it_is_ours
from ccx_broker.words import say

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 §9.2.1
bearer = HTTPBearer(
    auto_error=False, scheme_name="session", description="A session token of `POST /v1/sessions`: `ccxs_…`."
)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def signed_in(request: Request, given: Bearer, db: Db, rt: Rt) -> SignedInSession:
    """Return the caller's live session; raises `NotSignedIn`, and `Forbidden` for another site's request."""
    if "authorization" in request.headers:
        found = service.recognise(db, given.credentials, now()) if given else None
        if found is None:
            # RFC 6750 §3.1; the token may have been ended a moment ago.
            raise NotSignedIn(
                "The session token is not valid (any more). Sign in again with POST /v1/sessions.",
                headers={"WWW-Authenticate": 'Bearer realm="ccx", error="invalid_token"'},
            )
        return found
    token = session_cookie(request, rt)
    found = service.recognise(db, token, now()) if token else None
    if found is None:
        raise NotSignedIn(
            "Send a session token of POST /v1/sessions as `Authorization: Bearer ccxs_…`.",
            headers={"WWW-Authenticate": 'Bearer realm="ccx"'},
        )
    # A cookie comes along by itself, so the browser has to say that a page of ours sent the request.
    if request.method not in SAFE_METHODS and (
        comes_from_elsewhere(request, rt) or not says_it_is_ours(request, rt)
    ):
        raise Forbidden(
            say("This was sent by a page of another site. Open the broker's own page and do it there.")
        )
    return found


def browser_session(request: Request, db: Db, rt: Rt) -> SignedInSession | None:
    """Return the session of the browser's cookie, or None."""
    token = session_cookie(request, rt)
    return service.recognise(db, token, now()) if token else None


SignedIn = Annotated[SignedInSession, Depends(signed_in)]
BrowserSession = Annotated[SignedInSession | None, Depends(browser_session)]


def signed_in_page(found: BrowserSession) -> SignedInSession:
    """Return the session of the browser's cookie; a visitor without one is led to the sign-in page."""
    if found is None:
        raise NotSignedIn(say("Sign in to see this page."))
    return found


SignedInPage = Annotated[SignedInSession, Depends(signed_in_page)]
