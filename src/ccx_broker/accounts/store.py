"""All SQL of accounts."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Row, Select, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ccx_broker.accounts.rules import Customer, SignedInSession, StoredSession
from ccx_broker.accounts.rules.attempts import Attempts
from ccx_broker.accounts.tables import CredentialRow, CustomerRow, SessionRow, ThrottleRow

THROTTLES_KEPT = timedelta(days=1)


def find_by_credentials(session: Session, email_key: bytes, verifier: bytes) -> UUID | None:
    """Return whose address and password these are together."""
    return session.scalar(
        select(CredentialRow.customer_id).where(
            CredentialRow.email_key == email_key, CredentialRow.verifier == verifier
        )
    )


def claim_credentials(session: Session, email_key: bytes, verifier: bytes, customer_id: UUID) -> UUID:
    """Bind address and password to `customer_id`; return whose they are: another's if they were bound before."""
    made = session.scalar(
        upsert(CredentialRow)
        .values(email_key=email_key, verifier=verifier, customer_id=customer_id)
        .on_conflict_do_nothing()
        .returning(CredentialRow.customer_id)
    )
    found = made or find_by_credentials(session, email_key, verifier)
    assert found is not None, "credentials are never deleted while a sign-up with them waits"  # noqa: S101
    return found


def add_customer(session: Session, customer: Customer) -> None:
    """Write a new customer."""
    session.execute(
        insert(CustomerRow).values(
            customer_id=customer.customer_id,
            email=customer.email,
            name=customer.name,
            created_at=customer.created_at,
        )
    )


def find_customer(session: Session, customer_id: UUID) -> Customer | None:
    """Return the customer, or None."""
    row = session.execute(
        select(CustomerRow.customer_id, CustomerRow.email, CustomerRow.name, CustomerRow.created_at).where(
            CustomerRow.customer_id == customer_id
        )
    ).one_or_none()
    return Customer(*row) if row else None


def add_session(session: Session, signed_in: SignedInSession, token_hash: bytes) -> None:
    """Write a new session."""
    session.execute(
        insert(SessionRow).values(
            customer_id=signed_in.customer.customer_id,
            session_id=signed_in.session_id,
            token_hash=token_hash,
            device=signed_in.device,
            created_at=signed_in.created_at,
            last_seen_at=signed_in.last_seen_at,
            expires_at=signed_in.expires_at,
        )
    )


def _sessions_with_customers() -> Select[*tuple[Any, ...]]:
    return select(
        CustomerRow.customer_id,
        CustomerRow.email,
        CustomerRow.name,
        CustomerRow.created_at.label("customer_created_at"),
        SessionRow.session_id,
        SessionRow.device,
        SessionRow.created_at,
        SessionRow.last_seen_at,
        SessionRow.expires_at,
        SessionRow.token_hash,
        SessionRow.revoked_at,
    ).join(CustomerRow, CustomerRow.customer_id == SessionRow.customer_id)


def _signed_in(row: Row[Any]) -> SignedInSession:
    customer = Customer(row.customer_id, row.email, row.name, row.customer_created_at)
    return SignedInSession(
        customer, row.session_id, row.device, row.created_at, row.last_seen_at, row.expires_at
    )


def find_session(session: Session, customer_id: UUID, session_id: UUID) -> StoredSession | None:
    """Return a session by its primary key, ended or not."""
    row = session.execute(
        _sessions_with_customers().where(
            SessionRow.customer_id == customer_id, SessionRow.session_id == session_id
        )
    ).one_or_none()
    return StoredSession(_signed_in(row), row.token_hash, row.revoked_at) if row else None


def live_sessions(
    session: Session, customer_id: UUID, now: datetime, *, before: UUID | None, limit: int
) -> list[SignedInSession]:
    """Return where the customer is signed in at `now`, the newest first, from `before` on."""
    query = _sessions_with_customers().where(
        SessionRow.customer_id == customer_id, SessionRow.revoked_at.is_(None), SessionRow.expires_at > now
    )
    if before is not None:
        query = query.where(SessionRow.session_id < before)
    rows = session.execute(query.order_by(SessionRow.session_id.desc()).limit(limit))
    return [_signed_in(row) for row in rows]


def touch_session(session: Session, customer_id: UUID, session_id: UUID, now: datetime) -> None:
    """Note that the session was used at `now`."""
    session.execute(
        update(SessionRow)
        .where(SessionRow.customer_id == customer_id, SessionRow.session_id == session_id)
        .values(last_seen_at=now)
    )


def revoke_session(session: Session, customer_id: UUID, session_id: UUID, now: datetime) -> bool:
    """End a session; False if the customer has no such live one."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(SessionRow)
        .where(
            SessionRow.customer_id == customer_id,
            SessionRow.session_id == session_id,
            SessionRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    return result.rowcount == 1


def lock_attempts(session: Session, buckets: Iterable[bytes], now: datetime) -> dict[bytes, Attempts]:
    """Return what each bucket counts, locked until the transaction ends; a new bucket counts nothing.

    One statement that takes the rows in the order of their keys, so that two requests can't wait for
    each other.
    """
    wanted = [{"bucket": bucket, "failures": 0, "last_at": now} for bucket in sorted(buckets)]
    statement = upsert(ThrottleRow).values(wanted)
    rows = session.execute(
        statement.on_conflict_do_update(
            index_elements=[ThrottleRow.bucket], set_={"bucket": statement.excluded.bucket}
        ).returning(ThrottleRow.bucket, ThrottleRow.failures, ThrottleRow.last_at)
    )
    return {row.bucket: Attempts(row.failures, row.last_at) for row in rows}


def save_attempts(session: Session, attempts: Mapping[bytes, Attempts]) -> None:
    """Write what each (locked) bucket counts now."""
    for bucket, counted in attempts.items():
        session.execute(
            update(ThrottleRow)
            .where(ThrottleRow.bucket == bucket)
            .values(failures=counted.count, last_at=counted.at)
        )


def forget_old_attempts(session: Session, now: datetime) -> None:
    """Delete a few counts that no longer matter; rows in use are left for another time."""
    old = (
        select(ThrottleRow.bucket)
        .where(ThrottleRow.last_at < now - THROTTLES_KEPT)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(ThrottleRow).where(ThrottleRow.bucket.in_(old)))
