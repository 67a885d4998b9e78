"""Registration over the network (RFC 7591, RFC 7592): who may register, and who may change what is registered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.kit.errors import NotFound
from ccx_broker.kit.ids import new_token, token_hash
from ccx_broker.organisations import registration_store as registrations
from ccx_broker.organisations import rules, service, store
from ccx_broker.organisations.rules import Application, Purpose, Vocabulary


def add_registration_token(
    session: Session,
    organisation_id: UUID,
    *,
    uses: int | None,
    expires_at: datetime | None,
    now: datetime,
) -> str:
    """Make an initial access token for an organisation; it is shown this once. Raises `NotFound`."""
    if store.find_organisation(session, organisation_id) is None:
        raise NotFound(service.NO_ORGANISATION, slug="no-organisation")
    token = new_token("ccxi")
    registrations.add_token(
        session, token_hash(token), organisation_id, uses=uses, expires_at=expires_at, created_at=now
    )
    return token


def spend(session: Session, token: str, now: datetime) -> UUID | None:
    """Use an initial access token; return the organisation, or None. Takes part in the caller's transaction."""
    return registrations.spend_token(session, token_hash(token), now)


def let_change(session: Session, client_id: str) -> str:
    """Give out the token by which a registration is read, changed and ended (RFC 7592 §1)."""
    token = new_token("ccxm")
    registrations.keep_registration(session, client_id, token_hash(token))
    return token


def registered(session: Session, client_id: str, token: str) -> tuple[Application, datetime] | None:
    """Return a registered application and since when, if the token is its own."""
    since = registrations.registered_at(session, client_id, token_hash(token))
    application = store.find_application(session, client_id) if since is not None else None
    return (application, since) if application is not None and since is not None else None


def change(
    session: Session,
    application: Application,
    *,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    purposes: Sequence[Purpose],
    post_logout_redirect_uris: Sequence[str],
    vocabulary: Vocabulary,
) -> Application:
    """Replace what an application says about itself; checked as at first. Raises `Invalid`."""
    purposes = purposes or (Purpose(rules.DEFAULT_PURPOSE, rules.DEFAULT_SENTENCE),)
    name = rules.normal_name(name)
    service.refuse(
        service.problems_of(
            name=name,
            redirect_uris=redirect_uris,
            scopes=scopes,
            purposes=purposes,
            post_logout_redirect_uris=post_logout_redirect_uris,
            vocabulary=vocabulary,
        )
    )
    changed = replace(
        application,
        name=name,
        redirect_uris=tuple(dict.fromkeys(redirect_uris)),
        scopes=tuple(dict.fromkeys(scopes)),
        purposes=tuple(purposes),
        post_logout_redirect_uris=tuple(dict.fromkeys(post_logout_redirect_uris)),
    )
    registrations.change_application(session, changed)
    return changed


def end(session: Session, client_id: str, now: datetime) -> None:
    """End an application: nobody finds it any more, but customers' histories still name it."""
    registrations.end_application(session, client_id, now)
