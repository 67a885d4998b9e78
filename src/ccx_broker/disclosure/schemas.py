"""What an organisation receives, on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from ccx_broker.consent.rules import Grant
from ccx_broker.disclosure.rules import READ_BY_SUBJECT, Disclosed, Reason, Refused
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.errors import Forbidden, NotFound, NotSignedIn, Problem
from ccx_broker.profile.rules import Held

ANSWERS = {
    401: "The access token is missing, unknown, expired or revoked, or what it was granted has ended",
    403: "The access token is not for this way of reading",
    404: "Nothing is shared with you under this name",
    503: "Too many requests are waiting; try again after `Retry-After` seconds",
}


class SharedPreference(BaseModel):
    """One preference that the customer chose to share."""

    key: str
    value: Any
    source: Literal["stated", "default", "imported"]
    confidence: Annotated[float | None, Field(description="0 to 1, only where `source` is `default`")] = None
    rank: Literal["need", "want", "delighter"]
    set_at: datetime


class SharedProfile(BaseModel):
    """What one customer shares with the organisation that asks."""

    subject: str
    preferences: list[SharedPreference]
    grant_id: UUID
    expires_at: datetime


class NotShared(BaseModel):
    """Nothing is shared under this name: unknown, never granted, ended, or not yours, all the same."""

    subject: str
    error: Literal["not_shared"]


class Subjects(BaseModel):
    """Whom to read."""

    subjects: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=500)]


class SharedProfiles(BaseModel):
    """One item for each subject asked, in the same order."""

    items: list[SharedProfile | NotShared]


def profile(outcome: Disclosed) -> dict[str, Any]:
    """Lay out one `SharedProfile`."""
    return shared_profile(outcome.grant, outcome.values)


def shared_profile(grant: Grant, values: Sequence[Held]) -> dict[str, Any]:
    """Lay out what these values are under this grant."""
    return {
        "subject": grant.subject,
        "preferences": [
            {
                "key": held.key,
                "value": held.value,
                "source": held.source,
                **({} if held.confidence is None else {"confidence": held.confidence}),
                "rank": held.rank,
                "set_at": held.set_at,
            }
            for held in values
        ],
        "grant_id": grant.grant_id,
        "expires_at": grant.expires_at,
    }


def profiles(subjects: Sequence[str], outcomes: Sequence[Disclosed | Refused]) -> dict[str, Any]:
    """Lay out `SharedProfiles`."""
    return {
        "items": [
            profile(outcome)
            if isinstance(outcome, Disclosed)
            else {"subject": subject, "error": "not_shared"}
            for subject, outcome in zip(subjects, outcomes, strict=True)
        ]
    }


# One answer for every name that leads nowhere: unknown, another's, never granted, ended (promise 1).
NOT_SHARED = NotFound("No customer shares anything with you under this name.", slug="not-shared")

# A good token, but not for this way of reading: what is said, and the scope that would do.
NOT_FOR_THIS: dict[Reason, tuple[str, str | None]] = {
    Reason.TOKEN_HAS_NO_CUSTOMER: (
        "This token is your organisation's own: read a customer by subject, or use a customer's token.",
        None,
    ),
    Reason.SCOPE_MISSING: (
        f"Reading by subject takes a client_credentials token with the scope {READ_BY_SUBJECT}.",
        READ_BY_SUBJECT,
    ),
}
NO_GOOD = {r for r in Reason if r.startswith(("token_", "proof_"))} - NOT_FOR_THIS.keys()


def invalid_token(issuer: str) -> Problem:
    """Say that the token is no good, whatever the reason, so that a guess teaches nothing (RFC 6750 §3.1)."""
    return NotSignedIn(
        "Refresh the access token, or ask the customer again: it is unknown, expired, revoked or withdrawn.",
        slug="invalid-token",
        headers=challenge(issuer, "invalid_token"),
    )


def token_problem(reason: Reason, issuer: str) -> Problem | None:
    """Return what is wrong with the token itself; None if the flaw is in what it asks for."""
    if reason in NO_GOOD:
        return invalid_token(issuer)
    if reason not in NOT_FOR_THIS:
        return None
    detail, scope = NOT_FOR_THIS[reason]
    headers = challenge(issuer, "insufficient_scope", scope)
    return Forbidden(detail, slug="insufficient-scope", headers=headers)
