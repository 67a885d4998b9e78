"""The userinfo endpoint (OpenID Connect Core §5.3). `oauth.api` opens this door."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ccx_broker.kit import clock
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.errors import Forbidden
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth.forms import Malformed, receive
from ccx_broker.oauth.limiter import limited
from ccx_broker.oauth.schemas import UserInfo
from ccx_broker.oauth.sender import Presented, challenged, live_access, no_token, nonce_header, presented
from ccx_broker.organisations import service as organisations

router = APIRouter(dependencies=[Depends(limited)])
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
    return await run_in_threadpool(_answer, rt, presented(request, rt))


@router.post("/oauth/userinfo", summary=SUMMARY, responses=ANSWERS, openapi_extra=SECURITY)
async def userinfo_by_post(request: Request, rt: Rt) -> JSONResponse:
    """Do the same; the token may stand in the form (RFC 6750 §2.2)."""
    if "authorization" in request.headers:
        sent = presented(request, rt)
    else:
        try:
            token = (await receive(request)).parameters.get("access_token")
        except Malformed:
            token = None
        if token is None:
            raise no_token(rt)
        sent = Presented(token, None)
    return await run_in_threadpool(_answer, rt, sent)


def _answer(rt: Runtime, sent: Presented) -> JSONResponse:
    access = live_access(rt, sent, clock.now())
    if access.customer_id is None or "openid" not in access.scopes:
        problem = Forbidden(
            "This needs a customer's token with the scope openid.",
            slug="insufficient-scope",
            headers=challenge(rt.issuer, "insufficient_scope", "openid"),
        )
        raise challenged(problem, sent, rt)
    with rt.sessions.begin() as session:
        subject = organisations.subject_for(session, access.customer_id, access.organisation_id)
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"sub": subject}, headers=headers | (nonce_header(rt) if sent.proof else {}))
