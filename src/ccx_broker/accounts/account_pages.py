"""The settings of one's own account: name, address, password, and showing once more that it is you."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts import changes, confirming, rules
from ccx_broker.accounts.asking import FreshPage, OurForm, SignedInPageApart, Site, Text, network
from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.accounts.passwords import email_key, in_password_thread
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.accounts.store import ways
from ccx_broker.accounts.views import answer_in, marked, passkeys_at, retry_after, status_of
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Conflict, Invalid, NotSignedIn, Problem, TooMany
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.web.local import local_path
from ccx_broker.web.rendering import render

router = APIRouter(include_in_schema=False, prefix="/account")


@router.get("")
def account(request: Request, rt: Rt, db: Db, me: SignedInPage, done: str = "") -> Response:
    """Show who one is here and how one signs in; `done` names what was just changed."""
    return render(request, "accounts/account.html", me=me, done=done, **_known(rt, db, me))


@router.get("/name")
def name_page(request: Request, me: FreshPage) -> Response:
    """Ask for another name."""
    return _change(request, me, "name", name=me.customer.name)


@router.post("/name", dependencies=[OurForm])
def change_name(request: Request, rt: Rt, db: Db, me: SignedInPage, *, name: Text = "") -> Response:
    """Be called otherwise."""
    try:
        changes.change_name(db, rt.keys, me, name, now())
    except Invalid as error:
        return _change(request, me, "name", error, name=name[: rules.NAME_LONGEST])
    return RedirectResponse("/account?done=name", 303)


@router.get("/email")
def email_page(request: Request, rt: Rt, db: Db, me: FreshPage) -> Response:
    """Ask for another address, and for the password if there is one."""
    return _change(request, me, "email", email=me.customer.email, **_known(rt, db, me))


@router.post("/email", dependencies=[OurForm])
async def change_email(
    request: Request, rt: Rt, me: SignedInPageApart, *, email: Text = "", password: Text = ""
) -> Response:
    """Change the address."""
    try:
        await in_password_thread(
            lambda: changes.change_email(rt.sessions, rt.keys, me, email=email, password=password, now=now())
        )
    except (Invalid, Conflict, TooMany) as error:
        with rt.sessions.begin() as db:
            known = _known(rt, db, me)
        return _change(request, me, "email", error, email=email[: rules.EMAIL_LONGEST], **known)
    return RedirectResponse("/account?done=email", 303)


@router.get("/password")
def password_page(request: Request, rt: Rt, db: Db, me: FreshPage) -> Response:
    """Ask for a password."""
    return _change(request, me, "password", **_known(rt, db, me))


@router.post("/password", dependencies=[OurForm])
async def set_password(request: Request, rt: Rt, me: SignedInPageApart, *, password: Text = "") -> Response:
    """Set or change the password, and sign out everywhere else."""
    try:
        await in_password_thread(
            lambda: changes.set_password(rt.sessions, rt.keys, me, password=password, now=now())
        )
    except (Invalid, Conflict, TooMany) as error:
        with rt.sessions.begin() as db:
            known = _known(rt, db, me)
        return _change(request, me, "password", error, **known)
    return RedirectResponse("/account?done=password", 303)


@router.post("/password/remove", dependencies=[OurForm])
def remove_password(rt: Rt, db: Db, me: SignedInPage) -> Response:
    """Sign in with passkeys only, and sign out everywhere else."""
    changes.remove_password(db, rt.keys, me, now())
    return RedirectResponse("/account?done=password-removed", 303)


@router.get("/confirm")
def confirm_page(request: Request, rt: Rt, db: Db, me: SignedInPage, next: str = "/account") -> Response:
    """Ask to show once more that it is you, unless that was just now."""
    if me.is_fresh(now()):
        return RedirectResponse(local_path(next), 303)
    return _confirm_view(request, rt, me, next, _known(rt, db, me))


@router.get("/confirm/passkey")
def confirm_again() -> Response:
    """Lead who loads the page again after something went wrong, or changes its language, to the page itself."""
    return RedirectResponse("/account/confirm", 303)


@router.post("/confirm", dependencies=[OurForm])
async def confirm(
    request: Request,
    rt: Rt,
    me: SignedInPageApart,
    *,
    password: Text = "",
    code: Text = "",
    next: Text = "/account",
) -> Response:
    """Take a password or a recovery code as proof, and go on."""
    place = network(request)

    def check() -> None:
        if code:
            confirming.by_recovery_code(rt.sessions, rt.keys, me, code=code, network=place, now=now())
        else:
            confirming.by_password(rt.sessions, rt.keys, me, password=password, network=place, now=now())

    try:
        await in_password_thread(check)
    except (NotSignedIn, TooMany) as error:
        with rt.sessions.begin() as db:
            known = _known(rt, db, me)
        return _confirm_view(request, rt, me, next, known, error)
    return RedirectResponse(local_path(next), 303)


@router.post("/confirm/passkey", dependencies=[OurForm])
def confirm_with_passkey(
    request: Request,
    rt: Rt,
    site: Site,
    me: SignedInPageApart,
    *,
    credential: Text = "",
    next: Text = "/account",
) -> Response:
    """Take a passkey as proof, and go on."""
    try:
        confirming.by_passkey(
            rt.sessions,
            rt.keys,
            site,
            me,
            answer=answer_in(credential),
            network=network(request),
            now=now(),
        )
    except (NotSignedIn, TooMany) as error:
        with rt.sessions.begin() as db:
            known = _known(rt, db, me)
        return _confirm_view(request, rt, me, next, known, error)
    return RedirectResponse(local_path(next), 303)


def _known(rt: Runtime, db: Db, me: SignedInSession) -> dict[str, Any]:
    customer_id = me.customer.customer_id
    return {
        "ways": ways.ways_in(db, customer_id, email_key(rt.keys, me.customer.email)),
        "codes": ways.recovery_set(db, customer_id),
    }


def _confirm_view(
    request: Request,
    rt: Runtime,
    me: SignedInSession,
    next: str,
    known: dict[str, Any],
    error: Problem | None = None,
) -> Response:
    return render(
        request,
        "accounts/confirm.html",
        status=status_of(error),
        headers=retry_after(error),
        me=me,
        next=local_path(next),
        failed=error.detail if error else None,
        passkeys=passkeys_at(request, rt),
        **known,
    )


def _change(
    request: Request, me: SignedInSession, what: str, error: Problem | None = None, **shown: Any
) -> Response:
    return render(
        request,
        f"accounts/change_{what}.html",
        status=status_of(error),
        headers=retry_after(error),
        me=me,
        **marked(error, "name", "email", "password"),
        **shown,
    )
