"""All SQL of accounts: here customers, passwords and sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Row, Select, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ccx_broker.accounts.rules import Customer, SignedInSession, StoredSession
from ccx_broker.accounts.tables import CredentialRow, CustomerRow, SessionRow


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
            proved_at=signed_in.proved_at,
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
        SessionRow.proved_at,
        SessionRow.token_hash,
        SessionRow.revoked_at,
    ).join(CustomerRow, CustomerRow.customer_id == SessionRow.customer_id)


def _signed_in(row: Row[Any]) -> SignedInSession:
    customer = Customer(row.customer_id, row.email, row.name, row.customer_created_at)
    return SignedInSession(
        customer,
        row.session_id,
        row.device,
        row.created_at,
        row.last_seen_at,
        row.expires_at,
        row.proved_at,
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


def prove_session(session: Session, customer_id: UUID, session_id: UUID, now: datetime) -> None:
    """Note that who sits there has shown at `now` who they are."""
    session.execute(
        update(SessionRow)
        .where(SessionRow.customer_id == customer_id, SessionRow.session_id == session_id)
        .values(proved_at=now)
    )


def knows_device(session: Session, customer_id: UUID, device: str) -> bool:
    """Whether the customer was ever signed in on a device of this name, or nowhere at all yet."""
    devices = select(SessionRow.device).where(SessionRow.customer_id == customer_id)
    known = session.scalar(select(devices.where(SessionRow.device == device).exists()))
    return bool(known) or not session.scalar(select(devices.exists()))


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


def revoke_other_sessions(session: Session, customer_id: UUID, kept: UUID, now: datetime) -> int:
    """End every live session of the customer but `kept`; return how many those were."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(SessionRow)
        .where(
            SessionRow.customer_id == customer_id,
            SessionRow.session_id != kept,
            SessionRow.revoked_at.is_(None),
            SessionRow.expires_at > now,
        )
        .values(revoked_at=now)
    )
    return result.rowcount
