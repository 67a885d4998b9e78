"""The pages of one's passkeys and recovery codes."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts import passkeys, recovery
from ccx_broker.accounts.asking import FreshPage, OurForm, Site, Text, device
from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.accounts.passwords import email_key
from ccx_broker.accounts.rules import NAME_LONGEST, SignedInSession
from ccx_broker.accounts.store import ways
from ccx_broker.accounts.views import answer_in, passkeys_at
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Conflict, Invalid, Problem
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.web.local import local_path
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(include_in_schema=False, prefix="/account")


@router.get("/passkeys")
def list_passkeys(request: Request, rt: Rt, db: Db, me: SignedInPage) -> Response:
    """List the customer's passkeys."""
    return _view(request, rt, db, me)


@router.post("/passkeys", dependencies=[OurForm])
def add_passkey(
    request: Request,
    rt: Rt,
    db: Db,
    me: FreshPage,
    site: Site,
    *,
    credential: Text = "",
    name: Text = "",
) -> Response:
    """Keep one more passkey."""
    name = name[:NAME_LONGEST]
    try:
        passkeys.add(
            db, rt.keys, site, me, answer=answer_in(credential), name=name, device=device(request), now=now()
        )
    except (Invalid, Conflict) as error:
        return _view(request, rt, db, me, error)
    return RedirectResponse("/account/passkeys", 303)


@router.post("/passkeys/{passkey_id}/name", dependencies=[OurForm])
def rename_passkey(
    passkey_id: UUID, request: Request, rt: Rt, db: Db, me: SignedInPage, *, name: Text = ""
) -> Response:
    """Call a passkey otherwise."""
    try:
        passkeys.rename(db, me, passkey_id, name)
    except Invalid as error:
        return _view(request, rt, db, me, error)
    return RedirectResponse("/account/passkeys", 303)


@router.post("/passkeys/{passkey_id}/remove", dependencies=[OurForm])
def remove_passkey(passkey_id: UUID, rt: Rt, db: Db, me: SignedInPage) -> Response:
    """Forget a passkey, but never the last way in."""
    passkeys.remove(db, rt.keys, me, passkey_id, now())
    return RedirectResponse("/account/passkeys", 303)


@router.get("/recovery")
def recovery_page(
    request: Request, db: Db, me: SignedInPage, next: str = "/account", welcome: bool = False
) -> Response:
    """Say what recovery codes are and how many are left; `welcome` follows a sign-up with a passkey."""
    left = ways.recovery_set(db, me.customer.customer_id)
    return render(
        request, "accounts/recovery.html", me=me, codes=left, next=local_path(next), welcome=welcome
    )


@router.post("/recovery", dependencies=[OurForm])
def make_codes(request: Request, rt: Rt, db: Db, me: SignedInPage, *, next: Text = "/account") -> Response:
    """Make new recovery codes and show them this once: no address leads to this page again."""
    codes = recovery.make_codes(db, rt.keys, me, now())
    return render(
        request, "accounts/recovery_codes.html", me=me, codes=codes, at=now(), next=local_path(next)
    )


def _view(
    request: Request, rt: Runtime, db: Db, me: SignedInSession, error: Problem | None = None
) -> Response:
    customer = me.customer
    said = (
        say("Name %(problem)s.", problem=error.errors[0]["reason"])
        if error and error.errors
        else error and error.detail
    )
    return render(
        request,
        "accounts/passkeys.html",
        status=error.status if error else 200,
        me=me,
        keys=ways.passkeys_of(db, customer.customer_id),
        ways=ways.ways_in(db, customer.customer_id, email_key(rt.keys, customer.email)),
        fresh=me.is_fresh(now()),
        passkeys=passkeys_at(request, rt),
        failed=said,
    )
