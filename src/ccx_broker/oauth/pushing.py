"""Pushed authorization requests (RFC 9126): kept, opened by browsers, answered once.

"One use" is one answer, not one page view: the page is loaded again after sign-in, on a reload and with
every button (§4 allows that). A request has to be opened within 60 seconds; whoever has opened it may read
for as long as `READING`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ccx_broker.kit.ids import new_token, token_hash
from ccx_broker.oauth.store import pushed as store

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
READING = timedelta(minutes=30)


def push(session: Session, client_id: str, parameters: Mapping[str, str], now: datetime) -> str:
    """Keep a validated request; return its URI, of which only the hash is stored."""
    uri = PREFIX + new_token("ccxq")
    store.insert_pushed(session, token_hash(uri), client_id, parameters, now + LIFETIME)
    return uri


def open_pushed(session: Session, uri: str, client_id: str, now: datetime) -> dict[str, str] | None:
    """Return the parameters of a live, unanswered request of this client; nobody else answers it meanwhile."""
    return store.open_pushed(session, token_hash(uri), client_id, now=now, open_until=now + READING)


def close_pushed(session: Session, uri: str, now: datetime) -> None:
    """Note that the request was answered, by a code or by an error."""
    store.close_pushed(session, token_hash(uri), now)
