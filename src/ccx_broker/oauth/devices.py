"""The device flow (RFC 8628): begun by a till or a television, answered in a browser, polled for.

A yes makes an ordinary authorization code, which nobody ever sees: the device's request keeps its hash, and
the poll claims it. So what a code is bound to, and what its reuse means, is the same in both flows.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent.rules import Answer, Refusal
from ccx_broker.kit.ids import new_token, token_hash
from ccx_broker.kit.runtime import Keys, Lifetimes
from ccx_broker.oauth import reuse, service
from ccx_broker.oauth.rules import Authorisation, AuthorizationRequest
from ccx_broker.oauth.rules.devices import (
    ALPHABET,
    GUESSES,
    GUESSES_OF_NETWORK,
    INTERVAL,
    LIFETIME,
    DeviceRequest,
    Verdict,
    guess_window,
    judge_poll,
)
from ccx_broker.oauth.store import claim_code, failures
from ccx_broker.oauth.store import devices as store
from ccx_broker.organisations.rules import Application


class TooManyGuesses(Exception):
    """Too many codes were typed that are not known; whoever typed them has to wait."""


BOUND_TO = "urn:ietf:params:oauth:grant-type:device_code"
"""Stands where an authorization code has its redirect URI and its challenge: no browser carries this one."""


@dataclass(frozen=True)
class Begun:
    """What a device is told: the only moment at which both codes are known."""

    device_code: str
    user_code: str


def begin(
    session: Session, keys: Keys, client_id: str, parameters: Mapping[str, str], now: datetime
) -> Begun:
    """Keep a validated request; of both codes only hashes are stored."""
    while True:
        made = Begun(new_token("ccxd"), "".join(secrets.choice(ALPHABET) for _ in range(8)))
        if store.insert_request(
            session,
            token_hash(made.device_code),
            hashed(keys, made.user_code),
            client_id=client_id,
            parameters=parameters,
            interval=INTERVAL,
            expires_at=now + LIFETIME,
        ):
            return made


def hashed(keys: Keys, user_code: str) -> bytes:
    """Return what is stored instead of a user code: keyed, since eight letters can all be tried."""
    return keys.mac("device.user-code", user_code)


def open_typed(
    session: Session, keys: Keys, user_code: str | None, *, who: str, network: str, now: datetime
) -> DeviceRequest | None:
    """Return the live request of a typed code; None if there is none. Raises `TooManyGuesses` (§5.1).

    A guess is counted before it is looked up, so that many at once gain nothing, and taken back if it
    was right.
    """
    window = guess_window(now)
    buckets = {
        keys.mac("device.guess.session", who): GUESSES,
        keys.mac("device.guess.network", network): GUESSES_OF_NETWORK,
    }
    counted = {bucket: failures.count_failure(session, bucket, window) for bucket in buckets}
    if any(counted[bucket] > most for bucket, most in buckets.items()):
        raise TooManyGuesses
    found = store.open_request(session, hashed(keys, user_code), now) if user_code else None
    if found is not None:
        for bucket in buckets:
            failures.take_back(session, bucket)
    return found


def agree(
    session: Session,
    keys: Keys,
    user_code: str,
    *,
    customer_id: UUID,
    application: Application,
    request: AuthorizationRequest,
    answer: Answer,
    auth_time: datetime,
    lifetimes: Lifetimes,
    now: datetime,
) -> Refusal | None:
    """Make the grant that follows from the customer's answer, and let the device fetch its token."""
    waiting = replace(lifetimes, code=LIFETIME)
    made = service.authorise(
        session,
        customer_id,
        application,
        request,
        answer,
        lifetimes=waiting,
        now=now,
        auth_time=auth_time,
    )
    if isinstance(made, Refusal):
        return made
    store.answer_request(session, hashed(keys, user_code), token_hash(made), now)
    return None


def refuse(session: Session, keys: Keys, user_code: str, now: datetime) -> None:
    """Note that the customer said no."""
    store.answer_request(session, hashed(keys, user_code), None, now)


def poll(
    session: Session, device_code: str, client_id: str, now: datetime, jkt: str | None = None
) -> Authorisation | Verdict:
    """Take what the customer has agreed to, once; or say why there is nothing (§3.5)."""
    found = store.find_request(session, token_hash(device_code))
    if found is not None and found.client_id == client_id and found.code_hash is not None:
        claimed = claim_code(
            session,
            found.code_hash,
            client_id=client_id,
            redirect_uri=BOUND_TO,
            code_challenge=BOUND_TO,
            jkt=jkt,
            now=now,
        )
        if claimed is not None:
            return claimed
    return judge_poll(found, client_id, now)


def after_poll(session: Session, device_code: str, client_id: str, verdict: Verdict, now: datetime) -> None:
    """Remember a poll that got nothing; one that comes after the token has been fetched ends what it gave."""
    hash_, found = token_hash(device_code), store.find_request(session, token_hash(device_code))
    if found is None or found.client_id != client_id:
        return
    if verdict in ("pending", "slow_down"):
        more = INTERVAL if verdict == "slow_down" else 0
        store.note_poll(session, hash_, found.interval + more, now)
    elif verdict == "used" and found.code_hash is not None:
        reuse.end_family_of_reused_hash(session, found.code_hash, client_id, BOUND_TO, now)
