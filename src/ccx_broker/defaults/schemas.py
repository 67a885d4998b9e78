"""The wire shapes of a customer's defaults and events."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from ccx_broker.defaults.rules.events import KeptEvent, Source
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import Default


class DefaultItem(BaseModel):
    """A guess from behaviour, and why."""

    key: str
    question: str = Field(description="What the key asks, in plain words.")
    value: Any = Field(description="Null: it was dismissed, and there would be nothing to guess now either.")
    described: str | None = Field(description="The value in plain words.")
    confidence: float | None = Field(gt=0, lt=1, description="The probability that it is right.")
    evidence: dict[str, Any] = Field(description="`sentence` is for people; the rest are its numbers.")
    state: Literal["offered", "accepted", "dismissed"]
    counts: bool = Field(
        description="Whether it is what counts for this key now. Not if it was answered, if you said something"
        " yourself, or if you said no to `data.profiling`."
    )
    computed_at: datetime

    @classmethod
    def of(cls, default: Default, *, counts: bool, describe: Callable[[str, Any], str]) -> Self:
        """Write a guess for the wire; `describe` puts its value into words."""
        nothing = default.value is None
        return cls(
            key=default.key,
            question=CATALOGUE.require(default.key).question,
            value=default.value,
            described=None if nothing else describe(default.key, default.value),
            confidence=None if nothing else default.confidence,
            evidence=dict(default.evidence),
            state=default.state,
            counts=counts,
            computed_at=default.computed_at,
        )


class DefaultList(BaseModel):
    """All guesses about a customer, the dismissed ones included."""

    items: list[DefaultItem]
    pending: bool = Field(
        description="Whether something was observed that the guesses don't show yet: it takes a moment."
    )


class EventItem(BaseModel):
    """Something that an organisation observed."""

    event_id: UUID
    organisation_id: UUID
    organisation: str = Field(description="Who sent it.")
    event: str
    at: datetime = Field(description="When it happened.")
    received_at: datetime
    summary: str = Field(description="The gist, in plain words.")
    learnt: bool = Field(
        description="Whether guesses rest on it. Not if it is sensitive, or came while learning was off, or"
        " its sender is not learnt from."
    )

    @classmethod
    def of(cls, event: KeptEvent, names: Mapping[UUID, str]) -> Self:
        """Write an event for the wire; `names` are those of the organisations."""
        return cls(
            event_id=event.event_id,
            organisation_id=event.organisation_id,
            organisation=names[event.organisation_id],
            event=event.name,
            at=event.at,
            received_at=event.received_at,
            summary=event.summary,
            learnt=event.learnt,
        )


class EventPage(BaseModel):
    """Events, the latest received first."""

    items: list[EventItem]
    next: str | None


class DefaultReasons(BaseModel):
    """A guess, what it was learnt from, and what would change it."""

    default: DefaultItem
    learnt_from: list[str] = Field(description="The names of the events from which this key is learnt.")
    events: list[EventItem] = Field(
        description="The latest ten of those that count, the last received first."
    )
    changes: list[str] = Field(description="What would change it, a sentence each.")


class SourceItem(BaseModel):
    """An organisation that sends behaviour, and whether anything is learnt from it."""

    organisation_id: UUID
    organisation: str = Field(description="Its name.")
    learning: bool = Field(description="Whether what it sends is learnt from, as far as you allow profiling.")
    stopped_at: datetime | None = Field(description="Since when it is not; null if it is.")
    events: int = Field(description="How many of its events are kept, the forgotten ones left out.")
    learnt: int = Field(description="How many of these guesses rest on; 0 while it is not learnt from.")
    first_at: datetime | None = Field(description="When the earliest of them happened.")
    last_at: datetime | None = Field(description="When the latest of them happened.")

    @classmethod
    def of(cls, source: Source, names: Mapping[UUID, str]) -> Self:
        """Write a source for the wire; `names` are those of the organisations."""
        learning = source.muted_at is None
        return cls(
            organisation_id=source.organisation_id,
            organisation=names[source.organisation_id],
            learning=learning,
            stopped_at=source.muted_at,
            events=source.events,
            learnt=source.learnt if learning else 0,
            first_at=source.first_at,
            last_at=source.last_at,
        )


class SourcePage(BaseModel):
    """Organisations that have sent something, and those that are not learnt from."""

    items: list[SourceItem]
    next: str | None
