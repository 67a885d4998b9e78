"""Signing up, signing in, and where one is signed in."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import noting, rules, store, throttle
from ccx_broker.accounts.passwords import email_key, verifier
from ccx_broker.accounts.rules import Customer, NewSession, SignedInSession
from ccx_broker.kit.errors import Invalid, NotFound, NotFresh, NotSignedIn
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import say

SEEN_EVERY = timedelta(minutes=5)


def sign_up(
    sessions: sessionmaker[Session],
    keys: Keys,
    *,
    email: str,
    password: str,
    name: str,
    network: str,
    now: datetime,
) -> UUID:
    """Make an account and return its customer; the same address and password lead to the same one again.

    An address that others use as well changes nothing in what is done or answered (decision 0006).
    A sign-up counts like a guess at the address: it would otherwise be a way to guess without waiting.
    Raises `Invalid` and `TooMany`.
    """
    email, password, name = (
        rules.normal_email(email),
        rules.normal_password(password),
        rules.normal_name(name),
    )
    refuse(
        {
            "email": rules.email_problem(email),
            "password": rules.password_problem(password, email),
            "name": rules.name_problem(name),
        }
    )
    guesses = throttle.at_address(keys, email)
    throttle.claim(sessions, {**guesses, **throttle.sign_ups_from(keys, network)}, now)
    address_key, proof = email_key(keys, email), verifier(keys, email, password)
    customer = Customer(new_id(), email, name, now)
    with sessions.begin() as session:
        owner = store.claim_credentials(session, address_key, proof, customer.customer_id)
        if owner == customer.customer_id:
            store.add_customer(session, customer)
        else:
            throttle.give_back(session, guesses, now)
    return owner


def sign_in(
    sessions: sessionmaker[Session],
    keys: Keys,
    *,
    email: str,
    password: str,
    network: str,
    device: str,
    lifetime: timedelta,
    now: datetime,
) -> NewSession:
    """Sign in; raises `NotSignedIn` in the same words whatever was wrong, and `TooMany`.

    Three steps instead of the request's one transaction: the guess is counted and committed before it
    is checked, so that neither an error nor twenty guesses at once make it free; the slow computation
    holds no connection; then one look-up decides.
    """
    email, password = rules.normal_email(email), rules.normal_password(password)
    guesses = {**throttle.at_address(keys, email), **throttle.from_network(keys, network)}
    throttle.claim(sessions, guesses, now)
    # Nothing longer can have been chosen; computing it would only cost memory.
    proof = verifier(keys, email, password[: rules.PASSWORD_LENGTH.stop])
    with sessions.begin() as session:
        customer_id = store.find_by_credentials(session, email_key(keys, email), proof)
        customer = store.find_customer(session, customer_id) if customer_id else None
        if customer is None:
            noting.failed(keys, "sign_in_failed", email=email, network=network, way="password")
            raise not_signed_in(
                say("This e-mail and password don't belong together. Check both and try again.")
            )
        throttle.give_back(session, guesses, now)
        noting.happened(session, keys, "signed_in", customer, now, way="password")
        return new_session(session, keys, customer, device, lifetime, now)


def start_session(
    session: Session, keys: Keys, customer_id: UUID, device: str, lifetime: timedelta, now: datetime
) -> NewSession:
    """Sign a customer in who has just proved who they are, by signing up."""
    customer = store.find_customer(session, customer_id)
    if customer is None:
        raise NotFound(say("This customer is gone."))
    return new_session(session, keys, customer, device, lifetime, now)


def new_session(
    session: Session, keys: Keys, customer: Customer, device: str, lifetime: timedelta, now: datetime
) -> NewSession:
    """Begin a session for who has just proved to be `customer`."""
    new_device = not store.knows_device(session, customer.customer_id, device)
    if new_device:
        noting.happened(session, keys, "new_device", customer, now, device=device)
    session_id = new_id()
    ids = urlsafe_b64encode(customer.customer_id.bytes + session_id.bytes).rstrip(b"=").decode()
    token = f"ccxs_{ids}_{secrets.token_urlsafe(32)}"
    signed_in = SignedInSession(customer, session_id, device, now, now, now + lifetime, now)
    store.add_session(session, signed_in, token_hash(token))
    return NewSession(token, signed_in, new_device)


def recognise(session: Session, token: str, now: datetime) -> SignedInSession | None:
    """Return the live session that `token` belongs to, found by its primary key; None for any other text."""
    try:
        ids = urlsafe_b64decode(token[5:48] + "=") if token.startswith("ccxs_") and token.isascii() else b""
        customer_id, session_id = UUID(bytes=ids[:16]), UUID(bytes=ids[16:])
    except ValueError:
        return None
    found = store.find_session(session, customer_id, session_id)
    if found is None or not hmac.compare_digest(found.token_hash, token_hash(token)):
        return None
    if not found.is_live(now):
        return None
    if now - found.session.last_seen_at >= SEEN_EVERY:
        store.touch_session(session, customer_id, session_id, now)
    return found.session


def sign_out(session: Session, customer_id: UUID, session_id: UUID, now: datetime) -> None:
    """End one session of the customer, at once and everywhere; raises `NotFound`."""
    if not store.revoke_session(session, customer_id, session_id, now):
        raise NotFound(
            say("You are not signed in there (any more). The list of sessions shows where you are.")
        )


def sign_out_others(session: Session, keys: Keys, me: SignedInSession, now: datetime) -> int:
    """End every session of the customer but the one that asks; return how many those were."""
    ended = store.revoke_other_sessions(session, me.customer.customer_id, me.session_id, now)
    noting.happened(session, keys, "signed_out_elsewhere", me.customer, now)
    return ended


def require_fresh(me: SignedInSession, now: datetime) -> None:
    """Raise `NotFresh` unless who sits there has shown within five minutes who they are."""
    if not me.is_fresh(now):
        raise NotFresh(
            say("Confirm with your password, a passkey or a recovery code that it is you, then do it again.")
        )


def not_signed_in(detail: str) -> NotSignedIn:
    """Return the refusal of a sign-in."""
    return NotSignedIn(detail, slug="wrong-credentials", headers={"WWW-Authenticate": 'Bearer realm="ccx"'})


def refuse(problems: Mapping[str, str | None]) -> None:
    """Raise `Invalid` that names each field with a problem, if there is one."""
    errors = [{"field": field, "reason": reason} for field, reason in problems.items() if reason]
    if errors:
        said = "; ".join(f"{error['field']} {error['reason']}" for error in errors)
        raise Invalid(f"Correct this and send it again: {said}.", errors=errors)
