"""The wire shapes of a customer's defaults and events."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class DefaultItem(BaseModel):
    """A guess from behaviour, and why."""

    key: str
    question: str = Field(description="What the key asks, in plain words.")
    value: Any
    described: str = Field(description="The value in plain words.")
    confidence: float = Field(gt=0, lt=1, description="The probability that it is right.")
    evidence: dict[str, Any] = Field(description="`sentence` is for people; the rest are its numbers.")
    state: Literal["offered", "accepted", "dismissed"]
    computed_at: datetime


class DefaultList(BaseModel):
    """All guesses about a customer, the dismissed ones included."""

    items: list[DefaultItem]


class EventItem(BaseModel):
    """Something that an organisation observed."""

    event_id: UUID
    organisation_id: UUID
    organisation: str = Field(description="Who sent it.")
    event: str
    at: datetime = Field(description="When it happened.")
    received_at: datetime
    summary: str = Field(description="The gist, in plain words.")


class EventPage(BaseModel):
    """Events, the latest received first."""

    items: list[EventItem]
    next: str | None
