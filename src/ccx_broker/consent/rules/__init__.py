"""What a customer lets an organisation have: asking, answering, narrowing, ending. Pure decisions.

Whatever way an application asks (scopes today), it becomes one `Ask`; whatever way the customer answers
becomes one `Answer`; `decide_grant` alone turns the two into terms. Reading top to bottom tells what a
grant can ever contain: nothing that was not asked for, nothing that was not ticked.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from ccx_broker.consent.rules.asks import Ask, CatalogueItem, ask_of_scopes, keys_of_scopes

__all__ = ["Ask", "CatalogueItem", "ask_of_scopes", "keys_of_scopes"]

LONGEST = timedelta(days=365)
"""No grant reaches further than this from the moment the customer last said so."""

DURATIONS: dict[str, timedelta] = {
    "now": timedelta(hours=1),
    "month": timedelta(days=30),
    "quarter": timedelta(days=90),
    "year": LONGEST,
}
"""What the consent page offers."""

DEFAULT_DURATION = "quarter"

Action = Literal["granted", "amended", "narrowed", "shortened", "extended", "withdrawn", "expired"]


@dataclass(frozen=True)
class Terms:
    """What holds from some moment on."""

    keys: tuple[str, ...]
    purposes: tuple[str, ...]
    include_defaults: bool
    allow_events: bool
    expires_at: datetime


@dataclass(frozen=True)
class Grant:
    """A grant as it stands. `version` counts what happened to it, from 1."""

    customer_id: UUID
    grant_id: UUID
    organisation_id: UUID
    client_id: str
    subject: str
    version: int
    keys: tuple[str, ...]
    purposes: tuple[str, ...]
    include_defaults: bool
    allow_events: bool
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_reason: str | None

    def is_live(self, now: datetime) -> bool:
        """Say whether anything may still be read under it."""
        return self.ended_at is None and now < self.expires_at

    @property
    def terms(self) -> Terms:
        """What the grant holds now."""
        return Terms(self.keys, self.purposes, self.include_defaults, self.allow_events, self.expires_at)

    def with_terms(self, terms: Terms) -> "Grant":
        """Return the next version of this grant, holding `terms`."""
        return replace(
            self,
            version=self.version + 1,
            keys=terms.keys,
            purposes=terms.purposes,
            include_defaults=terms.include_defaults,
            allow_events=terms.allow_events,
            expires_at=terms.expires_at,
        )

    def ended(self, at: datetime, reason: str) -> "Grant":
        """Return this grant, ended for good: `withdrawn`, or `expired` (then at the time it said)."""
        return replace(self, version=self.version + 1, ended_at=at, ended_reason=reason)

    def as_seen(self, now: datetime) -> "Grant":
        """Return this grant as ended if its time is over, whether or not that was written down yet."""
        if self.ended_at is None and now >= self.expires_at:
            return replace(self, ended_at=self.expires_at, ended_reason="expired")
        return self


@dataclass(frozen=True)
class GrantEvent:
    """One line of a grant's history: what happened, and the terms that held from then on."""

    version: int
    action: str
    at: datetime
    terms: Terms


@dataclass(frozen=True)
class Answer:
    """What the customer ticked."""

    keys: frozenset[str]
    duration: timedelta
    include_defaults: bool = False
    allow_events: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a grant did not come about or did not change; `reason` is for programs."""

    reason: Literal["nothing_ticked", "not_asked", "too_long", "ended", "wider", "empty", "in_the_past"]
    keys: tuple[str, ...] = ()


def decide_grant(ask: Ask, answer: Answer, present: Grant | None, now: datetime) -> Terms | Refusal:
    """Decide the terms that follow from `answer`, beside those of the `present` live grant.

    An amendment keeps the keys that this request did not ask about and replaces the others. Guesses,
    behaviour and the end date hold for the whole grant, so the newest answer to them wins where the
    question was put, and the page says so.
    """
    if not answer.keys <= set(ask.keys):
        return Refusal("not_asked", tuple(sorted(answer.keys - set(ask.keys))))
    if answer.duration > LONGEST:
        return Refusal("too_long")
    events = ask.wants_events and answer.allow_events
    if not answer.keys and not events:
        return Refusal("nothing_ticked")
    if present is not None and not present.is_live(now):
        present = None
    kept = tuple(key for key in present.keys if key not in ask.keys) if present else ()
    purposes = (*present.purposes, *ask.purposes) if present and kept else ask.purposes
    return Terms(
        keys=(*kept, *(key for key in ask.keys if key in answer.keys)),
        purposes=tuple(dict.fromkeys(purposes)),
        include_defaults=answer.include_defaults
        if ask.offers_defaults
        else bool(present and present.include_defaults),
        allow_events=events if ask.wants_events else bool(present and present.allow_events),
        expires_at=now + answer.duration,
    )


@dataclass(frozen=True)
class Change:
    """What a customer wants changed of a live grant, without the organisation; None leaves it be."""

    keys: frozenset[str] | None = None
    expires_at: datetime | None = None
    include_defaults: bool | None = None
    allow_events: bool | None = None


def decide_change(grant: Grant, change: Change, now: datetime) -> tuple[tuple[Action, Terms], ...] | Refusal:
    """Decide the steps from the grant's terms to the changed ones; none at all if it says so already.

    Keys and behaviour can only become less: more of either needs a request that says why. Guesses can
    be switched both ways, since they only fill keys that are granted.
    """
    if not grant.is_live(now):
        return Refusal("ended")
    narrower = _narrowed(grant, change)
    if isinstance(narrower, Refusal):
        return narrower
    steps: list[tuple[Action, Terms]] = []
    terms = grant.terms
    if narrower != terms:
        terms = narrower
        steps.append(("narrowed", terms))
    if change.include_defaults and not terms.include_defaults:
        terms = replace(terms, include_defaults=True)
        steps.append(("amended", terms))
    if change.expires_at is not None and change.expires_at != terms.expires_at:
        if change.expires_at <= now:
            return Refusal("in_the_past")
        if change.expires_at > now + LONGEST:
            return Refusal("too_long")
        action: Action = "shortened" if change.expires_at < terms.expires_at else "extended"
        steps.append((action, replace(terms, expires_at=change.expires_at)))
    return tuple(steps)


def _narrowed(grant: Grant, change: Change) -> Terms | Refusal:
    wanted = set(grant.keys) if change.keys is None else change.keys
    if not wanted <= set(grant.keys):
        return Refusal("wider", tuple(sorted(wanted - set(grant.keys))))
    if change.allow_events and not grant.allow_events:
        return Refusal("wider")
    keys = tuple(key for key in grant.keys if key in wanted)
    allow_events = grant.allow_events and change.allow_events is not False
    if not keys and not allow_events:
        return Refusal("empty")
    include_defaults = grant.include_defaults and change.include_defaults is not False
    return replace(grant.terms, keys=keys, allow_events=allow_events, include_defaults=include_defaults)
