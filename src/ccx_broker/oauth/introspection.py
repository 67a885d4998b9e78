"""What an organisation may learn about a token of its own (RFC 7662)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent import store as grants
from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth import service, store
from ccx_broker.oauth.rules import AccessToken, Introspected, scope_string, token_type
from ccx_broker.oauth.rules.details import granted
from ccx_broker.organisations import service as organisations


def introspect(session: Session, token: str, organisation_id: UUID, now: datetime) -> Introspected | None:
    """Return what an organisation may learn about a token; None unless it is live and its own."""
    access = service.live_token(session, token, now)
    if access is not None:
        if access.organisation_id != organisation_id:
            return None
        return Introspected(
            client_id=access.client_id,
            scope=scope_string(access.keys, access.scopes),
            token_type=token_type(access.jkt),
            subject=None
            if access.customer_id is None
            else organisations.subject_for(session, access.customer_id, organisation_id),
            grant_id=access.grant_id,
            issued_at=access.issued_at,
            expires_at=access.expires_at,
            audience=access.audience,
            authorization_details=_details_now(session, access),
            jkt=access.jkt,
        )
    stored = store.find_refresh_token(session, token_hash(token))
    if stored is None or not stored.is_live(now):
        return None
    grant = service.live_grant(session, organisation_id, stored.authorisation, now)
    if grant is None:
        return None
    return Introspected(
        client_id=stored.authorisation.client_id,
        scope=scope_string(stored.authorisation.keys, stored.authorisation.scopes),
        token_type=None,
        subject=grant.subject,
        grant_id=grant.grant_id,
        issued_at=None,
        expires_at=stored.expires_at,
        authorization_details=granted(stored.authorisation.details, stored.authorisation.keys, grant),
        jkt=stored.authorisation.jkt,
    )


def _details_now(session: Session, access: AccessToken) -> tuple[dict[str, Any], ...] | None:
    if not access.details or access.customer_id is None or access.grant_id is None:
        return None
    grant = grants.find_grant(session, access.customer_id, access.grant_id)
    return None if grant is None else granted(access.details, access.keys, grant)
