"""What the doors of every feature may rely on at run time; `create_app` makes it from the settings."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Annotated

from fastapi import Depends, Request
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session, sessionmaker


@dataclass(frozen=True)
class Lifetimes:
    """How long each thing that is given out may be used."""

    session: timedelta
    code: timedelta
    access_token: timedelta
    refresh_token: timedelta


@dataclass(frozen=True)
class Keys:
    """Secrets for keyed hashes, one a use, so that a value made for one use is worthless in another."""

    secret: bytes
    password: bytes

    def mac(self, use: str, message: str) -> bytes:
        """Return 32 bytes: HMAC-SHA-256 (RFC 2104) of `message`, bound to `use`."""
        return hmac.new(self.secret, f"{use}\0{message}".encode(), hashlib.sha256).digest()


@dataclass(frozen=True)
class Runtime:
    """The put-together parts: where the data is, who we are, which secrets and lifetimes hold."""

    issuer: str
    sessions: sessionmaker[Session]
    pool: AsyncConnectionPool
    keys: Keys
    lifetimes: Lifetimes
    learnt: Event = field(default_factory=Event)
    """Set when behaviour has come in: conclusions may be due."""

    @property
    def secure_cookies(self) -> bool:
        """Cookies are marked Secure (and named `__Host-…`) wherever the issuer is https."""
        return self.issuer.startswith("https://")


def runtime_of(request: Request) -> Runtime:
    """Return the runtime of the application that serves this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


Rt = Annotated[Runtime, Depends(runtime_of)]
