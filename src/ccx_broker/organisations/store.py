"""All SQL of organisations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ccx_broker.organisations.rules import Application, Organisation, Purpose
from ccx_broker.organisations.tables import ApplicationRow, CustomerSubjectRow, OrganisationRow, SubjectRow

COLUMNS = (
    OrganisationRow.organisation_id,
    OrganisationRow.name,
    OrganisationRow.complaints,
    OrganisationRow.created_at,
)


def add_organisation(session: Session, organisation: Organisation) -> bool:
    """Write a new organisation; False if another has its name."""
    made = session.scalar(
        upsert(OrganisationRow)
        .values(
            organisation_id=organisation.organisation_id,
            name=organisation.name,
            complaints=organisation.complaints,
            created_at=organisation.created_at,
        )
        .on_conflict_do_nothing()
        .returning(OrganisationRow.organisation_id)
    )
    return made is not None


def organisation_called(session: Session, name: str) -> Organisation | None:
    """Return the organisation of that name, in whatever case."""
    row = session.execute(
        select(*COLUMNS).where(func.lower(OrganisationRow.name) == func.lower(name))
    ).one_or_none()
    return Organisation(*row) if row else None


def find_organisation(session: Session, organisation_id: UUID) -> Organisation | None:
    """Return the organisation, or None."""
    row = session.execute(
        select(*COLUMNS).where(OrganisationRow.organisation_id == organisation_id)
    ).one_or_none()
    return Organisation(*row) if row else None


def list_organisations(session: Session) -> list[Organisation]:
    """Return all of them by name."""
    return [Organisation(*row) for row in session.execute(select(*COLUMNS).order_by(OrganisationRow.name))]


def organisation_names(session: Session, organisation_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the trading names of those that exist."""
    rows = session.execute(
        select(OrganisationRow.organisation_id, OrganisationRow.name).where(
            OrganisationRow.organisation_id.in_(organisation_ids)
        )
    )
    return {row.organisation_id: row.name for row in rows}


def add_application(session: Session, application: Application, created_at: datetime) -> None:
    """Write a new application."""
    session.execute(
        insert(ApplicationRow).values(
            client_id=application.client_id,
            organisation_id=application.organisation_id,
            name=application.name,
            auth_method=application.auth_method,
            secret_hash=application.secret_hash,
            jwks=application.jwks,
            dpop_bound=application.dpop_bound,
            redirect_uris=list(application.redirect_uris),
            post_logout_redirect_uris=list(application.post_logout_redirect_uris),
            scopes=list(application.scopes),
            purposes=[
                {"purpose": p.purpose, "sentence": p.sentence, "needs": list(p.needs)}
                for p in application.purposes
            ],
            created_at=created_at,
        )
    )


def find_application(session: Session, client_id: str) -> Application | None:
    """Return the application and whose it is, or None."""
    row = session.execute(
        select(
            ApplicationRow.client_id,
            ApplicationRow.organisation_id,
            OrganisationRow.name.label("organisation_name"),
            OrganisationRow.complaints,
            ApplicationRow.name,
            ApplicationRow.auth_method,
            ApplicationRow.secret_hash,
            ApplicationRow.jwks,
            ApplicationRow.dpop_bound,
            ApplicationRow.redirect_uris,
            ApplicationRow.post_logout_redirect_uris,
            ApplicationRow.scopes,
            ApplicationRow.purposes,
        )
        .join(OrganisationRow, OrganisationRow.organisation_id == ApplicationRow.organisation_id)
        .where(ApplicationRow.client_id == client_id, ApplicationRow.ended_at.is_(None))
    ).one_or_none()
    return _application(row) if row else None


def _application(row: Row[Any]) -> Application:
    return Application(
        client_id=row.client_id,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        complaints=row.complaints,
        name=row.name,
        auth_method=row.auth_method,
        secret_hash=row.secret_hash,
        jwks=row.jwks,
        dpop_bound=row.dpop_bound,
        redirect_uris=tuple(row.redirect_uris),
        scopes=tuple(row.scopes),
        purposes=tuple(Purpose(p["purpose"], p["sentence"], tuple(p["needs"])) for p in row.purposes),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
    )


def application_names(session: Session, client_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return `{client_id: (organisation's name, application's name)}` of those that exist."""
    rows = session.execute(
        select(ApplicationRow.client_id, OrganisationRow.name, ApplicationRow.name.label("application"))
        .join(OrganisationRow, OrganisationRow.organisation_id == ApplicationRow.organisation_id)
        .where(ApplicationRow.client_id.in_(client_ids))
    )
    return {row.client_id: (row.name, row.application) for row in rows}


def purpose_sentences(session: Session, client_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Return `{(client_id, purpose): what the application says it is for}`."""
    rows = session.execute(
        select(ApplicationRow.client_id, ApplicationRow.purposes).where(
            ApplicationRow.client_id.in_(client_ids)
        )
    )
    return {(row.client_id, p["purpose"]): p["sentence"] for row in rows for p in row.purposes}


def claim_subject(session: Session, customer_id: UUID, organisation_id: UUID, subject: str) -> bool:
    """Make `subject` the organisation's name for the customer; False if it has one already."""
    made = session.scalar(
        upsert(CustomerSubjectRow)
        .values(customer_id=customer_id, organisation_id=organisation_id, subject=subject)
        .on_conflict_do_nothing()
        .returning(CustomerSubjectRow.subject)
    )
    if made is not None:
        session.execute(
            insert(SubjectRow).values(
                subject=subject, organisation_id=organisation_id, customer_id=customer_id
            )
        )
    return made is not None


def find_subject(session: Session, customer_id: UUID, organisation_id: UUID) -> str | None:
    """Return the organisation's name for the customer, if it has one."""
    return session.scalar(
        select(CustomerSubjectRow.subject).where(
            CustomerSubjectRow.customer_id == customer_id,
            CustomerSubjectRow.organisation_id == organisation_id,
        )
    )


def resolve_subjects(session: Session, organisation_id: UUID, subjects: Sequence[str]) -> dict[str, UUID]:
    """Return the customers behind those of `subjects` that are this organisation's own."""
    rows = session.execute(
        select(SubjectRow.subject, SubjectRow.customer_id).where(
            SubjectRow.subject.in_(subjects), SubjectRow.organisation_id == organisation_id
        )
    )
    return {row.subject: row.customer_id for row in rows}
