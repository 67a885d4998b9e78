"""All SQL of applications and organisations that are named by an address."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.organisations.rules import Application
from ccx_broker.organisations.tables import ApplicationRow, OrganisationRow

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def kept_until(session: Session, client_id: str) -> datetime:
    """Return until when a document is good."""
    found = session.scalar(select(ApplicationRow.document_until).where(ApplicationRow.client_id == client_id))
    return found or LONG_AGO


def organisation_of_host(session: Session, host: str) -> UUID | None:
    """Return the organisation that stands for a host."""
    return session.scalar(select(OrganisationRow.organisation_id).where(OrganisationRow.host == host))


def add_host(session: Session, organisation_id: UUID, name: str, host: str, now: datetime) -> None:
    """Write an organisation that stands for a host, unless it or its name is there."""
    session.execute(
        insert(OrganisationRow)
        .values(organisation_id=organisation_id, name=name, complaints=None, created_at=now, host=host)
        .on_conflict_do_nothing()
    )


def keep_application(session: Session, application: Application, *, until: datetime, now: datetime) -> None:
    """Write what a document says, in place of what it said before."""
    says: dict[str, Any] = {
        "name": application.name,
        "redirect_uris": list(application.redirect_uris),
        "scopes": list(application.scopes),
        "auth_method": application.auth_method,
        "jwks": application.jwks,
        "dpop_bound": application.dpop_bound,
        "document_until": until,
    }
    session.execute(
        insert(ApplicationRow)
        .values(
            client_id=application.client_id,
            organisation_id=application.organisation_id,
            secret_hash=None,
            post_logout_redirect_uris=[],
            purposes=[
                {"purpose": p.purpose, "sentence": p.sentence, "needs": list(p.needs)}
                for p in application.purposes
            ],
            created_at=now,
            **says,
        )
        .on_conflict_do_update(index_elements=[ApplicationRow.client_id], set_=says)
    )
