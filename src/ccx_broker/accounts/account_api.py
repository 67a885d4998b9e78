"""The API's doors for one's own account: who one is here, and what leads in."""

from fastapi import APIRouter, Request

from ccx_broker.accounts import changes, confirming
from ccx_broker.accounts.asking import SignedInApart, Site, network, site
from ccx_broker.accounts.auth import SignedIn
from ccx_broker.accounts.passwords import email_key, in_password_thread
from ccx_broker.accounts.schemas import (
    Account,
    Confirmation,
    NewEmail,
    NewName,
    NewPassword,
    PasskeyOptions,
)
from ccx_broker.accounts.store import ways
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.runtime import Rt

router = APIRouter(prefix="/v1/me", tags=["accounts"])


@router.get("/account")
def account(me: SignedIn, db: Db, rt: Rt) -> Account:
    """Say who you are here and how you sign in."""
    customer = me.customer
    known = ways.ways_in(db, customer.customer_id, email_key(rt.keys, customer.email))
    codes = ways.recovery_set(db, customer.customer_id)
    return Account(
        customer_id=customer.customer_id,
        email=customer.email,
        name=customer.name,
        created_at=customer.created_at,
        password=known.password,
        passkeys=known.passkeys,
        recovery_codes_left=codes.left if codes else 0,
        fresh=me.is_fresh(now()),
    )


@router.patch("/account", status_code=204)
def change_name(body: NewName, me: SignedIn, db: Db, rt: Rt) -> None:
    """Be called otherwise."""
    changes.change_name(db, rt.keys, me, body.name, now())


@router.put("/email", status_code=204)
async def change_email(body: NewEmail, me: SignedInApart, rt: Rt) -> None:
    """Change your address."""
    await in_password_thread(
        lambda: changes.change_email(
            rt.sessions, rt.keys, me, email=body.email, password=body.password, now=now()
        )
    )


@router.put("/password", status_code=204)
async def set_password(body: NewPassword, me: SignedInApart, rt: Rt) -> None:
    """Set or change your password; you are signed out everywhere else."""
    await in_password_thread(
        lambda: changes.set_password(rt.sessions, rt.keys, me, password=body.password, now=now())
    )


@router.delete("/password", status_code=204)
def remove_password(me: SignedIn, db: Db, rt: Rt) -> None:
    """Sign in with passkeys only; you are signed out everywhere else."""
    changes.remove_password(db, rt.keys, me, now())


@router.post("/confirmation/options")
def confirmation_options(me: SignedIn, db: Db, rt: Rt, passkey_site: Site) -> PasskeyOptions:
    """Begin a proof with a passkey."""
    return PasskeyOptions(publicKey=confirming.begin_with_passkey(db, rt.keys, passkey_site, me, now()))


@router.post("/confirmation", status_code=204)
async def confirm(body: Confirmation, request: Request, me: SignedInApart, rt: Rt) -> None:
    """Show once more that it is you. For five minutes from then what leads into the account may be changed."""
    place = network(request)

    def check() -> None:
        if body.password is not None:
            confirming.by_password(rt.sessions, rt.keys, me, password=body.password, network=place, now=now())
        elif body.recovery_code is not None:
            confirming.by_recovery_code(
                rt.sessions, rt.keys, me, code=body.recovery_code, network=place, now=now()
            )
        elif body.credential is not None:
            confirming.by_passkey(
                rt.sessions, rt.keys, site(rt), me, answer=body.credential, network=place, now=now()
            )

    await in_password_thread(check)
