"""A code or refresh token that comes a second time: a lost answer, a race, or a theft."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ccx_broker.consent import service as consent
from ccx_broker.consent import store as grants
from ccx_broker.kit import audit
from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth import store
from ccx_broker.oauth.rules import Authorisation
from ccx_broker.oauth.rules.repeats import judge_repeat
from ccx_broker.oauth.store import repeats

CODE_GRACE = timedelta(seconds=10)
"""A second exchange of a code this soon is refused but taken for a client that races itself, not for theft.

Nothing is lost by it: the second exchange is refused all the same, and a later one ends the family.
"""


def end_family_of_reused_code(
    session: Session, code: str, client_id: str, code_challenge: str, now: datetime
) -> None:
    """End the tokens of a code that is exchanged a second time (RFC 6749 §4.1.2)."""
    end_family_of_reused_hash(session, token_hash(code), client_id, code_challenge, now)


def end_family_of_reused_hash(
    session: Session, code_hash: bytes, client_id: str, code_challenge: str, now: datetime
) -> None:
    """Do so for a code of which only the hash is known."""
    found = store.code_claimed_before(session, code_hash, client_id, code_challenge, now - CODE_GRACE)
    if found is not None:
        audit.event("code_reused", client_id=client_id, grant_id=found.grant_id)
        _end_reused(session, found, now)


def take_note_of_repeat(
    session: Session, token: str, client_id: str, now: datetime, jkt: str | None = None
) -> bool:
    """Look at a refresh token that could not be exchanged; True if its answer may just have got lost.

    Then, if for a moment nobody else tries, `claim_repeat` may exchange it. A reuse ends its family (RFC
    9700 §4.14.2), and the customer can read it in the grant's history.
    Whoever lacks the key that the token is bound to can bring about neither.
    """
    hashed = token_hash(token)
    stored = store.find_refresh_token(session, hashed)
    if stored is None or stored.authorisation.client_id != client_id:
        return False
    if stored.authorisation.jkt not in (None, jkt):
        return False
    used = repeats.successor_used(session, stored.authorisation.family_id, hashed)
    verdict = judge_repeat(stored, successor_used=used, now=now)
    if verdict == "reuse":
        audit.event("refresh_token_reused", client_id=client_id, grant_id=stored.authorisation.grant_id)
        _end_reused(session, stored.authorisation, now)
    return verdict == "repeat" and repeats.count_repeat(session, hashed) == 1


def claim_repeat(session: Session, token: str, now: datetime) -> Authorisation | None:
    """Take a refresh token for its one repeated exchange, after `take_note_of_repeat` has allowed it.

    What the first exchange gave is put to an end. None if others have tried as well, or it was used.
    """
    hashed = token_hash(token)
    stored = store.find_refresh_token(session, hashed)
    if stored is None:
        return None
    found = stored.authorisation
    hold(session, found)
    return found if repeats.claim_repeat(session, found.family_id, hashed, now) else None


def hold(session: Session, found: Authorisation) -> None:
    """Lock the grant before several of its tokens: so two transactions never wait for each other."""
    grants.find_grant(session, found.customer_id, found.grant_id, lock=True)


def _end_reused(session: Session, found: Authorisation, now: datetime) -> None:
    hold(session, found)
    if store.end_family(session, found.family_id, now):
        consent.record_reuse(session, found.customer_id, found.grant_id, now)
