"""The pages on which somebody arrives, as they look at first and after something went wrong."""

import json
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts.ceremonies import Answer
from ccx_broker.accounts.rules import NewSession
from ccx_broker.accounts.rules.passkeys import is_named, relying_party
from ccx_broker.kit.errors import NotSignedIn, Problem, TooMany
from ccx_broker.kit.runtime import Runtime
from ccx_broker.web.cookies import set_session_cookie
from ccx_broker.web.local import local_path
from ccx_broker.web.rendering import render
from ccx_broker.words import say

LONGEST_ANSWER = 50_000
"""Characters. The longest honest answer, with a certificate chain in it, has a fifth of that."""


def sign_in_view(
    request: Request,
    rt: Runtime,
    *,
    next: str,
    email: str = "",
    error: Problem | None = None,
    again: bool = False,
) -> Response:
    """Show the sign-in page, and what went wrong."""
    return render(
        request,
        "accounts/signin.html",
        status=status_of(error),
        headers=retry_after(error),
        next=local_path(next),
        email=email,
        failed=error.detail if error else None,
        again=again,
        passkeys=passkeys_at(request, rt),
    )


def sign_up_view(
    request: Request,
    rt: Runtime,
    *,
    next: str,
    email: str = "",
    name: str = "",
    error: Problem | None = None,
) -> Response:
    """Show the sign-up page, and what is wrong beside its field."""
    return render(
        request,
        "accounts/signup.html",
        status=status_of(error),
        headers=retry_after(error),
        next=local_path(next),
        email=email,
        name=name,
        passkeys=passkeys_at(request, rt),
        **marked(error, "email", "name", "password"),
    )


def marked(error: Problem | None, *fields: str) -> dict[str, Any]:
    """Return `failed`, what went wrong, and `problems`, what is wrong with each of these fields."""
    problems: dict[str, str | None] = dict.fromkeys(fields)
    if error is None:
        return {"failed": None, "problems": problems}
    problems |= {each["field"]: each["reason"] for each in error.errors}
    failed = say("Nearly there: look at what is marked below.") if error.errors else error.detail
    return {"failed": failed, "problems": problems}


def status_of(error: Problem | None) -> int:
    """Return a page's status: 401 would make a browser ask for a password by itself."""
    if error is None:
        return 200
    return 422 if isinstance(error, NotSignedIn) else error.status


def retry_after(error: Problem | None) -> dict[str, str]:
    """Return how long to wait, as a header."""
    return dict(error.headers) if isinstance(error, TooMany) else {}


def passkeys_at(request: Request, rt: Runtime) -> str | None:
    """Return where passkeys work: `here`, the address of this page where they do, or None if nowhere."""
    site = relying_party(rt.issuer)
    if site is None:
        return None
    if is_named(request.headers.get("host", "")):
        return "here"
    return f"{site.origin}{request.url.path}"


def answer_in(form_field: str) -> Answer:
    """Read a browser's answer out of a form; whatever is none becomes an empty one, which proves nothing."""
    try:
        read = json.loads(form_field) if len(form_field) <= LONGEST_ANSWER else {}
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def go_on(rt: Runtime, made: NewSession, next: str) -> Response:
    """Sign the browser in: always a new session, never one that it brought along (session fixation)."""
    response = RedirectResponse(local_path(next), 303)
    set_session_cookie(response, rt, made.token, made.session.expires_at)
    return response
