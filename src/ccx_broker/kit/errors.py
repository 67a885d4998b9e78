"""Errors as RFC 9457 problems: what is wrong, where, and what to do about it.

    Problem
     ├─ Invalid             422  a field is wrong: names the field and what is allowed
     ├─ NotSignedIn         401  no live session or token
     ├─ Forbidden           403  signed in, but not for this
     ├─ NotFound            404  no such thing *for this caller*
     ├─ Conflict            409  it would contradict what is there
     ├─ Changed             412  somebody else was faster: load again (If-Match)
     ├─ TooLarge            413  more than one request may carry
     ├─ TooMany             429  wait; `Retry-After` says how long
     └─ Unavailable         503  not now: too much at once, or the database is away

Raising one rolls the request's transaction back. Where a refusal itself must be remembered (a refused
read, a failed sign-in) the service *returns* it and the door answers with `problem_response`.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from ccx_broker.kit.coalescer import Overloaded

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"

# Whatever says that the same request may succeed in a moment.
AWAY = (Overloaded, PoolTimeout, PoolTimeoutError, psycopg.OperationalError, sqlalchemy.exc.OperationalError)


class Problem(Exception):
    """An answer that is not a success. `slug` is the stable name a program may switch on."""

    status = 400
    slug = "bad-request"
    title = "The request can't be understood"

    def __init__(
        self,
        detail: str,
        *,
        slug: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.slug = slug or self.slug
        self.errors = list(errors)
        self.headers = dict(headers or {})


class Invalid(Problem):
    """A value is wrong; `errors` names each field, what came and what is allowed."""

    status, slug, title = 422, "invalid", "A value is not allowed"


class NotSignedIn(Problem):
    """There is no live session or token."""

    status, slug, title = 401, "not-signed-in", "Sign in first"


class Forbidden(Problem):
    """The caller is known and may not do this."""

    status, slug, title = 403, "forbidden", "This is not allowed"


class NotFresh(Forbidden):
    """Signed in, but too long ago for something that leads into the account."""

    slug, title = "not-fresh", "Show once more that it is you"


class NotFound(Problem):
    """There is no such thing for this caller; whether it exists for another is not said."""

    status, slug, title = 404, "not-found", "There is no such thing"


class Conflict(Problem):
    """The request contradicts the present state."""

    status, slug, title = 409, "conflict", "This contradicts what is there"


class Changed(Problem):
    """`If-Match` named a version that is no longer the newest."""

    status, slug, title = 412, "changed", "It has changed since you loaded it"


class TooLarge(Problem):
    """The request carries more than one request may."""

    status, slug, title = 413, "too-large", "The request is too large"


class TooMany(Problem):
    """Too many attempts; `retry_after` is in whole seconds."""

    status, slug, title = 429, "too-many", "Too many attempts"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(Problem):
    """The broker can't do this just now; nothing was done, and the same request may succeed later."""

    status, slug, title = 503, "unavailable", "Not just now"


def problem_response(problem: Problem) -> JSONResponse:
    """Write a problem as `application/problem+json`."""
    body: dict[str, Any] = {
        "type": f"urn:ccx:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return JSONResponse(body, problem.status, problem.headers, media_type=PROBLEM_JSON)


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure of `app` a problem document, also those that the framework raises."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        # What was sent is not echoed: it may be a password.
        errors = [
            {"field": ".".join(str(part) for part in e["loc"][1:]) or str(e["loc"][0]), "reason": e["msg"]}
            for e in error.errors()
        ]
        return problem_response(
            Invalid("Correct the fields named in `errors` and send it again.", errors=errors)
        )

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        problem = Problem(str(error.detail), slug=f"http-{error.status_code}", headers=error.headers)
        problem.status, problem.title = error.status_code, str(error.detail)
        return problem_response(problem)

    async def away(_: Request, error: Exception) -> JSONResponse:
        log.error("unavailable: %s", type(error).__name__)
        return problem_response(
            Unavailable("Send the same request again in a moment.", headers={"Retry-After": "1"})
        )

    for kind in AWAY:
        app.add_exception_handler(kind, away)
