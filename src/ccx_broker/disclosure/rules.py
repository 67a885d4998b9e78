"""Who may read what: one pure decision, taken anew at every read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ccx_broker.consent.rules import Grant
from ccx_broker.oauth.rules import API
from ccx_broker.oauth.rules.proofs import Flawed, Proof
from ccx_broker.profile.rules import Default, Held, Stated, effective_all

READ_BY_SUBJECT = "preferences:read"


class Reason(StrEnum):
    """Why a read was refused, as the customer's log says it. The organisation is told less."""

    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105
    TOKEN_FOR_ANOTHER = "token_for_another"  # noqa: S105
    PROOF_MISSING = "proof_missing"
    PROOF_FLAWED = "proof_flawed"
    PROOF_OF_ANOTHER_KEY = "proof_of_another_key"
    PROOF_USED_BEFORE = "proof_used_before"
    TOKEN_HAS_NO_CUSTOMER = "token_has_no_customer"  # noqa: S105
    SCOPE_MISSING = "scope_missing"
    SUBJECT_UNKNOWN = "subject_unknown"
    SUBJECT_OF_ANOTHER = "subject_of_another"
    NO_LIVE_GRANT = "no_live_grant"
    GRANT_ENDED = "grant_ended"
    GRANT_EXPIRED = "grant_expired"


@dataclass(frozen=True)
class Token:
    """An access token as it was issued: a customer's own, or (with no customer) an organisation's."""

    client_id: str
    organisation_id: UUID
    customer_id: UUID | None
    scopes: tuple[str, ...]
    keys: tuple[str, ...]
    audience: str
    expires_at: datetime
    revoked_at: datetime | None
    jkt: str | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that one decision needs, as it stood at the moment `at`.

    `owner` is the organisation that knows the asked subject by that name, `customer_id` the customer whom
    the subject or the token names. `stated` and `defaults` hold the grant's keys. `proof` came with the
    token (RFC 9449), `fresh` says that it was not used before.
    """

    at: datetime
    token: Token | None
    by_subject: bool
    owner: UUID | None
    customer_id: UUID | None
    grant: Grant | None
    stated: Mapping[str, Stated]
    defaults: Mapping[str, Default]
    proof: Proof | Flawed | None = None
    fresh: bool = True


@dataclass(frozen=True)
class Disclosed:
    """The read is allowed, and this is all that it may see."""

    at: datetime
    token: Token
    grant: Grant
    values: tuple[Held, ...]


@dataclass(frozen=True)
class Refused:
    """The read is not allowed. Without a customer or a token there is nobody whose log could tell."""

    at: datetime
    reason: Reason
    token: Token | None = None
    customer_id: UUID | None = None
    grant_id: UUID | None = None


def decide(facts: Facts, inferable: Collection[str]) -> Disclosed | Refused:
    """Decide one read: a live token, for this way of asking, under a live grant; then the values.

    `inferable`: the keys that may be guessed at all, whatever is stored.
    """
    token, grant, at = facts.token, facts.grant, facts.at
    if token is None:
        return Refused(at, Reason.TOKEN_UNKNOWN)
    reason = _token_flaw(token, facts) or (_subject_flaw(token, facts) if facts.by_subject else None)
    reason = reason or _grant_flaw(grant, at)
    if reason or grant is None:
        grant_id = grant.grant_id if grant else None
        return Refused(at, reason or Reason.NO_LIVE_GRANT, token, facts.customer_id, grant_id)
    held = effective_all(facts.stated, facts.defaults if grant.include_defaults else {}, inferable)
    # `held` may name keys beyond the grant (data.profiling decides about guesses): only these may leave.
    # An absent one leaves no trace, like one that was never granted.
    keys = grant.keys if facts.by_subject else (key for key in grant.keys if key in token.keys)
    return Disclosed(at, token, grant, tuple(held[key] for key in keys if key in held))


def proof_to_spend(facts: Facts) -> Proof | None:
    """Return the proof that a read uses up: only one that fits its token, so that strangers use up nothing."""
    proof, token = facts.proof, facts.token
    fits = isinstance(proof, Proof) and token is not None and token.jkt == proof.jkt
    return proof if fits and isinstance(proof, Proof) else None


def _token_flaw(token: Token, facts: Facts) -> Reason | None:
    if token.revoked_at is not None:
        return Reason.TOKEN_REVOKED
    if token.expires_at <= facts.at:
        return Reason.TOKEN_EXPIRED
    if token.audience != API:
        return Reason.TOKEN_FOR_ANOTHER
    if flaw := _proof_flaw(token, facts):
        return flaw
    if not facts.by_subject:
        return None if token.customer_id else Reason.TOKEN_HAS_NO_CUSTOMER
    # A customer's token reads that customer and nobody else, so it is no key to the others.
    is_own = token.customer_id is None and READ_BY_SUBJECT in token.scopes
    return None if is_own else Reason.SCOPE_MISSING


def _proof_flaw(token: Token, facts: Facts) -> Reason | None:
    """A token that is bound to a key is good only with a proof by that key, and no other with any (RFC 9449)."""
    reason: Reason | None = None
    match facts.proof:
        case None:
            reason = Reason.PROOF_MISSING if token.jkt else None
        case Flawed():
            reason = Reason.PROOF_FLAWED
        case Proof(jkt=jkt) if jkt != token.jkt:
            reason = Reason.PROOF_OF_ANOTHER_KEY
        case _ if not facts.fresh:
            reason = Reason.PROOF_USED_BEFORE
    return reason


def _subject_flaw(token: Token, facts: Facts) -> Reason | None:
    if facts.owner is None:
        return Reason.SUBJECT_UNKNOWN
    return None if facts.owner == token.organisation_id else Reason.SUBJECT_OF_ANOTHER


def _grant_flaw(grant: Grant | None, at: datetime) -> Reason | None:
    if grant is None:
        return Reason.NO_LIVE_GRANT
    if grant.is_live(at):
        return None
    return Reason.GRANT_ENDED if grant.ended_at else Reason.GRANT_EXPIRED
