"""Recovery codes: ten that are good once each, for whoever has lost passkey and password."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import noting, service, store, throttle
from ccx_broker.accounts.passwords import code_key
from ccx_broker.accounts.rules import NewSession, SignedInSession
from ccx_broker.accounts.rules.recovery import new_codes, normal_code
from ccx_broker.accounts.store import ways
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import say

NO_GOOD = say("This code is no good: mistyped, used before, or replaced by newer ones.")


def make_codes(session: Session, keys: Keys, me: SignedInSession, now: datetime) -> list[str]:
    """Make ten new codes, end all earlier ones, and return them this once; raises `NotFresh`."""
    service.require_fresh(me, now)
    codes = new_codes()
    ways.lock_customer(session, me.customer.customer_id)
    hashes = [hashed for code in codes if (hashed := code_hash(keys, code)) is not None]
    ways.replace_recovery_codes(session, me.customer.customer_id, hashes, now)
    noting.happened(session, keys, "recovery_codes_made", me.customer, now)
    return codes


def sign_in(
    sessions: sessionmaker[Session],
    keys: Keys,
    *,
    code: str,
    network: str,
    device: str,
    lifetime: timedelta,
    now: datetime,
) -> NewSession:
    """Sign in with a code and use it up; raises `NotSignedIn` and `TooMany`.

    A code is enough by itself: it is random, so no address is needed to make it hard to guess, and none
    can be asked about.
    """
    attempts = throttle.from_network(keys, network)
    throttle.claim(sessions, attempts, now)
    hashed = code_hash(keys, code)
    with sessions.begin() as session:
        owner = ways.owner_of_recovery_code(session, hashed) if hashed else None
        used = bool(owner and hashed and ways.use_recovery_code(session, owner, hashed))
        customer = store.find_customer(session, owner) if owner and used else None
        if customer is None:
            noting.failed(keys, "sign_in_failed", email=None, network=network, way="recovery_code")
            raise service.not_signed_in(NO_GOOD)
        throttle.give_back(session, attempts, now)
        noting.happened(session, keys, "recovery_code_used", customer, now)
        noting.happened(session, keys, "signed_in", customer, now, way="recovery_code")
        return service.new_session(session, keys, customer, device, lifetime, now)


def code_hash(keys: Keys, code: str) -> bytes | None:
    """Return what is stored of a typed code, or None if it can't be one."""
    normal = normal_code(code)
    return code_key(keys, normal) if normal else None
