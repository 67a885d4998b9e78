"""Where the forms of arriving without a password go: with a passkey, or with a recovery code."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts import passkeys, recovery, rules
from ccx_broker.accounts.asking import OurForm, Site, Text, bound_to, device, network
from ccx_broker.accounts.auth import BrowserSession
from ccx_broker.accounts.views import answer_in, go_on, retry_after, sign_in_view, sign_up_view, status_of
from ccx_broker.kit.clock import now
from ccx_broker.kit.errors import Invalid, NotSignedIn, Problem, TooMany
from ccx_broker.kit.runtime import Rt
from ccx_broker.web.local import local_path
from ccx_broker.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/signup/passkey")
@router.get("/signin/passkey")
def open_again(request: Request) -> Response:
    """Lead who loads the page again after something went wrong, or changes its language, to the page itself."""
    return RedirectResponse(request.url.path.removesuffix("/passkey"), 303)


@router.post("/signup/passkey", dependencies=[OurForm])
def sign_up(
    request: Request,
    rt: Rt,
    site: Site,
    *,
    email: Text = "",
    name: Text = "",
    credential: Text = "",
    next: Text = "/",
) -> Response:
    """Sign up with a passkey, sign in, and offer recovery codes before going on."""
    try:
        made = passkeys.sign_up(
            rt.sessions,
            rt.keys,
            site,
            email=email,
            name=name,
            answer=answer_in(credential),
            bound_to=bound_to(request, rt),
            network=network(request),
            device=device(request),
            lifetime=rt.lifetimes.session,
            now=now(),
        )
    except (Invalid, TooMany) as error:
        email, name = email[: rules.EMAIL_LONGEST], name[: rules.NAME_LONGEST]
        return sign_up_view(request, rt, next=next, email=email, name=name, error=error)
    return go_on(rt, made, f"/account/recovery?{urlencode({'welcome': 'true', 'next': local_path(next)})}")


@router.post("/signin/passkey", dependencies=[OurForm])
def sign_in(request: Request, rt: Rt, site: Site, *, credential: Text = "", next: Text = "/") -> Response:
    """Sign in with a passkey and go on."""
    try:
        made = passkeys.sign_in(
            rt.sessions,
            rt.keys,
            site,
            answer=answer_in(credential),
            bound_to=bound_to(request, rt),
            network=network(request),
            device=device(request),
            lifetime=rt.lifetimes.session,
            now=now(),
        )
    except (NotSignedIn, TooMany) as error:
        return sign_in_view(request, rt, next=next, error=error)
    return go_on(rt, made, next)


@router.get("/signin/recovery")
def recovery_page(request: Request, me: BrowserSession, next: str = "/") -> Response:
    """Ask for a recovery code, unless the browser is signed in already."""
    if me:
        return RedirectResponse(local_path(next), 303)
    return _recovery_view(request, next)


@router.post("/signin/recovery", dependencies=[OurForm])
def sign_in_with_code(request: Request, rt: Rt, *, code: Text = "", next: Text = "/") -> Response:
    """Sign in with a recovery code and go on."""
    try:
        made = recovery.sign_in(
            rt.sessions,
            rt.keys,
            code=code,
            network=network(request),
            device=device(request),
            lifetime=rt.lifetimes.session,
            now=now(),
        )
    except (NotSignedIn, TooMany) as error:
        return _recovery_view(request, next, error)
    # Who needed one has probably lost the usual way in: lead on to where another one is made.
    return go_on(rt, made, "/account" if local_path(next) == "/" else next)


def _recovery_view(request: Request, next: str, error: Problem | None = None) -> Response:
    return render(
        request,
        "accounts/signin_recovery.html",
        status=status_of(error),
        headers=retry_after(error),
        next=local_path(next),
        failed=error.detail if error else None,
    )
