"""All SQL of registration over the network: the tokens that allow it, and what a client changes of itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from ccx_broker.organisations.rules import Application
from ccx_broker.organisations.tables import ApplicationRow, RegistrationTokenRow


def add_token(
    session: Session,
    token_hash: bytes,
    organisation_id: UUID,
    *,
    uses: int | None,
    expires_at: datetime | None,
    created_at: datetime,
) -> None:
    """Write a new initial access token."""
    session.execute(
        insert(RegistrationTokenRow).values(
            token_hash=token_hash,
            organisation_id=organisation_id,
            uses_left=uses,
            expires_at=expires_at,
            created_at=created_at,
        )
    )


def spend_token(session: Session, token_hash: bytes, now: datetime) -> UUID | None:
    """Use an initial access token once; return whose it is, or None if it is no good (any more)."""
    return session.scalar(
        update(RegistrationTokenRow)
        .where(
            RegistrationTokenRow.token_hash == token_hash,
            or_(RegistrationTokenRow.expires_at.is_(None), RegistrationTokenRow.expires_at > now),
            or_(RegistrationTokenRow.uses_left.is_(None), RegistrationTokenRow.uses_left > 0),
        )
        .values(uses_left=RegistrationTokenRow.uses_left - 1)
        .returning(RegistrationTokenRow.organisation_id)
    )


def keep_registration(session: Session, client_id: str, token_hash: bytes) -> None:
    """Let an application be changed by whoever has this token."""
    session.execute(
        update(ApplicationRow)
        .where(ApplicationRow.client_id == client_id)
        .values(registration_token_hash=token_hash)
    )


def registered_at(session: Session, client_id: str, token_hash: bytes) -> datetime | None:
    """Return when a live application was registered, if this is its token; hold it to the end."""
    return session.scalar(
        select(ApplicationRow.created_at)
        .where(
            ApplicationRow.client_id == client_id,
            ApplicationRow.registration_token_hash == token_hash,
            ApplicationRow.ended_at.is_(None),
        )
        .with_for_update()
    )


def change_application(session: Session, application: Application) -> None:
    """Write what an application now says about itself."""
    session.execute(
        update(ApplicationRow)
        .where(ApplicationRow.client_id == application.client_id)
        .values(
            name=application.name,
            redirect_uris=list(application.redirect_uris),
            post_logout_redirect_uris=list(application.post_logout_redirect_uris),
            scopes=list(application.scopes),
            purposes=[
                {"purpose": p.purpose, "sentence": p.sentence, "needs": list(p.needs)}
                for p in application.purposes
            ],
        )
    )


def end_application(session: Session, client_id: str, now: datetime) -> None:
    """End an application. Its row stays: a customer's history names it."""
    session.execute(update(ApplicationRow).where(ApplicationRow.client_id == client_id).values(ended_at=now))
