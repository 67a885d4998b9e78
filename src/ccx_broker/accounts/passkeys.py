"""Passkeys: signing up and in with one, and having several (WebAuthn level 3)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import ceremonies, noting, rules, service, store, throttle
from ccx_broker.accounts.ceremonies import Answer
from ccx_broker.accounts.passwords import email_key
from ccx_broker.accounts.rules import Customer, NewSession, SignedInSession
from ccx_broker.accounts.rules import passkeys as passkey_rules
from ccx_broker.accounts.rules.passkeys import MOST, Passkey, RelyingParty
from ccx_broker.accounts.store import limits, ways
from ccx_broker.kit.errors import Conflict, Invalid, NotFound
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import say

NO_PASSKEY = say("No passkey was made, or it took longer than ten minutes. Try it once more.")
NOT_KNOWN = say(
    "This passkey does not sign anybody in here, or it took longer than ten minutes. Try it once more."
)


def begin_sign_up(
    keys: Keys, site: RelyingParty, *, email: str, name: str, bound_to: str, now: datetime
) -> dict[str, Any]:
    """Return the options for the first passkey of somebody new; nothing is looked up or stored.

    Raises `Invalid`.
    """
    email, name = _checked(email, name)
    customer_id = new_id()
    challenge = ceremonies.new_challenge(keys, "sign-up", bound_to, customer_id, now)
    return ceremonies.creation_options(site, challenge, customer_id=customer_id, email=email, name=name)


def sign_up(
    sessions: sessionmaker[Session],
    keys: Keys,
    site: RelyingParty,
    *,
    email: str,
    name: str,
    answer: Answer,
    bound_to: str,
    network: str,
    device: str,
    lifetime: timedelta,
    now: datetime,
) -> NewSession:
    """Make an account that a passkey opens, and sign in; raises `Invalid` and `TooMany`.

    The address is a label here as everywhere (decision 0006): nothing is looked up by it, so a sign-up
    has nothing to tell about it and is no guess at it.
    """
    email, name = _checked(email, name)
    throttle.claim(sessions, throttle.sign_ups_from(keys, network), now)
    challenge = ceremonies.challenge_of(answer)
    opened = ceremonies.open_challenge(keys, challenge, "sign-up", bound_to, now)
    made = ceremonies.made_passkey(site, answer, challenge) if opened and opened.customer_id else None
    if opened is None or opened.customer_id is None or made is None:
        raise Invalid(NO_PASSKEY, slug="passkey-refused")
    customer = Customer(opened.customer_id, email, name, now)
    with sessions.begin() as session:
        if not limits.spend_challenge(session, token_hash(challenge.hex()), opened.expires_at, now):
            raise Invalid(NO_PASSKEY, slug="passkey-refused")
        store.add_customer(session, customer)
        ways.add_passkey(session, customer.customer_id, _passkey(made, device, now))
        noting.happened(session, keys, "signed_in", customer, now, way="sign_up")
        return service.new_session(session, keys, customer, device, lifetime, now)


def begin_sign_in(keys: Keys, site: RelyingParty, *, bound_to: str, now: datetime) -> dict[str, Any]:
    """Return the options for signing in; they name no passkey, so there is nothing in them to learn."""
    challenge = ceremonies.new_challenge(keys, "sign-in", bound_to, None, now)
    return ceremonies.request_options(site, challenge)


def sign_in(
    sessions: sessionmaker[Session],
    keys: Keys,
    site: RelyingParty,
    *,
    answer: Answer,
    bound_to: str,
    network: str,
    device: str,
    lifetime: timedelta,
    now: datetime,
) -> NewSession:
    """Sign in with a passkey; raises `NotSignedIn` in the same words whatever was wrong, and `TooMany`."""
    attempts = throttle.from_network(keys, network)
    throttle.claim(sessions, attempts, now)
    challenge = ceremonies.challenge_of(answer)
    opened = ceremonies.open_challenge(keys, challenge, "sign-in", bound_to, now)
    customer_id = ceremonies.customer_of(answer)
    with sessions.begin() as session:
        reason = "challenge"
        if opened and customer_id:
            spent = limits.spend_challenge(session, token_hash(challenge.hex()), opened.expires_at, now)
            reason = use(session, site, customer_id, answer, challenge, now) if spent else "replay"
        customer = store.find_customer(session, customer_id) if customer_id and not reason else None
        if customer is None:
            noting.failed(keys, "sign_in_failed", email=None, network=network, way="passkey", reason=reason)
            raise service.not_signed_in(NOT_KNOWN)
        throttle.give_back(session, attempts, now)
        noting.happened(session, keys, "signed_in", customer, now, way="passkey")
        return service.new_session(session, keys, customer, device, lifetime, now)


def use(
    session: Session,
    site: RelyingParty,
    customer_id: UUID,
    answer: Answer,
    challenge: bytes,
    now: datetime,
) -> str:
    """Note the use of one of the customer's passkeys; return why it proves nothing, else an empty text."""
    named = ceremonies.credential_id_of(answer)
    passkey = next((p for p in ways.passkeys_of(session, customer_id) if p.credential_id == named), None)
    if passkey is None:
        return "unknown"
    count = ceremonies.proven_count(site, answer, challenge, passkey)
    if count is None:
        return "signature"
    # A counter that does not go up: there is a copy of the key, or the answer was used before (§6.1.1).
    return "" if ways.use_passkey(session, customer_id, passkey.passkey_id, count, now) else "counter"


def begin_adding(
    session: Session, keys: Keys, site: RelyingParty, me: SignedInSession, now: datetime
) -> dict[str, Any]:
    """Return the options for one more passkey; raises `NotFresh`."""
    service.require_fresh(me, now)
    customer = me.customer
    challenge = ceremonies.new_challenge(keys, "add", str(me.session_id), customer.customer_id, now)
    return ceremonies.creation_options(
        site,
        challenge,
        customer_id=customer.customer_id,
        email=customer.email,
        name=customer.name,
        known=ways.passkeys_of(session, customer.customer_id),
    )


def add(
    session: Session,
    keys: Keys,
    site: RelyingParty,
    me: SignedInSession,
    *,
    answer: Answer,
    name: str,
    device: str,
    now: datetime,
) -> Passkey:
    """Give the customer one more passkey; raises `NotFresh`, `Invalid` and `Conflict`."""
    service.require_fresh(me, now)
    name = passkey_rules.passkey_name(name, device)
    service.refuse({"name": rules.name_problem(name)})
    challenge = ceremonies.challenge_of(answer)
    opened = ceremonies.open_challenge(keys, challenge, "add", str(me.session_id), now)
    made = ceremonies.made_passkey(site, answer, challenge) if opened else None
    if opened is None or made is None:
        raise Invalid(NO_PASSKEY, slug="passkey-refused")
    if not limits.spend_challenge(session, token_hash(challenge.hex()), opened.expires_at, now):
        raise Invalid(NO_PASSKEY, slug="passkey-refused")
    customer_id = me.customer.customer_id
    ways.lock_customer(session, customer_id)
    if len(ways.passkeys_of(session, customer_id)) >= MOST:
        raise Conflict(
            say("You have %(most)d passkeys, as many as there can be. Remove one first.", most=MOST)
        )
    passkey = _passkey(made, name, now)
    if not ways.add_passkey(session, customer_id, passkey):
        raise Conflict(say("You have this passkey already."))
    noting.happened(session, keys, "passkey_added", me.customer, now)
    return passkey


def rename(session: Session, me: SignedInSession, passkey_id: UUID, name: str) -> None:
    """Call a passkey otherwise; raises `Invalid` and `NotFound`."""
    name = rules.normal_name(name)
    service.refuse({"name": rules.name_problem(name)})
    if not ways.rename_passkey(session, me.customer.customer_id, passkey_id, name):
        raise NotFound(say("You have no such passkey (any more)."))


def remove(session: Session, keys: Keys, me: SignedInSession, passkey_id: UUID, now: datetime) -> None:
    """Forget a passkey, but never the last way in; raises `NotFresh`, `Conflict` and `NotFound`."""
    service.require_fresh(me, now)
    customer = me.customer
    ways.lock_customer(session, customer.customer_id)
    left = ways.ways_in(session, customer.customer_id, email_key(keys, customer.email))
    if not ways.remove_passkey(session, customer.customer_id, passkey_id):
        raise NotFound(say("You have no such passkey (any more)."))
    if not left.can_lose_passkey:
        raise Conflict(
            say("This is your only way to sign in. Make another passkey or set a password first."),
            slug="last-way-in",
        )
    noting.happened(session, keys, "passkey_removed", customer, now)


def _checked(email: str, name: str) -> tuple[str, str]:
    email, name = rules.normal_email(email), rules.normal_name(name)
    service.refuse({"email": rules.email_problem(email), "name": rules.name_problem(name)})
    return email, name


def _passkey(made: tuple[bytes, bytes, int], name: str, now: datetime) -> Passkey:
    credential_id, public_key, count = made
    return Passkey(new_id(), name[: rules.NAME_LONGEST], now, None, credential_id, public_key, count)
