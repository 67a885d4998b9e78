"""Customers and applications for tests of services, made in the test's own transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from ccx_broker.kit import clock
from ccx_broker.kit.ids import new_id
from ccx_broker.organisations import service as organisations
from ccx_broker.organisations.rules import Application, Vocabulary
from ccx_broker.profile.catalogue import CATALOGUE

REDIRECT_URI = "https://shop.example/callback"


def new_customer(session: Session) -> UUID:
    """Add a customer who never signs in."""
    customer_id = new_id()
    session.execute(
        text(
            "INSERT INTO customers (customer_id, email, name, created_at) VALUES (:id, :email, 'Ada', now())"
        ),
        {"id": customer_id, "email": f"{customer_id}@example.org"},
    )
    return customer_id


def new_application(
    session: Session,
    *,
    scopes: Sequence[str] = ("pref:buy", "events:write"),
    organisation_id: UUID | None = None,
    public: bool = False,
) -> Application:
    """Add an application, of a new organisation unless one is given."""
    if organisation_id is None:
        organisation, _ = organisations.add_organisation(session, f"Shop {new_id()}", None, clock.now())
        organisation_id = organisation.organisation_id
    application, _ = organisations.add_application(
        session,
        organisation_id=organisation_id,
        name="Shop app",
        redirect_uris=[REDIRECT_URI],
        scopes=scopes,
        purposes=[],
        public=public,
        vocabulary=Vocabulary({item.key: item.step for item in CATALOGUE.items}),
        now=clock.now(),
    )
    return application
