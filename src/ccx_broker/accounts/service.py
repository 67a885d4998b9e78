"""Signing up, signing in, and where one is signed in."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import rules, store
from ccx_broker.accounts.passwords import email_key, verifier
from ccx_broker.accounts.rules import Customer, NewSession, SignedInSession
from ccx_broker.accounts.rules.attempts import Attempts, Backoff, Quota, Wait, refund
from ccx_broker.kit import audit
from ccx_broker.kit.errors import Invalid, NotFound, NotSignedIn, TooMany
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import Said, say, say_n

PER_ADDRESS = Backoff(free=5, longest=timedelta(minutes=15))
# Many people may share one network address, so it waits later and never for long.
PER_NETWORK = Backoff(free=100, longest=timedelta(minutes=1))
# A shop that signs its customers up at the counter comes from one address too.
SIGN_UPS_PER_HOUR = 5000
PER_NETWORK_SIGN_UPS = Quota(SIGN_UPS_PER_HOUR)

SEEN_EVERY = timedelta(minutes=5)

Limits = Mapping[bytes, Backoff | Quota]


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
    _refuse(
        {
            "email": rules.email_problem(email),
            "password": rules.password_problem(password, email),
            "name": rules.name_problem(name),
        }
    )
    address = keys.mac("attempts.address", email)
    _claim(
        sessions,
        {address: PER_ADDRESS, keys.mac("attempts.sign-up", network): PER_NETWORK_SIGN_UPS},
        now,
    )
    address_key, proof = email_key(keys, email), verifier(keys, email, password)
    customer = Customer(new_id(), email, name, now)
    with sessions.begin() as session:
        owner = store.claim_credentials(session, address_key, proof, customer.customer_id)
        if owner == customer.customer_id:
            store.add_customer(session, customer)
        else:
            _refund(session, (address,), now)
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
    buckets = (keys.mac("attempts.address", email), keys.mac("attempts.network", network))
    _claim(sessions, dict(zip(buckets, (PER_ADDRESS, PER_NETWORK), strict=True)), now)
    # Nothing longer can have been chosen; computing it would only cost memory.
    proof = verifier(keys, email, password[: rules.PASSWORD_LENGTH.stop])
    noted = {
        "account": keys.mac("audit.account", email).hex()[:16],
        "network": keys.mac("limits.network", network).hex()[:16],
    }
    with sessions.begin() as session:
        customer_id = store.find_by_credentials(session, email_key(keys, email), proof)
        customer = store.find_customer(session, customer_id) if customer_id else None
        if customer is None:
            audit.event("sign_in_failed", **noted)
            raise NotSignedIn(
                say("This e-mail and password don't belong together. Check both and try again."),
                slug="wrong-credentials",
                headers={"WWW-Authenticate": 'Bearer realm="ccx"'},
            )
        _refund(session, buckets, now)
        audit.event("signed_in", **noted)
        return _new_session(session, customer, device, lifetime, now)


def start_session(
    session: Session, customer_id: UUID, device: str, lifetime: timedelta, now: datetime
) -> NewSession:
    """Sign a customer in who has just proved who they are, by signing up."""
    customer = store.find_customer(session, customer_id)
    if customer is None:
        raise NotFound(say("This customer is gone."))
    return _new_session(session, customer, device, lifetime, now)


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


def _new_session(
    session: Session, customer: Customer, device: str, lifetime: timedelta, now: datetime
) -> NewSession:
    session_id = new_id()
    ids = urlsafe_b64encode(customer.customer_id.bytes + session_id.bytes).rstrip(b"=").decode()
    token = f"ccxs_{ids}_{secrets.token_urlsafe(32)}"
    signed_in = SignedInSession(customer, session_id, device, now, now, now + lifetime)
    store.add_session(session, signed_in, token_hash(token))
    return NewSession(token, signed_in)


def _refuse(problems: Mapping[str, str | None]) -> None:
    errors = [{"field": field, "reason": reason} for field, reason in problems.items() if reason]
    if errors:
        said = "; ".join(f"{error['field']} {error['reason']}" for error in errors)
        raise Invalid(f"Correct this and send it again: {said}.", errors=errors)


def _claim(sessions: sessionmaker[Session], limits: Limits, now: datetime) -> None:
    """Count an attempt in every bucket, or in none and raise `TooMany`; committed when this returns."""
    with sessions.begin() as session:
        counted = store.lock_attempts(session, limits, now)
        claims = {bucket: limit.claim(counted[bucket], now) for bucket, limit in limits.items()}
        waits = [claim.seconds(now) for claim in claims.values() if isinstance(claim, Wait)]
        if not waits:
            taken = {bucket: claim for bucket, claim in claims.items() if isinstance(claim, Attempts)}
            store.save_attempts(session, taken)
            store.forget_old_attempts(session, now)
    if waits:
        raise TooMany(say("Wait %(time)s, then try again.", time=_words(max(waits))), retry_after=max(waits))


def _refund(session: Session, buckets: tuple[bytes, ...], now: datetime) -> None:
    counted = store.lock_attempts(session, buckets, now)
    store.save_attempts(session, {bucket: refund(attempts) for bucket, attempts in counted.items()})


def _words(seconds: int) -> Said:
    if seconds < 60:
        return say_n("%(n)d second", "%(n)d seconds", seconds)
    return say_n("%(n)d minute", "%(n)d minutes", -(-seconds // 60))
