"""Grants on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ccx_broker.consent.rules import Change, Grant, GrantEvent


class GrantOut(BaseModel):
    """What one organisation may have of a customer, until when."""

    grant_id: UUID
    organisation: str = Field(description="The organisation's trading name.")
    organisation_id: UUID
    application: str = Field(description="The application through which it last asked.")
    client_id: str
    subject: str = Field(description="The name by which this organisation, and no other, knows the customer.")
    state: Literal["live", "ended"]
    keys: list[str]
    purposes: list[str] = Field(description="W3C DPV terms.")
    include_defaults: bool = Field(description="Whether guesses fill what the customer has not said.")
    allow_events: bool = Field(description="Whether it may send the customer's behaviour.")
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_reason: Literal["withdrawn", "expired", "returned", "replaced"] | None = Field(
        description="Ended by you, by its time, by the organisation, or for a new one in its place."
    )
    version: int = Field(description="Counts what happened to it; also its ETag.")


class GrantPage(BaseModel):
    """A page of grants, newest first."""

    items: list[GrantOut]
    next: str | None


class GrantChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    keys: list[str] | None = Field(None, max_length=500, description="The keys to keep: some of the present.")
    expires_at: AwareDatetime | None = Field(None, description="At most 365 days from now.")
    include_defaults: bool | None = None
    allow_events: bool | None = Field(None, description="Can only be switched off.")

    def change(self) -> Change:
        """Return it as the rules want it."""
        return Change(
            keys=None if self.keys is None else frozenset(self.keys),
            expires_at=self.expires_at,
            include_defaults=self.include_defaults,
            allow_events=self.allow_events,
        )


class GrantEventOut(BaseModel):
    """One thing that happened to a grant, and what held from then on."""

    version: int
    action: str = Field(
        description="`granted`, `amended`, `narrowed`, `shortened`, `extended`, `withdrawn`, `expired`, "
        "`returned` (the organisation gave it back), `replaced` (a new one took its place) or `token_reuse` "
        "(a token came twice, as a stolen one would, so the application's access was cut off)."
    )
    at: datetime
    keys: list[str]
    purposes: list[str]
    include_defaults: bool
    allow_events: bool
    expires_at: datetime


class GrantHistory(BaseModel):
    """Everything that happened to a grant, oldest first."""

    items: list[GrantEventOut]


def grant_out(grant: Grant, names: Mapping[str, tuple[str, str]], now: datetime) -> GrantOut:
    """Write a grant; `names` has its client's organisation and application."""
    seen = grant.as_seen(now)
    organisation, application = names[grant.client_id]
    return GrantOut.model_validate(
        vars(seen)
        | {
            "organisation": organisation,
            "application": application,
            "state": "live" if seen.ended_at is None else "ended",
            "keys": list(seen.keys),
            "purposes": list(seen.purposes),
        }
    )


def event_out(event: GrantEvent) -> GrantEventOut:
    """Write a line of a grant's history."""
    terms = event.terms
    return GrantEventOut(
        version=event.version,
        action=event.action,
        at=event.at,
        keys=list(terms.keys),
        purposes=list(terms.purposes),
        include_defaults=terms.include_defaults,
        allow_events=terms.allow_events,
        expires_at=terms.expires_at,
    )
