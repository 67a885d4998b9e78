"""Limits at the OAuth endpoints: counted in memory, and failures also in the database that all processes share.

A request that is allowed costs no statement. A failure costs one, which counts it and tells the total of
all processes, so each of them learns with its own next failure that the limit is reached.
"""

import base64
from collections.abc import Mapping
from threading import Lock
from urllib.parse import unquote

import orjson
from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from ccx_broker.accounts.rules.origin import network_of
from ccx_broker.kit import audit, clock
from ccx_broker.kit.errors import TooMany
from ccx_broker.kit.runtime import Keys, runtime_of
from ccx_broker.oauth.rules.limits import (
    GUESSED,
    STARTING,
    Limits,
    Table,
    seconds_left,
    window_of,
)
from ccx_broker.oauth.store import failures as store
from ccx_broker.words import say


class Limiter:
    """One a process."""

    def __init__(self, limits: Limits, keys: Keys) -> None:
        self.limits, self._keys = limits, keys
        self._failures, self._starts, self._requests = Table(), Table(), Table()
        self._lock = Lock()

    def allows(self, request: Request, claimed: str | None = None, *, page: bool = False) -> bool:
        """Count a request of its network address; False if that, or the client it claims to be, has too many.

        What a client claims is only looked up, never counted: or anybody could shut another's client out.
        On a page there is nothing to guess at, so failures don't close it.
        """
        now = clock.now()
        names = [("network", network(request)), *([("client", claimed)] if claimed else [])]
        starting = request.url.path in STARTING
        with self._lock:
            looked_at = [self._requests, *([self._starts] if starting else [])]
            looked_at += [] if page else [self._failures]
            if any(table.refuses(name, now) for table in looked_at for name in names):
                return False
            started = not starting or self._starts.count(names[0], self.limits.starts, now)
            return self._requests.count(names[0], self.limits.requests, now) and started

    def proved(self, client_id: str, path: str) -> None:
        """Count a request of a client that has proved itself."""
        now, name = clock.now(), ("client", client_id)
        with self._lock:
            self._requests.count(name, self.limits.requests, now)
            if path in STARTING:
                self._starts.count(name, self.limits.starts, now)

    def failed(self, session: Session, network: str, client_id: str | None) -> None:
        """Count a failure of a network address, and of a client that had proved itself before it failed."""
        now = clock.now()
        for name in (("network", network), *([("client", client_id)] if client_id else [])):
            # A network address is kept only as a keyed hash (docs/security.md).
            bucket = self._keys.mac(f"limits.{name[0]}", name[1])
            if store.count_failure(session, bucket, window_of(now)) >= self.limits.failures:
                audit.event(
                    "rate_limited",
                    client_id=client_id if name[0] == "client" else None,
                    network=bucket.hex()[:16] if name[0] == "network" else None,
                )
                with self._lock:
                    self._failures.refuse(name, now)


def limiter_of(request: Request) -> Limiter:
    """Return the limiter of the application that serves this request."""
    limiter: Limiter = request.app.state.limiter
    return limiter


def network(request: Request) -> str:
    """Where a request comes from; behind a proxy, the server has put the client's address there."""
    return network_of(request.client.host if request.client else None)


def limited_page(request: Request) -> None:
    """Dependency of pages at the OAuth endpoints; raises `TooMany`."""
    _limit(request, page=True)


def limited(request: Request) -> None:
    """Dependency of the OAuth endpoints that answer with problems; raises `TooMany`."""
    _limit(request, page=False)


def _limit(request: Request, *, page: bool) -> None:
    if not limiter_of(request).allows(request, page=page):
        raise TooMany(
            say("Too much came from your network at once. Wait a minute, then try again."),
            retry_after=seconds_left(clock.now()),
        )


def too_many() -> JSONResponse:
    """Answer 429 (RFC 6585 §4) as OAuth endpoints do: RFC 9126 §2.3 for one, RFC 6749 §5.2 for the form."""
    said = "Too many requests or failures from this network address or of this client in the last minute."
    return JSONResponse(
        {"error": "temporarily_unavailable", "error_description": said},
        429,
        {
            "Retry-After": str(seconds_left(clock.now())),
            "Cache-Control": "no-store",
            "Pragma": "no-cache",
        },
    )


def claimed_client(headers: Mapping[str, str], parameters: Mapping[str, str]) -> str | None:
    """Return the client that a request claims to be, unchecked (RFC 6749 §2.3.1)."""
    kind, _, credentials = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            return unquote(base64.b64decode(credentials).decode().partition(":")[0])
        except ValueError:
            return None
    return parameters.get("client_id")


def is_failure(response: JSONResponse) -> bool:
    """Say whether an answer is what a guess gets."""
    return response.status_code >= 400 and orjson.loads(bytes(response.body)).get("error") in GUESSED


def hashed_network(request: Request) -> str:
    """Name a network address in the log so that it can be told apart and not be read."""
    return runtime_of(request).keys.mac("limits.network", network(request)).hex()[:16]
