"""Showing once more that it is you, before anything changes that leads into the account."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import ceremonies, noting, passkeys, recovery, rules, service, store, throttle
from ccx_broker.accounts.ceremonies import Answer
from ccx_broker.accounts.noting import Way
from ccx_broker.accounts.passwords import email_key, verifier
from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.accounts.rules.passkeys import RelyingParty
from ccx_broker.accounts.store import limits, ways
from ccx_broker.kit.ids import token_hash
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import say

NOT_YOURS = say("That is not yours, or not any more. Check it and try again.")


def by_password(
    sessions: sessionmaker[Session],
    keys: Keys,
    me: SignedInSession,
    *,
    password: str,
    network: str,
    now: datetime,
) -> None:
    """Take the customer's password as proof; raises `NotSignedIn` and `TooMany`."""
    email, password = me.customer.email, rules.normal_password(password)
    with _attempt(sessions, keys, me, "password", network, now) as session:
        proof = verifier(keys, email, password[: rules.PASSWORD_LENGTH.stop])
        if store.find_by_credentials(session, email_key(keys, email), proof) != me.customer.customer_id:
            raise service.not_signed_in(NOT_YOURS)


def begin_with_passkey(
    session: Session, keys: Keys, site: RelyingParty, me: SignedInSession, now: datetime
) -> dict[str, Any]:
    """Return the options for a proof with one of the customer's passkeys."""
    customer_id = me.customer.customer_id
    challenge = ceremonies.new_challenge(keys, "confirm", str(me.session_id), customer_id, now)
    return ceremonies.request_options(site, challenge, ways.passkeys_of(session, customer_id))


def by_passkey(
    sessions: sessionmaker[Session],
    keys: Keys,
    site: RelyingParty,
    me: SignedInSession,
    *,
    answer: Answer,
    network: str,
    now: datetime,
) -> None:
    """Take one of the customer's passkeys as proof; raises `NotSignedIn` and `TooMany`."""
    challenge = ceremonies.challenge_of(answer)
    opened = ceremonies.open_challenge(keys, challenge, "confirm", str(me.session_id), now)
    with _attempt(sessions, keys, me, "passkey", network, now) as session:
        if (
            opened is None
            or not limits.spend_challenge(session, token_hash(challenge.hex()), opened.expires_at, now)
            or passkeys.use(session, site, me.customer.customer_id, answer, challenge, now)
        ):
            raise service.not_signed_in(NOT_YOURS)


def by_recovery_code(
    sessions: sessionmaker[Session],
    keys: Keys,
    me: SignedInSession,
    *,
    code: str,
    network: str,
    now: datetime,
) -> None:
    """Take one of the customer's recovery codes as proof, and use it up; raises `NotSignedIn` and `TooMany`."""
    with _attempt(sessions, keys, me, "recovery_code", network, now) as session:
        code_hash = recovery.code_hash(keys, code)
        if code_hash is None or not ways.use_recovery_code(session, me.customer.customer_id, code_hash):
            raise service.not_signed_in(NOT_YOURS)
        noting.happened(session, keys, "recovery_code_used", me.customer, now)


@contextmanager
def _attempt(
    sessions: sessionmaker[Session],
    keys: Keys,
    me: SignedInSession,
    way: Way,
    network: str,
    now: datetime,
) -> Iterator[Session]:
    """Count a proof as a guess, let the block judge it in a transaction, and take it as good if nothing is raised.

    The transaction takes a connection when its first statement runs, hence not while argon2 computes.
    """
    email = me.customer.email
    guesses = {**throttle.at_address(keys, email), **throttle.from_network(keys, network)}
    throttle.claim(sessions, guesses, now)
    with sessions.begin() as session:
        try:
            yield session
        except Exception:
            noting.failed(keys, "confirmation_failed", email=email, network=network, way=way)
            raise
        throttle.give_back(session, guesses, now)
        store.prove_session(session, me.customer.customer_id, me.session_id, now)
        noting.happened(session, keys, "identity_confirmed", me.customer, now, way=way)
