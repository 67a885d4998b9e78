"""The two cookies: who is signed in, and the one that ties a form to a browser that is not."""

from datetime import datetime

from fastapi import Request, Response

from ccx_broker.kit.runtime import Runtime


def cookie_name(rt: Runtime, name: str) -> str:
    """`__Host-` makes the browser insist on Secure, no Domain and Path=/ (RFC 6265bis §4.1.3.2): https only."""
    return f"__Host-{name}" if rt.secure_cookies else name


def set_cookie(response: Response, rt: Runtime, name: str, value: str, *, until: datetime | None) -> None:
    """Set a cookie that no script can read and no other site's form sends; without `until`, for this visit.

    Lax, not Strict: an organisation's link to the consent page must find its customer signed in.
    """
    response.set_cookie(
        cookie_name(rt, name),
        value,
        expires=until,
        path="/",
        secure=rt.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def session_cookie(request: Request, rt: Runtime) -> str | None:
    """Return the session token that the browser sent, unchecked."""
    return request.cookies.get(cookie_name(rt, "ccx_session"))


def set_session_cookie(response: Response, rt: Runtime, token: str, until: datetime) -> None:
    """Sign the browser in until the session ends."""
    set_cookie(response, rt, "ccx_session", token, until=until)


def clear_session_cookie(response: Response, rt: Runtime) -> None:
    """Sign the browser out."""
    response.delete_cookie(
        cookie_name(rt, "ccx_session"), path="/", secure=rt.secure_cookies, httponly=True, samesite="lax"
    )


def visit_cookie(request: Request, rt: Runtime) -> str | None:
    """Return the value that ties forms to a browser which is not signed in."""
    return request.cookies.get(cookie_name(rt, "ccx_visit"))


def set_visit_cookie(response: Response, rt: Runtime, value: str) -> None:
    """Remember a browser for as long as it stays open."""
    set_cookie(response, rt, "ccx_visit", value, until=None)
