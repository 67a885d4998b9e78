"""Dynamic registration (RFC 7591) and its management (RFC 7592). `oauth.api` opens these doors.

An organisation registers applications of its own with an initial access token that an operator made for
it, so there is nobody whom nobody knows. What may be declared is what `application add` allows.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from ccx_broker.kit import audit, clock
from ccx_broker.kit.errors import Invalid
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth import service
from ccx_broker.oauth.client_metadata import (
    BadMetadata,
    Metadata,
    as_bad_metadata,
    read_metadata,
    said_metadata,
)
from ccx_broker.oauth.forms import LONGEST_BODY
from ccx_broker.oauth.limiter import hashed_network, limiter_of, network, too_many
from ccx_broker.oauth.schemas import REGISTRATION, REGISTRATION_ERRORS, ClientInformation
from ccx_broker.organisations import registration
from ccx_broker.organisations import service as organisations
from ccx_broker.organisations.rules import Application, Vocabulary
from ccx_broker.profile.catalogue import CATALOGUE

router = APIRouter()

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
VOCABULARY = Vocabulary({item.key: item.step for item in CATALOGUE.items})
NOT_SENT = ("registration_access_token", "registration_client_uri", "client_secret_expires_at")
Work = Callable[[Session, str, datetime], Response]


class InvalidToken(Exception):
    """The registration's token is unknown, used up, over, or another registration's (RFC 6750 §3.1)."""


@router.post(
    "/oauth/register",
    status_code=201,
    summary="Register an application",
    openapi_extra=REGISTRATION,
    responses=REGISTRATION_ERRORS | {201: {"model": ClientInformation}},
)
async def register(request: Request, rt: Rt) -> Response:
    """RFC 7591. Needs an initial access token, as bearer: `ccx-broker registration-token add` makes one."""
    body = await _body(request)

    def work(session: Session, token: str, now: datetime) -> Response:
        organisation_id = registration.spend(session, token, now)
        if organisation_id is None:
            raise InvalidToken
        given = read_metadata(_json(body))
        made, secret = organisations.add_application(
            session,
            organisation_id=organisation_id,
            name=given.name or "Application",
            redirect_uris=given.redirect_uris,
            scopes=given.scopes,
            purposes=given.purposes,
            public=given.auth_method == "none",
            vocabulary=VOCABULARY,
            now=now,
            post_logout_redirect_uris=given.post_logout_redirect_uris,
            auth_method=given.auth_method,
            jwks=given.jwks,
            dpop_bound=given.dpop_bound,
        )
        key = registration.let_change(session, made.client_id)
        audit.event("client_registered", client_id=made.client_id, organisation_id=organisation_id)
        said = _said(rt, made, now, key)
        if secret is not None:
            said |= {"client_secret": secret, "client_secret_expires_at": 0}
        return JSONResponse(said, 201, NO_STORE)

    return await run_in_threadpool(_answer, request, rt, work)


@router.get(
    "/oauth/register/{client_id}",
    summary="Look at a registration",
    openapi_extra={"security": []},
    responses=REGISTRATION_ERRORS | {200: {"model": ClientInformation}},
)
async def look(request: Request, client_id: str, rt: Rt) -> Response:
    """RFC 7592 §2.1. Needs the registration access token that came with the registration."""

    def work(session: Session, token: str, _: datetime) -> Response:
        application, since = _own(session, client_id, token)
        return JSONResponse(_said(rt, application, since, token), 200, NO_STORE)

    return await run_in_threadpool(_answer, request, rt, work)


@router.put(
    "/oauth/register/{client_id}",
    summary="Change a registration",
    openapi_extra=REGISTRATION,
    responses=REGISTRATION_ERRORS | {200: {"model": ClientInformation}},
)
async def change(request: Request, client_id: str, rt: Rt) -> Response:
    """RFC 7592 §2.2. Send everything: what is left out is as if it was never said."""
    body = await _body(request)

    def work(session: Session, token: str, _: datetime) -> Response:
        application, since = _own(session, client_id, token)
        sent = _json(body)
        given = read_metadata(sent)
        _check_same(application, sent, given)
        changed = registration.change(
            session,
            application,
            name=given.name or "Application",
            redirect_uris=given.redirect_uris,
            scopes=given.scopes,
            purposes=given.purposes,
            post_logout_redirect_uris=given.post_logout_redirect_uris,
            vocabulary=VOCABULARY,
        )
        audit.event("client_changed", client_id=client_id)
        return JSONResponse(_said(rt, changed, since, token), 200, NO_STORE)

    return await run_in_threadpool(_answer, request, rt, work)


@router.delete(
    "/oauth/register/{client_id}",
    status_code=204,
    summary="End a registration",
    openapi_extra={"security": []},
    responses=REGISTRATION_ERRORS,
)
async def end(request: Request, client_id: str, rt: Rt) -> Response:
    """RFC 7592 §2.3. Its tokens end at once; customers' grants to the organisation stay."""

    def work(session: Session, token: str, now: datetime) -> Response:
        _own(session, client_id, token)
        registration.end(session, client_id, now)
        audit.event("client_ended", client_id=client_id)
        service.end_tokens_of_client(session, client_id, now)
        return Response(status_code=204, headers=NO_STORE)

    return await run_in_threadpool(_answer, request, rt, work)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return b""  # not JSON, and said so
    return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        raise BadMetadata("invalid_client_metadata", "Send a JSON object of at most 64 KiB.") from None


def _answer(request: Request, rt: Runtime, work: Work) -> Response:
    """Work in one transaction, committed before it is told; of a failure only its count is kept."""
    limiter = limiter_of(request)
    if not limiter.allows(request):
        return too_many()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    with rt.sessions() as session:
        try:
            if scheme.lower() != "bearer" or not token.strip():
                raise InvalidToken
            response = work(session, token.strip(), clock.now())
        except (BadMetadata, Invalid) as problem:
            session.rollback()
            bad = as_bad_metadata(problem) if isinstance(problem, Invalid) else problem
            return JSONResponse({"error": bad.error, "error_description": str(bad)}, 400, NO_STORE)
        except InvalidToken:
            session.rollback()
            limiter.failed(session, network(request), None)
            audit.event("registration_refused", network=hashed_network(request))
            response = _unauthorised(rt)
        session.commit()
    return response


def _unauthorised(rt: Runtime) -> Response:
    said = "The token is missing, unknown, used up or over, or it is not this registration's."
    headers = NO_STORE | {"WWW-Authenticate": f'Bearer realm="{rt.issuer}", error="invalid_token"'}
    return JSONResponse({"error": "invalid_token", "error_description": said}, 401, headers)


def _own(session: Session, client_id: str, token: str) -> tuple[Application, datetime]:
    found = None if "\0" in client_id else registration.registered(session, client_id, token)
    if found is None:
        raise InvalidToken
    return found


def _check_same(application: Application, sent: Any, given: Metadata) -> None:
    """Refuse what a change must not touch (RFC 7592 §2.2)."""
    if sent.get("client_id") != application.client_id or any(name in sent for name in NOT_SENT):
        raise BadMetadata(
            "invalid_client_metadata", "Send the client_id, and nothing that only the server says."
        )
    if "client_secret" in sent and not organisations.is_secret_of(application, str(sent["client_secret"])):
        raise BadMetadata("invalid_client_metadata", "The client_secret is not the present one.")
    if given.auth_method not in application.auth_methods:
        raise BadMetadata("invalid_client_metadata", "How a client proves itself can't be changed.")


def _said(rt: Runtime, application: Application, since: datetime, token: str) -> dict[str, Any]:
    method = application.auth_methods[0]
    return said_metadata(application, method) | {
        "client_id_issued_at": int(since.timestamp()),
        "registration_access_token": token,
        "registration_client_uri": f"{rt.issuer}/oauth/register/{application.client_id}",
    }
