"""The wire shapes of accounts."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ccx_broker.accounts.rules import SignedInSession
from ccx_broker.accounts.rules.passkeys import Passkey


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


PublicKeyCredential = Annotated[
    dict[str, Any],
    Field(
        description="What the browser answered: a `PublicKeyCredential` by its `toJSON()` (WebAuthn §5.1)."
    ),
]


class PasskeyOptions(BaseModel):
    """What `navigator.credentials` takes: `publicKey`, in JSON form, to be answered within ten minutes."""

    publicKey: dict[str, Any]


class NewPasskeyAccount(BaseModel):
    """A sign-up that a passkey shall open."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(description="Where to reach you; compared without case.", examples=["ada@example.org"])
    name: str = Field(description="What you would like to be called, 1 to 100 characters.", examples=["Ada"])


class PasskeyAccount(NewPasskeyAccount):
    """The sign-up itself, with the passkey."""

    credential: PublicKeyCredential


class AccountOpened(SessionMade):
    """The new customer, signed in."""

    customer_id: UUID


class PasskeyProof(BaseModel):
    """A sign-in with a passkey."""

    model_config = ConfigDict(extra="forbid")

    credential: PublicKeyCredential


class RecoveryProof(BaseModel):
    """A sign-in with a recovery code."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(repr=False, examples=["k3f9-7m2x-0wq4-ehz8"])


class Confirmation(BaseModel):
    """A proof that it is still you: exactly one of the three."""

    model_config = ConfigDict(extra="forbid")

    password: str | None = Field(default=None, repr=False)
    credential: PublicKeyCredential | None = None
    recovery_code: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def one(self) -> Self:
        """Refuse none and more than one."""
        given = [x for x in (self.password, self.credential, self.recovery_code) if x is not None]
        if len(given) != 1:
            raise ValueError("send exactly one of password, credential and recovery_code")
        return self


class Account(BaseModel):
    """Who you are here and how you sign in."""

    customer_id: UUID
    email: str
    name: str
    created_at: datetime
    password: bool = Field(description="Whether there is one.")
    passkeys: int
    recovery_codes_left: int
    fresh: bool = Field(
        description="Whether what leads into the account may be changed now, without a confirmation."
    )


class NewName(BaseModel):
    """What to be called from now on, 1 to 100 characters."""

    model_config = ConfigDict(extra="forbid")

    name: str


class NewEmail(BaseModel):
    """Another address. With a password, send the present one along: the two are one key."""

    model_config = ConfigDict(extra="forbid")

    email: str
    password: str = Field(default="", repr=False)


class NewPassword(BaseModel):
    """Another password, 8 to 128 characters of any kind."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(repr=False)


class PasskeyShown(BaseModel):
    """One of your passkeys."""

    passkey_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Show a passkey."""
        return cls(
            passkey_id=passkey.passkey_id,
            name=passkey.name,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
        )


class PasskeyList(BaseModel):
    """Your passkeys, the oldest first; there are 20 at most."""

    items: list[PasskeyShown]


class NewPasskey(BaseModel):
    """One more passkey."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="By which you know it again; else the browser's name.")
    credential: PublicKeyCredential


class RecoveryCodes(BaseModel):
    """Ten codes, good once each and shown this once. Earlier ones are ended."""

    codes: list[str]


class RecoveryCodesLeft(BaseModel):
    """How many codes are still good, and since when there are these; null if there never were any."""

    left: int
    made_at: datetime | None


class SignedOut(BaseModel):
    """In how many other places you were signed in."""

    ended: int
