"""Applications that nobody registered, of organisations that are no more than a host's name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.kit.ids import new_id
from ccx_broker.organisations import named_store, rules, service, store
from ccx_broker.organisations.rules import Application, Purpose, Vocabulary


def kept_until(session: Session, client_id: str) -> datetime:
    """Return until when what is known of such an application may be used; long ago if nothing is."""
    return named_store.kept_until(session, client_id)


def keep_named(
    session: Session,
    *,
    client_id: str,
    host: str,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    auth_method: str,
    jwks: Mapping[str, Any] | None,
    dpop_bound: bool,
    vocabulary: Vocabulary,
    until: datetime,
    now: datetime,
) -> Application | None:
    """Keep what an application's document says of it, checked as a registration is. Raises `Invalid`."""
    purposes = (Purpose(rules.DEFAULT_PURPOSE, rules.DEFAULT_SENTENCE),)
    name = rules.normal_name(name)
    problems = service.problems_of(
        name=name,
        redirect_uris=redirect_uris,
        scopes=scopes,
        purposes=purposes,
        post_logout_redirect_uris=(),
        vocabulary=vocabulary,
    )
    service.refuse([*problems, *rules.auth_problems(auth_method, jwks)])
    organisation_id = _organisation_of(session, host, now)
    named_store.keep_application(
        session,
        Application(
            client_id=client_id,
            organisation_id=organisation_id,
            organisation_name="",
            complaints=None,
            name=name,
            auth_method=auth_method,
            secret_hash=None,
            redirect_uris=tuple(dict.fromkeys(redirect_uris)),
            scopes=tuple(dict.fromkeys(scopes)),
            purposes=purposes,
            jwks=jwks,
            dpop_bound=dpop_bound,
        ),
        until=until,
        now=now,
    )
    return store.find_application(session, client_id)


def _organisation_of(session: Session, host: str, now: datetime) -> UUID:
    """Return the organisation that stands for a host; never one that an operator took in."""
    found = named_store.organisation_of_host(session, host)
    if found is None:
        named_store.add_host(session, new_id(), f"{host} (not registered)", host, now)
        found = named_store.organisation_of_host(session, host)
        if found is None:
            refused = "an organisation that was taken in has this name"
            service.refuse([("name", refused)])
            raise AssertionError(refused)
    return found
