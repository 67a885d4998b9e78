"""The userinfo endpoint (OpenID Connect Core §5.3). `oauth.api` opens this door."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ccx_broker.kit import clock
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.errors import Forbidden, NotSignedIn
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth import service
from ccx_broker.oauth.forms import Malformed, receive
from ccx_broker.oauth.schemas import UserInfo
from ccx_broker.organisations import service as organisations

router = APIRouter()
SUMMARY = "Ask who the token's customer is to you"
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": UserInfo},
    401: {"description": "No live access token."},
    403: {"description": "The token has no `openid`, or is the organisation's own."},
}
SECURITY: dict[str, Any] = {"security": [{"access_token": []}]}


@router.get("/oauth/userinfo", summary=SUMMARY, responses=ANSWERS, openapi_extra=SECURITY)
async def userinfo(request: Request, rt: Rt) -> JSONResponse:
    """Answer with `sub`, the name that your organisation alone knows the customer by, and nothing else."""
    return await run_in_threadpool(_answer, rt, _bearer(request))


@router.post("/oauth/userinfo", summary=SUMMARY, responses=ANSWERS, openapi_extra=SECURITY)
async def userinfo_by_post(request: Request, rt: Rt) -> JSONResponse:
    """Do the same; the token may stand in the form (RFC 6750 §2.2)."""
    token = _bearer(request)
    if token is None:
        try:
            token = (await receive(request)).parameters.get("access_token")
        except Malformed:
            token = None
    return await run_in_threadpool(_answer, rt, token)


def _answer(rt: Runtime, token: str | None) -> JSONResponse:
    if token is None:
        raise NotSignedIn(
            "Send an access token as `Authorization: Bearer ccxa_…`.", headers=challenge(rt.issuer)
        )
    with rt.sessions.begin() as session:
        access = service.find_token(session, token, clock.now())
        if access is None:
            raise NotSignedIn(
                "Refresh the access token, or ask the customer again: it is no good (any more).",
                slug="invalid-token",
                headers=challenge(rt.issuer, "invalid_token"),
            )
        if access.customer_id is None or "openid" not in access.scopes:
            raise Forbidden(
                "This needs a customer's token with the scope openid.",
                slug="insufficient-scope",
                headers=challenge(rt.issuer, "insufficient_scope", "openid"),
            )
        subject = organisations.subject_for(session, access.customer_id, access.organisation_id)
    return JSONResponse({"sub": subject}, headers={"Cache-Control": "no-store"})


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
