"""`POST /v1/events`: an organisation sends what its customers did."""

from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from ccx_broker.intake import service
from ccx_broker.intake.rules import MOST_BYTES, MOST_EVENTS
from ccx_broker.intake.schemas import BatchAnswer, Event
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.clock import now
from ccx_broker.kit.errors import Forbidden, Invalid, TooLarge
from ccx_broker.kit.runtime import Rt, Runtime
from ccx_broker.oauth.sender import Presented, challenged, live_access, presented

router = APIRouter(tags=["behaviour"])
SCOPE = "events:write"
# Described here and checked event by event: one bad event must not cost its batch.
BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "array", "maxItems": MOST_EVENTS, "items": Event.model_json_schema()}},
}


@router.post(
    "/v1/events",
    response_model=BatchAnswer,
    summary="Send behaviour",
    responses={
        401: {"description": "No live access token."},
        403: {"description": "The token has no `events:write`."},
        413: {"description": "More than 500 events or 1 MiB; nothing was kept."},
        422: {"description": "The body is not JSON of this shape; nothing was kept."},
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": BATCH}}},
        "security": [{"access_token": []}],
    },
)
async def post_events(request: Request, rt: Rt) -> BatchAnswer:
    """Take in at most 500 events or 1 MiB. Idempotent by `messageId`; a bad event is refused by its index.

    What follows from it is concluded a moment after the answer. Needs `events:write`: a customer's token, for its own subject, or the organisation's own, for every
    subject with a live grant that allows behaviour.
    """
    # Not through `Db`: a body that trickles in must not hold a connection meanwhile.
    sent = presented(request, rt)
    body = await read_body(request)
    return await run_in_threadpool(receive, rt, sent, body)


def receive(rt: Runtime, sent: Presented, body: bytes) -> BatchAnswer:
    """Take a batch in, in one transaction that is committed before the answer."""
    moment = now()
    access = live_access(rt, sent, moment)
    if SCOPE not in access.scopes:
        problem = Forbidden(
            f"This needs a token with the scope {SCOPE}.",
            slug="insufficient-scope",
            headers=challenge(rt.issuer, "insufficient_scope", SCOPE),
        )
        raise challenged(problem, sent, rt)
    with rt.sessions.begin() as session:
        taken = service.take_in(session, access, batch_of(body), moment)
    rt.learnt.set()
    return BatchAnswer.model_validate(asdict(taken))


async def read_body(request: Request) -> bytes:
    """Return the body; raises `TooLarge` as soon as it is, whether or not its length was announced."""
    too_large = TooLarge(f"A request carries at most {MOST_BYTES // 1024 // 1024} MiB. Send smaller batches.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        raise too_large
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise too_large
    return bytes(read)


def batch_of(body: bytes) -> list[Any]:
    """Return the events of a body; raises `Invalid` if it isn't JSON of the right shape, else `TooLarge`."""
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            "The body is not JSON.",
            errors=[{"field": "body", "reason": f"{error.msg} (line {error.lineno}, column {error.colno})"}],
        ) from error
    batch = sent.get("batch") if isinstance(sent, dict) else None
    if not isinstance(batch, list):
        raise Invalid(
            'Send `{"batch": [event, …]}`.', errors=[{"field": "batch", "reason": "use a list of events"}]
        )
    if len(batch) > MOST_EVENTS:
        raise TooLarge(f"A request carries at most {MOST_EVENTS} events; this one has {len(batch)}.")
    return batch
