"""Attempts are counted and committed before they are looked at (decision 0006)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts.rules.attempts import Attempts, Backoff, Quota, Wait, refund
from ccx_broker.accounts.store import limits as store
from ccx_broker.kit.errors import TooMany
from ccx_broker.kit.runtime import Keys
from ccx_broker.words import Said, say, say_n

PER_ADDRESS = Backoff(free=5, longest=timedelta(minutes=15))
# Many people may share one network address, so it waits later and never for long.
PER_NETWORK = Backoff(free=100, longest=timedelta(minutes=1))
# A shop that signs its customers up at the counter comes from one address too.
SIGN_UPS_PER_HOUR = 5000
PER_NETWORK_SIGN_UPS = Quota(SIGN_UPS_PER_HOUR)

Limits = Mapping[bytes, Backoff | Quota]


def at_address(keys: Keys, email: str) -> Limits:
    """Guesses at a normalised address."""
    return {keys.mac("attempts.address", email): PER_ADDRESS}


def from_network(keys: Keys, network: str) -> Limits:
    """Guesses that come from one place."""
    return {keys.mac("attempts.network", network): PER_NETWORK}


def sign_ups_from(keys: Keys, network: str) -> Limits:
    """Sign-ups that come from one place."""
    return {keys.mac("attempts.sign-up", network): PER_NETWORK_SIGN_UPS}


def claim(sessions: sessionmaker[Session], limits: Limits, now: datetime) -> None:
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


def give_back(session: Session, buckets: Iterable[bytes], now: datetime) -> None:
    """Take one attempt back in each bucket: it was right."""
    counted = store.lock_attempts(session, buckets, now)
    store.save_attempts(session, {bucket: refund(attempts) for bucket, attempts in counted.items()})


def _words(seconds: int) -> Said:
    if seconds < 60:
        return say_n("%(n)d second", "%(n)d seconds", seconds)
    return say_n("%(n)d minute", "%(n)d minutes", -(-seconds // 60))
