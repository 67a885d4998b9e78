"""The API's doors for passkeys and recovery codes: signing up and in with one, and having several."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from ccx_broker.accounts import passkeys, recovery
from ccx_broker.accounts.asking import Site, bound_to, device, network
from ccx_broker.accounts.auth import SignedIn
from ccx_broker.accounts.rules import NewSession
from ccx_broker.accounts.schemas import (
    AccountOpened,
    NewName,
    NewPasskey,
    NewPasskeyAccount,
    PasskeyAccount,
    PasskeyList,
    PasskeyOptions,
    PasskeyProof,
    PasskeyShown,
    RecoveryCodes,
    RecoveryCodesLeft,
    RecoveryProof,
    SessionMade,
)
from ccx_broker.accounts.store import ways
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.runtime import Rt

router = APIRouter(prefix="/v1", tags=["accounts"])

NO_STORE = {"Cache-Control": "no-store"}


@router.post("/accounts/passkey/options")
def sign_up_options(body: NewPasskeyAccount, request: Request, rt: Rt, site: Site) -> PasskeyOptions:
    """Begin a sign-up with a passkey. Nothing is stored yet, and nothing tells whether an address is known."""
    options = passkeys.begin_sign_up(
        rt.keys, site, email=body.email, name=body.name, bound_to=bound_to(request, rt), now=now()
    )
    return PasskeyOptions(publicKey=options)


@router.post("/accounts/passkey", status_code=201)
def sign_up(body: PasskeyAccount, request: Request, response: Response, rt: Rt, site: Site) -> AccountOpened:
    """Sign up with the passkey that was made, and sign in. Make recovery codes next."""
    made = passkeys.sign_up(
        rt.sessions,
        rt.keys,
        site,
        email=body.email,
        name=body.name,
        answer=body.credential,
        bound_to=bound_to(request, rt),
        network=network(request),
        device=device(request),
        lifetime=rt.lifetimes.session,
        now=now(),
    )
    response.headers.update(NO_STORE)
    return AccountOpened(
        customer_id=made.session.customer.customer_id, token=made.token, expires_at=made.session.expires_at
    )


@router.post("/sessions/passkey/options")
def sign_in_options(request: Request, rt: Rt, site: Site) -> PasskeyOptions:
    """Begin a sign-in with a passkey; no address is asked for."""
    options = passkeys.begin_sign_in(rt.keys, site, bound_to=bound_to(request, rt), now=now())
    return PasskeyOptions(publicKey=options)


@router.post("/sessions/passkey", status_code=201)
def sign_in(body: PasskeyProof, request: Request, response: Response, rt: Rt, site: Site) -> SessionMade:
    """Sign in with a passkey. Whatever was wrong, the answer is the same."""
    made = passkeys.sign_in(
        rt.sessions,
        rt.keys,
        site,
        answer=body.credential,
        bound_to=bound_to(request, rt),
        network=network(request),
        device=device(request),
        lifetime=rt.lifetimes.session,
        now=now(),
    )
    return _shown(made, response)


@router.post("/sessions/recovery", status_code=201)
def sign_in_with_code(body: RecoveryProof, request: Request, response: Response, rt: Rt) -> SessionMade:
    """Sign in with a recovery code, which is used up by it."""
    made = recovery.sign_in(
        rt.sessions,
        rt.keys,
        code=body.code,
        network=network(request),
        device=device(request),
        lifetime=rt.lifetimes.session,
        now=now(),
    )
    return _shown(made, response)


@router.get("/me/passkeys")
def list_passkeys(me: SignedIn, db: Db) -> PasskeyList:
    """List your passkeys."""
    return PasskeyList(
        items=[PasskeyShown.of(each) for each in ways.passkeys_of(db, me.customer.customer_id)]
    )


@router.post("/me/passkeys/options")
def add_options(me: SignedIn, db: Db, rt: Rt, site: Site) -> PasskeyOptions:
    """Begin to make one more passkey, within five minutes of a proof that it is you."""
    return PasskeyOptions(publicKey=passkeys.begin_adding(db, rt.keys, site, me, now()))


@router.post("/me/passkeys", status_code=201)
def add_passkey(body: NewPasskey, request: Request, me: SignedIn, db: Db, rt: Rt, site: Site) -> PasskeyShown:
    """Keep the passkey that was made."""
    passkey = passkeys.add(
        db, rt.keys, site, me, answer=body.credential, name=body.name, device=device(request), now=now()
    )
    return PasskeyShown.of(passkey)


@router.patch("/me/passkeys/{passkey_id}", status_code=204)
def rename_passkey(passkey_id: UUID, body: NewName, me: SignedIn, db: Db) -> None:
    """Call a passkey otherwise."""
    passkeys.rename(db, me, passkey_id, body.name)


@router.delete("/me/passkeys/{passkey_id}", status_code=204)
def remove_passkey(passkey_id: UUID, me: SignedIn, db: Db, rt: Rt) -> None:
    """Forget a passkey, but never your last way in."""
    passkeys.remove(db, rt.keys, me, passkey_id, now())


@router.get("/me/recovery-codes")
def recovery_codes_left(me: SignedIn, db: Db) -> RecoveryCodesLeft:
    """Say how many recovery codes are left."""
    found = ways.recovery_set(db, me.customer.customer_id)
    return RecoveryCodesLeft(left=found.left if found else 0, made_at=found.made_at if found else None)


@router.post("/me/recovery-codes", status_code=201)
def make_recovery_codes(response: Response, me: SignedIn, db: Db, rt: Rt) -> RecoveryCodes:
    """Make ten new recovery codes; earlier ones end."""
    response.headers.update(NO_STORE)
    return RecoveryCodes(codes=recovery.make_codes(db, rt.keys, me, now()))


def _shown(made: NewSession, response: Response) -> SessionMade:
    response.headers.update(NO_STORE)
    return SessionMade(token=made.token, expires_at=made.session.expires_at)
