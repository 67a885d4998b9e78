"""All SQL of pushed authorization requests (RFC 9126). Each is found by the hash of its URI."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, insert, update
from sqlalchemy.orm import Session

from ccx_broker.oauth.tables import PushedRequestRow


def insert_pushed(
    session: Session, uri_hash: bytes, client_id: str, parameters: Mapping[str, str], expires_at: datetime
) -> None:
    """Keep a request that a client has pushed."""
    session.execute(
        insert(PushedRequestRow).values(
            uri_hash=uri_hash, client_id=client_id, parameters=dict(parameters), expires_at=expires_at
        )
    )


def open_pushed(
    session: Session, uri_hash: bytes, client_id: str, *, now: datetime, open_until: datetime
) -> dict[str, str] | None:
    """Return the parameters of a live, unanswered request of this client, and hold it to the end.

    The first to open it moves its end to `open_until`. Two who answer at once come one after the other,
    and the second finds it answered.
    """
    return session.scalar(
        update(PushedRequestRow)
        .where(
            PushedRequestRow.uri_hash == uri_hash,
            PushedRequestRow.client_id == client_id,
            PushedRequestRow.expires_at > now,
            PushedRequestRow.answered_at.is_(None),
        )
        .values(
            opened_at=func.coalesce(PushedRequestRow.opened_at, now),
            expires_at=case(
                (PushedRequestRow.opened_at.is_(None), open_until), else_=PushedRequestRow.expires_at
            ),
        )
        .returning(PushedRequestRow.parameters)
    )


def close_pushed(session: Session, uri_hash: bytes, now: datetime) -> None:
    """Note that the request was answered: nobody can open it again."""
    session.execute(
        update(PushedRequestRow).where(PushedRequestRow.uri_hash == uri_hash).values(answered_at=now)
    )
