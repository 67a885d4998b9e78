"""Changing what leads into the account: name, address and password, by whoever has just proved to be its owner.

Address and password together are the key (decision 0006), so a change of either makes a new key, and the
old one is deleted in the same transaction. Choosing one is a guess as much as a sign-up is, and is counted.
"""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import noting, rules, service, store, throttle
from ccx_broker.accounts.passwords import email_key, verifier
from ccx_broker.accounts.rules import Customer, SignedInSession
from ccx_broker.accounts.store import ways
from ccx_broker.kit.errors import Conflict, Invalid
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import say

OTHERWISE = say("Another profile is opened by this address and password together. Choose another password.")


def change_name(session: Session, keys: Keys, me: SignedInSession, name: str, now: datetime) -> None:
    """Call the customer otherwise; raises `NotFresh` and `Invalid`."""
    service.require_fresh(me, now)
    name = rules.normal_name(name)
    service.refuse({"name": rules.name_problem(name)})
    ways.set_name(session, me.customer.customer_id, name)
    noting.happened(session, keys, "name_changed", me.customer, now)


def change_email(
    sessions: sessionmaker[Session],
    keys: Keys,
    me: SignedInSession,
    *,
    email: str,
    password: str,
    now: datetime,
) -> None:
    """Change the address. `password` is the present one: with it the new key is made; empty if there is none.

    Raises `NotFresh`, `Invalid`, `Conflict` and `TooMany`.
    """
    service.require_fresh(me, now)
    old, new = me.customer.email, rules.normal_email(email)
    service.refuse({"email": rules.email_problem(new)})
    password = rules.normal_password(password)[: rules.PASSWORD_LENGTH.stop]
    guesses = throttle.at_address(keys, old)
    throttle.claim(sessions, {**guesses, **throttle.at_address(keys, new)}, now)
    proofs = (verifier(keys, old, password), verifier(keys, new, password)) if password else None
    with sessions.begin() as session:
        customer = _locked(session, me)
        old_key, new_key = email_key(keys, old), email_key(keys, new)
        if ways.ways_in(session, customer.customer_id, old_key).password:
            found = proofs and store.find_by_credentials(session, old_key, proofs[0])
            if proofs is None or found != customer.customer_id:
                errors = [{"field": "password", "reason": say("is not your present one")}]
                raise Invalid(
                    "Correct this and send it again: password is not your present one.", errors=errors
                )
            _claim(session, new_key, proofs[1], customer)
            if new != old:
                ways.drop_password(session, customer.customer_id, old_key)
        throttle.give_back(session, guesses, now)
        ways.set_email(session, customer.customer_id, new)
        noting.happened(session, keys, "email_changed", customer, now)


def set_password(
    sessions: sessionmaker[Session], keys: Keys, me: SignedInSession, *, password: str, now: datetime
) -> None:
    """Set or change the password and sign out everywhere else.

    Raises `NotFresh`, `Invalid`, `Conflict` and `TooMany`.
    """
    service.require_fresh(me, now)
    email, password = me.customer.email, rules.normal_password(password)
    service.refuse({"password": rules.password_problem(password, email)})
    throttle.claim(sessions, throttle.at_address(keys, email), now)
    key, proof = email_key(keys, email), verifier(keys, email, password)
    with sessions.begin() as session:
        customer = _locked(session, me)
        _claim(session, key, proof, customer)
        ways.drop_password(session, customer.customer_id, key, but=proof)
        store.revoke_other_sessions(session, customer.customer_id, me.session_id, now)
        noting.happened(session, keys, "password_changed", customer, now)


def remove_password(session: Session, keys: Keys, me: SignedInSession, now: datetime) -> None:
    """Sign in with passkeys only from now on, and sign out everywhere else; raises `NotFresh` and `Conflict`."""
    service.require_fresh(me, now)
    customer = _locked(session, me)
    key = email_key(keys, customer.email)
    if not ways.ways_in(session, customer.customer_id, key).can_lose_password:
        raise Conflict(
            say("This is your only way to sign in. Make a passkey first."),
            slug="last-way-in",
        )
    ways.drop_password(session, customer.customer_id, key)
    store.revoke_other_sessions(session, customer.customer_id, me.session_id, now)
    noting.happened(session, keys, "password_removed", customer, now)


def _locked(session: Session, me: SignedInSession) -> Customer:
    """Let no other change of the customer in between, and see that none has just been made."""
    ways.lock_customer(session, me.customer.customer_id)
    customer = store.find_customer(session, me.customer.customer_id)
    if customer is None or customer.email != me.customer.email:
        raise Conflict(say("Your address was changed in the meantime. Load the page again."))
    return customer


def _claim(session: Session, key: bytes, proof: bytes, customer: Customer) -> None:
    if store.claim_credentials(session, key, proof, customer.customer_id) != customer.customer_id:
        raise Conflict(OTHERWISE)
