"""The wire shapes of accounts."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ccx_broker.accounts.rules import SignedInSession


class NewAccount(BaseModel):
    """A sign-up."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(description="Where to reach you; compared without case.", examples=["ada@example.org"])
    password: str = Field(description="8 to 128 characters of any kind.", repr=False)
    name: str = Field(description="What you would like to be called, 1 to 100 characters.", examples=["Ada"])


class AccountMade(BaseModel):
    """The customer that address and password together lead to."""

    customer_id: UUID


class Credentials(BaseModel):
    """A sign-in."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(examples=["ada@example.org"])
    password: str = Field(repr=False)


class SessionMade(BaseModel):
    """A session token: send it as `Authorization: Bearer …`. It is shown this once."""

    token: str
    expires_at: datetime


class SessionShown(BaseModel):
    """One place where you are signed in."""

    session_id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime = Field(description="To within five minutes.")
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, session: SignedInSession, current: UUID) -> Self:
        """Show `session` to the one called `current`."""
        return cls(
            session_id=session.session_id,
            device=session.device,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            current=session.session_id == current,
        )


class SessionList(BaseModel):
    """Where you are signed in, the newest first."""

    items: list[SessionShown]
    next: str | None
