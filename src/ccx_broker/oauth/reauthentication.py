"""Proving anew who one is, because the application asks for it (OpenID Connect Core §3.1.2.1).

The way to the sign-in page and back leads through the browser. So that the request, when it returns, is
not sent to sign in again and again, it brings along since when a sign-in counts, with a MAC over that and
the request itself.
"""

import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

from ccx_broker.kit.runtime import Runtime
from ccx_broker.oauth.rules import AuthorizationRequest
from ccx_broker.oauth.rules.sign_ins import must_sign_in_again

PARAMETER = "signed_in_since"


def is_due(
    request: Request, rt: Runtime, asked: AuthorizationRequest, auth_time: datetime, now: datetime
) -> bool:
    """Say whether the customer has to prove anew who they are before this request goes on."""
    since = _since(request, rt)
    return must_sign_in_again(asked.prompt, asked.max_age, auth_time, since, now)


def sign_in(request: Request, rt: Runtime, now: datetime, *, again: bool) -> RedirectResponse:
    """Lead the browser to the sign-in page and back; `again` shows that page to who is signed in."""
    query, moment = _query(request), str(int(now.timestamp() * 1000))
    here = f"{request.url.path}?{query}&{PARAMETER}={moment}.{_mac(rt, moment, query)}"
    where = f"/signin?next={quote(here, safe='')}" + ("&again=true" if again else "")
    return RedirectResponse(where, 303, {"Cache-Control": "no-store"})


def _since(request: Request, rt: Runtime) -> datetime | None:
    moment, _, mac = request.query_params.get(PARAMETER, "").partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(rt, moment, _query(request)).encode()):
        return None
    return datetime.fromtimestamp(int(moment) / 1000, UTC)


def _query(request: Request) -> str:
    return urlencode(
        [(name, value) for name, value in request.query_params.multi_items() if name != PARAMETER]
    )


def _mac(rt: Runtime, moment: str, query: str) -> str:
    return rt.keys.mac("reauthentication", f"{moment} {query}").hex()[:32]
