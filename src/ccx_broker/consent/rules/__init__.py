"""What a customer lets an organisation have: asking, answering, narrowing, ending. Pure decisions.

Whatever way an application asks (scopes, authorization details), it becomes one `Ask`; whatever way the
customer answers becomes one `Answer`; `decide_grant` alone turns the two into terms. Reading top to bottom tells what a
grant can ever contain: nothing that was not asked for, nothing that was not ticked.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from ccx_broker.consent.rules.asks import (
    Ask,
    CatalogueItem,
    Detail,
    Mode,
    ask_of,
    ask_of_scopes,
    keys_of_scopes,
)

__all__ = ["Ask", "CatalogueItem", "Detail", "Mode", "ask_of", "ask_of_scopes", "keys_of_scopes"]

LONGEST = timedelta(days=365)
NOTICE = timedelta(days=7)
"""So long before its end is a grant's customer told of it, at most."""
WORTH_A_NOTICE = timedelta(days=3)
"""A grant that runs for less has hardly been forgotten by the time it ends."""
"""No grant reaches further than this from the moment the customer last said so."""

DURATIONS: dict[str, timedelta] = {
    "now": timedelta(hours=1),
    "month": timedelta(days=30),
    "quarter": timedelta(days=90),
    "year": LONGEST,
}
"""What the consent page offers."""

DEFAULT_DURATION = "quarter"
ASKED = "asked"
"""The duration that the application itself has named."""

Action = Literal["granted", "amended", "narrowed", "shortened", "extended"]

Ended = Literal["withdrawn", "expired", "returned", "replaced"]
"""Why a grant ended: by the customer, by time, by the organisation, or because a new one took its place."""


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

    def ended(self, at: datetime, reason: Ended) -> "Grant":
        """Return this grant, ended for good; one that has `expired`, at the time it said."""
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
    only_sign_in: bool = False
    """Nothing but that they are who they are; where nothing else was asked, that goes without saying."""


@dataclass(frozen=True)
class Refusal:
    """Why a grant did not come about or did not change; `reason` is for programs."""

    reason: Literal[
        "nothing_ticked",
        "not_asked",
        "too_long",
        "ended",
        "wider",
        "empty",
        "in_the_past",
        "no_such_grant",
    ]
    keys: tuple[str, ...] = ()


def notice_from(grant: Grant) -> datetime:
    """Return when to tell the customer that a grant will end: a week before, or when two thirds are over.

    One that runs for less than three days is not told of: the time returned is its end.
    """
    term = grant.expires_at - grant.granted_at
    return grant.expires_at - (min(NOTICE, term / 3) if term >= WORTH_A_NOTICE else timedelta())


def durations_of(ask: Ask, now: datetime) -> dict[str, timedelta]:
    """Return what the customer can choose from, by name: never longer than was asked for.

    `asked` is exactly until the time that the application named.
    """
    if ask.until is None:
        return DURATIONS
    shorter = {name: length for name, length in DURATIONS.items() if now + length < ask.until}
    return shorter | {ASKED: ask.until - now}


def is_meant(ask: Ask, present: Grant | None, now: datetime) -> bool:
    """Say whether a request that names a grant names this one, and it is live."""
    if ask.grant_id is None:
        return True
    return present is not None and present.grant_id == ask.grant_id and present.is_live(now)


def covers(grant: Grant, ask: Ask) -> bool:
    """Say whether a grant holds all that is asked: then answering again tells the organisation nothing new.

    Never where the request is about the grant itself: its end, or what becomes of it. Nor for a purpose
    that the customer has not seen: what was shared for one is not shared for another.
    """
    if ask.until is not None or ask.grant_id is not None or ask.mode != "merge":
        return False
    if not ask.only_sign_in and not set(ask.purposes) <= set(grant.purposes):
        return False
    return set(ask.keys) <= set(grant.keys) and (grant.allow_events or not ask.wants_events)


def decide_grant(ask: Ask, answer: Answer, present: Grant | None, now: datetime) -> Terms | Refusal:
    """Decide the terms that follow from `answer`, beside those of the `present` live grant.

    A merge keeps the keys that this request did not ask about and replaces the others. Guesses,
    behaviour and the end date hold for the whole grant, so the newest answer to them wins where the
    question was put, and the page says so. In the other modes nothing is left of what was before.

    A grant without keys says only that the customer is who they are (`openid`): every grant does.
    """
    if not is_meant(ask, present, now):
        return Refusal("no_such_grant")
    if not answer.keys <= set(ask.keys):
        return Refusal("not_asked", tuple(sorted(answer.keys - set(ask.keys))))
    if answer.duration > LONGEST:
        return Refusal("too_long")
    if ask.until is not None and ask.until <= now:
        return Refusal("in_the_past")
    events = ask.wants_events and answer.allow_events
    only_sign_in = ask.only_sign_in or (ask.sign_in and answer.only_sign_in)
    if not answer.keys and not events and not only_sign_in:
        return Refusal("nothing_ticked")
    if present is not None and (ask.mode != "merge" or not present.is_live(now)):
        present = None
    kept = tuple(key for key in present.keys if key not in ask.keys) if present else ()
    purposes = (*present.purposes, *ask.purposes) if present and kept else ask.purposes
    expires_at = now + answer.duration
    return Terms(
        keys=(*kept, *(key for key in ask.keys if key in answer.keys)),
        purposes=tuple(dict.fromkeys(purposes)),
        include_defaults=answer.include_defaults
        if ask.offers_defaults
        else bool(present and present.include_defaults),
        allow_events=events if ask.wants_events else bool(present and present.allow_events),
        expires_at=expires_at if ask.until is None else min(expires_at, ask.until),
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
    if not keys and not allow_events and (grant.keys or grant.allow_events):
        return Refusal("empty")
    include_defaults = grant.include_defaults and change.include_defaults is not False
    return replace(grant.terms, keys=keys, allow_events=allow_events, include_defaults=include_defaults)
