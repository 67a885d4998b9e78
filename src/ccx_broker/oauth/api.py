"""The endpoints that clients call: token, introspection, revocation, and the documents that name them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ccx_broker.kit.direct import Answer, PathOnly
from ccx_broker.kit.openapi import PROBLEM_ANSWERS
from ccx_broker.kit.runtime import Rt, Runtime, runtime_of
from ccx_broker.oauth import discovery, grant_management, registration, service, userinfo
from ccx_broker.oauth.device_flow import DeviceFlow, answer_device
from ccx_broker.oauth.endpoints import introspection_payload
from ccx_broker.oauth.forms import Malformed, Received, receive
from ccx_broker.oauth.inspector import Inspector, question
from ccx_broker.oauth.limiter import claimed_client, is_failure, limiter_of, network, too_many
from ccx_broker.oauth.noting import note_answer
from ccx_broker.oauth.par import answer_push
from ccx_broker.oauth.schemas import (
    DEVICE_FORM,
    ERRORS,
    FORM_ABOUT_A_TOKEN,
    PUSH_FORM,
    TOKEN_FORM,
    DeviceAnswer,
    Introspection,
    Pushed,
    TokenAnswer,
)
from ccx_broker.oauth.server import Server
from ccx_broker.oauth.serving import server_for

router = APIRouter(tags=["OAuth"])
quick = APIRouter(tags=["OAuth"], responses=PROBLEM_ANSWERS, route_class=PathOnly)
router.include_router(discovery.router)
router.include_router(userinfo.router)
router.include_router(grant_management.router)
router.include_router(registration.router)

Work = Callable[[Server], JSONResponse]
PAUSE = 1.0
"""Seconds for which a repeated refresh waits: if others try the same meanwhile, it was no lost answer."""

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@router.post(
    "/oauth/token",
    summary="Exchange a code, a refresh token or client credentials for a token",
    openapi_extra=TOKEN_FORM,
    responses=ERRORS | {200: {"model": TokenAnswer}},
)
async def token(request: Request, rt: Rt) -> Response:
    """RFC 6749 §3.2: `authorization_code` (with PKCE, RFC 7636), `refresh_token`, `client_credentials`."""
    return await _answer(request, rt, Server.create_token_response)


@quick.post(
    "/oauth/introspect",
    summary="Ask what a token of your organisation is good for",
    openapi_extra=FORM_ABOUT_A_TOKEN,
    responses=ERRORS | {200: {"model": Introspection}},
)
async def introspect(request: Request) -> Response:
    """RFC 7662. A token of another organisation, an ended and an unknown one answer alike."""
    return await _answer(
        request,
        runtime_of(request),
        lambda server, it: server.create_endpoint_response("introspection", it),
        first=_inspect,
    )


@router.post("/oauth/revoke", summary="End a token", openapi_extra=FORM_ABOUT_A_TOKEN, responses=ERRORS)
async def revoke(request: Request, rt: Rt) -> Response:
    """RFC 7009. A refresh token ends with everything that came of it."""
    return await _answer(request, rt, lambda server, it: server.create_endpoint_response("revocation", it))


@router.post(
    "/oauth/par",
    status_code=201,
    summary="Push an authorization request",
    openapi_extra=PUSH_FORM,
    responses=ERRORS | {201: {"model": Pushed}},
)
async def push(request: Request, rt: Rt) -> Response:
    """RFC 9126. Send the browser to `/oauth/authorize?client_id=…&request_uri=…` within 60 seconds."""
    return await _answer(request, rt, answer_push)


@router.post(
    "/oauth/device_authorization",
    summary="Ask on a device without a keyboard or browser",
    openapi_extra=DEVICE_FORM,
    responses=ERRORS | {200: {"model": DeviceAnswer}},
)
async def device_authorization(request: Request, rt: Rt) -> Response:
    """RFC 8628. Show `user_code` and `verification_uri`, then poll the token endpoint."""
    return await _answer(request, rt, lambda server, it: answer_device(server, it, rt.keys))


async def _inspect(request: Request, received: Received, issuer: str) -> Response | None:
    inspector: Inspector = request.app.state.inspector
    asked = question(received)
    found = None if asked is None else await inspector.inspect(asked)
    if asked is None or found is None:
        return None
    limiter_of(request).proved(asked.client_id, received.path)
    return Answer(orjson.dumps(introspection_payload(found, issuer)))


async def _answer(
    request: Request,
    rt: Runtime,
    work: Callable[[Server, Received], Any],
    *,
    first: Callable[[Request, Received, str], Awaitable[Response | None]] | None = None,
) -> Response:
    try:
        received = await receive(request)
    except Malformed as error:
        body = {"error": "invalid_request", "error_description": str(error)}
        return JSONResponse(body, error.status, NO_STORE)
    if not limiter_of(request).allows(request, claimed_client(received.headers, received.parameters)):
        return too_many()
    if first is not None and (settled := await first(request, received, rt.issuer)) is not None:
        return settled
    response, later = await run_in_threadpool(
        _in_transaction, request, received, rt, lambda server: work(server, received)
    )
    if later is not None:
        await asyncio.sleep(PAUSE)
        response, _ = await run_in_threadpool(_in_transaction, request, received, rt, later)
    return response


def _in_transaction(
    request: Request, received: Received, rt: Runtime, work: Work
) -> tuple[JSONResponse, Work | None]:
    """Commit what succeeded before it is told; of what failed keep only what the failure itself means."""
    limiter = limiter_of(request)
    with rt.sessions() as session:
        server = server_for(request, rt, session)
        server.register_grant(DeviceFlow)
        response = work(server)
        if response.status_code >= 400:
            session.rollback()
            if server.afterwards is not None:
                server.afterwards()
            for id_hash, expires_at in server.spent:
                service.spend(session, id_hash, expires_at)
            if server.later is None and is_failure(response):
                limiter.failed(session, network(request), server.proved_client_id)
        session.commit()
    if server.later is None:
        note_answer(request, received, response)
    if server.proved_client_id is not None:
        limiter.proved(server.proved_client_id, request.url.path)
    return response, server.later
