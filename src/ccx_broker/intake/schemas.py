"""The wire shapes of `POST /v1/events`, after the Segment spec's batch call."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Event(BaseModel):
    """One piece of behaviour. Checked one by one, so this model describes and does not validate."""

    type: Literal["track", "identify"]
    event: str = Field(
        default="", description="Needed for `track`: the name in the Segment spec, such as `Order Completed`."
    )
    userId: str = Field(description="The subject by which your organisation knows the customer.")
    messageId: str = Field(
        min_length=1, max_length=100, description="Yours, unique for each event: it makes a retry harmless."
    )
    timestamp: str = Field(description="When it happened: RFC 3339 with a time zone.")
    properties: dict[str, Any] = Field(default={}, description="What a track event is about.")
    traits: dict[str, Any] = Field(default={}, description="What an identify event says.")
    context: dict[str, Any] = Field(
        default={}, description="`timezone` (IANA) is where it happened; the rest is kept and not used."
    )


class RefusedEvent(BaseModel):
    """An event that was not kept. Correct `field` and send it again, or drop it."""

    index: int = Field(description="Its place in the batch, from 0.")
    message_id: str | None
    field: str
    reason: str


class BatchAnswer(BaseModel):
    """What became of the batch: the two numbers and the refused ones add up to its length."""

    accepted: int = Field(description="Events taken in by this request.")
    duplicates: int = Field(description="Events that had been taken in before, by their messageId.")
    refused: list[RefusedEvent]
