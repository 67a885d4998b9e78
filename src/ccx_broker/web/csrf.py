"""Nobody else's page can send our forms (OWASP CSRF Prevention: signed double submit, and the origin).

The token in a form is a keyed hash of the browser's session cookie, or of its visit cookie before it
signs in. So it is worthless in another browser, and after sign-in or sign-out.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData

from ccx_broker.kit.errors import Forbidden
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.web.cookies import session_cookie, visit_cookie
from ccx_broker.words import say

FIELD = "csrf_token"


class StaleForm(Forbidden):
    """A form that was not sent from our page in this browser, or from before it signed in or out."""

    slug, title = "stale-form", "This form can't be used any more"


def comes_from_elsewhere(request: Request, rt: Runtime) -> bool:
    """The browser says that another site sent this request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and not _is_ours(origin, request, rt)


def says_it_is_ours(request: Request, rt: Runtime) -> bool:
    """The browser says that a page of ours sent this request; a program without a browser says nothing."""
    if request.headers.get("sec-fetch-site") == "same-origin":
        return True
    origin = request.headers.get("origin")
    return origin is not None and _is_ours(origin, request, rt)


def _is_ours(origin: str, request: Request, rt: Runtime) -> bool:
    # The host that the browser believes it talks to, besides the issuer: `localhost` works in development.
    return origin == rt.issuer or urlsplit(origin).netloc == request.headers.get("host")


def csrf_token(request: Request, rt: Runtime) -> str:
    """Return the token for a form in this browser. `render` puts it into every page."""
    bound_to = session_cookie(request, rt) or visit_cookie(request, rt) or new_visit(request)
    return rt.keys.mac("csrf", bound_to).hex()


def new_visit(request: Request) -> str:
    """Return the value of the visit cookie that the answer to this request will set."""
    if not hasattr(request.state, "new_visit"):
        request.state.new_visit = secrets.token_urlsafe(32)
    value: str = request.state.new_visit
    return value


async def read_form(request: Request) -> FormData:
    """Dependency of a page that takes a form whose fields are not known beforehand."""
    return await request.form()


async def check_csrf(request: Request, rt: Rt) -> None:
    """Dependency of every page that takes a form; raises `StaleForm`."""
    given = (await request.form()).get(FIELD)
    bound_to = session_cookie(request, rt) or visit_cookie(request, rt)
    expected = rt.keys.mac("csrf", bound_to).hex() if bound_to else ""
    matches = isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
    if not bound_to or not matches or comes_from_elsewhere(request, rt):
        raise StaleForm(
            say(
                "You may have signed in or out in another window since this page was opened, or cookies are off. "
                "Nothing was changed. Go back, load the page again and send it once more."
            )
        )
