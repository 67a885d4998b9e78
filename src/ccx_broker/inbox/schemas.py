"""Messages on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from ccx_broker.inbox.service import Told
from ccx_broker.kit.paging import Page
from ccx_broker.messages.rules import Kind


class Message(BaseModel):
    """Something that you should know."""

    message_id: UUID
    kind: Kind
    title: str
    text: str
    values: Annotated[dict[str, str], Field(description="whom and what it is about: ids and names")]
    made_at: datetime
    read_at: datetime | None


class MessagePage(BaseModel):
    """A page of messages, newest first."""

    items: list[Message]
    next: str | None


class MailChoice(BaseModel):
    """Whether messages also come by e-mail; those about security always do."""

    wanted: bool


def message(told: Told) -> Message:
    """Lay a message out, in English."""
    return Message(
        message_id=told.message.message_id,
        kind=told.message.kind,
        title=str(told.title),
        text=str(told.text),
        values=dict(told.message.values),
        made_at=told.message.made_at,
        read_at=told.message.read_at,
    )


def message_page(page: Page[Told]) -> MessagePage:
    """Lay a page out."""
    return MessagePage(items=[message(told) for told in page.items], next=page.next)
