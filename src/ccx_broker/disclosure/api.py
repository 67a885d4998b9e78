"""The doors through which organisations read."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from ccx_broker.disclosure import schemas
from ccx_broker.disclosure.rules import Reason, Refused
from ccx_broker.disclosure.service import Reader
from ccx_broker.kit.direct import Answer, PathOnly
from ccx_broker.kit.errors import Problem, problem_response
from ccx_broker.kit.openapi import PROBLEM_ANSWERS
from ccx_broker.kit.runtime import Runtime, runtime_of
from ccx_broker.oauth.sender import Presented, challenged, nonce_header, presented

router = APIRouter(tags=["disclosure"], responses=PROBLEM_ANSWERS)
reads = APIRouter(tags=["disclosure"], responses=PROBLEM_ANSWERS, route_class=PathOnly)


def documented(model: Any, *statuses: int) -> dict[str, Any]:
    """Describe a route for OpenAPI: its answers are written straight to bytes, past the model."""
    problems = {s: PROBLEM_ANSWERS["default"] | {"description": schemas.ANSWERS[s]} for s in statuses}
    return {
        "responses": {200: {"model": model}} | problems,
        "openapi_extra": {"security": [{"access_token": []}]},
    }


def reader(request: Request) -> Reader:
    """Return this process's reader."""
    made: Reader = request.app.state.reader
    return made


def as_json(body: dict[str, Any], sent: Presented, rt: Runtime) -> Response:
    """Write an answer; after a proof, with the nonce for the next."""
    answer = Answer(orjson.dumps(body, option=orjson.OPT_UTC_Z))
    if sent.proof is not None:
        answer.raw_headers += [(k.lower().encode(), v.encode()) for k, v in nonce_header(rt).items()]
    return answer


def refusal(problem: Problem, reason: Reason, sent: Presented, rt: Runtime) -> Response:
    """Write a refusal, as a challenge of the scheme that would do."""
    bound, used = reason is Reason.PROOF_MISSING, reason is Reason.PROOF_USED_BEFORE
    return problem_response(challenged(problem, sent, rt, bound=bound, used=used))


@reads.get("/v1/preferences", **documented(schemas.SharedProfile, 401, 403, 503))
async def read_own(request: Request) -> Response:
    """Read what the customer of your access token shares with you."""
    rt = runtime_of(request)
    sent = presented(request, rt)
    outcome = await reader(request).read(sent.token, proof=sent.proof)
    if isinstance(outcome, Refused):
        problem = schemas.token_problem(outcome.reason, rt.issuer) or schemas.invalid_token(rt.issuer)
        return refusal(problem, outcome.reason, sent, rt)
    return as_json(schemas.profile(outcome), sent, rt)


@reads.get("/v1/customers/{subject}/preferences", **documented(schemas.SharedProfile, 401, 403, 404, 503))
async def read_subject(request: Request, subject: str) -> Response:
    """Read what the customer whom you know as `subject` shares with you."""
    rt = runtime_of(request)
    sent = presented(request, rt)
    outcome = await reader(request).read(sent.token, subject, sent.proof)
    if isinstance(outcome, Refused):
        problem = schemas.token_problem(outcome.reason, rt.issuer) or schemas.NOT_SHARED
        return refusal(problem, outcome.reason, sent, rt)
    return as_json(schemas.profile(outcome), sent, rt)


@router.post("/v1/customers/preferences:batch", **documented(schemas.SharedProfiles, 401, 403, 503))
async def read_subjects(request: Request, body: schemas.Subjects) -> Response:
    """Read up to 500 customers at once: one item for each, in the order of `subjects`."""
    rt = runtime_of(request)
    sent = presented(request, rt)
    outcomes = await reader(request).read_many(sent.token, body.subjects, sent.proof)
    first = outcomes[0]
    if isinstance(first, Refused):
        problem = schemas.token_problem(first.reason, rt.issuer)
        if problem:  # the token is one and the same for all of them
            return refusal(problem, first.reason, sent, rt)
    return as_json(schemas.profiles(body.subjects, outcomes), sent, rt)
