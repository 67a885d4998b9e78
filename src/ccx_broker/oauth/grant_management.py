"""An organisation looks at a grant, or gives it back (Grant Management for OAuth 2.0, draft 03 §6).

`oauth.api` opens these doors. A grant's id is no secret (§10), so a token of the organisation itself is
needed; whatever is not a live grant to that organisation is not found, for whichever reason.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from ccx_broker.consent import service as consent
from ccx_broker.kit import clock
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Forbidden, NotFound
from ccx_broker.kit.runtime import Rt
from ccx_broker.oauth.limiter import limited, limiter_of
from ccx_broker.oauth.rules import AccessToken, scope_string
from ccx_broker.oauth.rules.details import whole
from ccx_broker.oauth.schemas import GrantScope, GrantStatus
from ccx_broker.oauth.sender import challenged, live_access, presented

router = APIRouter(dependencies=[Depends(limited)])

QUERY, REVOKE = "grant_management_query", "grant_management_revoke"
NOT_FOUND = "Your organisation has no live grant of this id."
SECURITY: dict[str, Any] = {"security": [{"access_token": []}]}


@router.get("/oauth/grants/{grant_id}", summary="Look at a grant", openapi_extra=SECURITY)
def query(grant_id: str, request: Request, response: Response, db: Db, rt: Rt) -> GrantStatus:
    """Say what a grant holds now (§6.4). Needs the organisation's own token with `grant_management_query`."""
    access, named = _allowed(request, rt, QUERY), _id(grant_id)
    grant = consent.grant_of_organisation(db, access.organisation_id, named, clock.now())
    if grant is None:
        raise NotFound(NOT_FOUND)
    response.headers["Cache-Control"] = "no-store"
    scope = scope_string(grant.keys, ["events:write"] if grant.allow_events else [])
    return GrantStatus(
        grant_id=grant.grant_id,
        scopes=[GrantScope(scope=scope)] if scope else [],
        authorization_details=[whole(grant)] if grant.keys else [],
        created_at=int(grant.granted_at.timestamp()),
        expires_at=int(grant.expires_at.timestamp()),
    )


@router.delete(
    "/oauth/grants/{grant_id}", status_code=204, summary="Give a grant back", openapi_extra=SECURITY
)
def revoke(grant_id: str, request: Request, db: Db, rt: Rt) -> None:
    """End a grant, and with it every token under it, at once (§6.5).

    Needs the organisation's own token with `grant_management_revoke`.
    """
    access, named = _allowed(request, rt, REVOKE), _id(grant_id)
    if not consent.give_back(db, access.organisation_id, named, clock.now()):
        raise NotFound(NOT_FOUND)


def _allowed(request: Request, rt: Rt, scope: str) -> AccessToken:
    sent = presented(request, rt)
    access = live_access(rt, sent, clock.now())
    limiter_of(request).proved(access.client_id, request.url.path)
    if access.customer_id is not None or scope not in access.scopes:
        problem = Forbidden(
            f"This needs the organisation's own token (client_credentials) with the scope {scope}.",
            slug="insufficient-scope",
            headers=challenge(rt.issuer, "insufficient_scope", scope),
        )
        raise challenged(problem, sent, rt)
    return access


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(NOT_FOUND) from None
