"""A person who meets an error on a page sees a kind page; programs keep `application/problem+json`."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from ccx_broker.kit.errors import AWAY, NotFresh, NotSignedIn, Problem, problem_response
from ccx_broker.kit.runtime import runtime_of
from ccx_broker.web.cookies import session_cookie
from ccx_broker.web.local import page_before
from ccx_broker.web.rendering import render
from ccx_broker.words import say

Handler = Callable[[Request, Any], Response | Awaitable[Response]]

logger = logging.getLogger("ccx_broker")

# What a page says, where the error itself says less: a heading and what to do.
WORDS = {
    400: (say("We could not make sense of that"), say("Go back and try it from the page before.")),
    401: (say("Sign in first"), say("Sign in, then open the page again.")),
    403: (say("That is not possible from here"), say("Go back and try it from the page before.")),
    404: (say("There is no such page"), say("Its address may be mistyped, or what it showed is gone.")),
    405: (say("That page can only be opened"), say("Open it again and use what is on it.")),
    409: (say("That no longer fits"), say("Something has changed in the meantime. Open the page again.")),
    412: (say("Somebody was faster"), say("It was changed in the meantime. Open the page again.")),
    413: (say("That was too much at once"), say("Send less, or send it in parts.")),
    422: (say("Something in the form is not right"), say("Open the page again and fill it in once more.")),
    429: (say("That was a bit too often"), say("Wait a little, then try again.")),
    500: (say("Something went wrong on our side"), say("Nothing was lost. Try again in a moment.")),
    503: (say("Not just now"), say("Too much is going on here. Try again in a moment.")),
}


class Broken(Problem):
    """Something failed on our side; what, stands in the log and nowhere else."""

    status, slug, title = 500, "broken", "Something went wrong on our side"


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page; `/v1` speaks to programs, whatever they accept."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


def install_page_errors(app: FastAPI) -> None:
    """Put pages in front of the problem documents that `install_error_handlers` has installed."""
    for kind in (Problem, RequestValidationError, HTTPException, *AWAY):
        app.add_exception_handler(kind, _as_page(app.exception_handlers[kind]))
    app.add_exception_handler(Exception, _as_page(_broken))


async def _broken(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(Broken(say("Nothing was lost. Try again in a moment.")))


def _as_page(inner: Handler) -> Handler:
    async def handle(request: Request, error: Any) -> Response:
        answered = inner(request, error)
        answer = answered if isinstance(answered, Response) else await answered
        if not wants_page(request):
            return answer
        if isinstance(error, NotSignedIn) and request.method in ("GET", "HEAD"):
            return RedirectResponse(f"/signin?next={quote(_return_to(request), safe='/')}", 303)
        if isinstance(error, NotFresh):
            return RedirectResponse(f"/account/confirm?next={quote(_return_to(request), safe='/')}", 303)
        problem = json.loads(bytes(answer.body))
        heading, advice = WORDS.get(answer.status_code, (problem["title"], problem["detail"]))
        return render(
            request,
            "web/error.html",
            status=answer.status_code,
            headers={k: v for k, v in answer.headers.items() if k in ("retry-after", "allow")},
            heading=heading,
            # Our own problems are written for people; the framework's are not.
            detail=error.detail if isinstance(error, Problem) else advice,
            back=_back(request),
            signed_in=session_cookie(request, runtime_of(request)) is not None,
        )

    return handle


def _back(request: Request) -> str:
    """Return the page that a form was sent from; a page that can't be opened leads home."""
    return "/" if request.method in ("GET", "HEAD") else page_before(request)


def _return_to(request: Request) -> str:
    """Return the page that was asked for, or the one whose form was sent: what was typed is not kept."""
    if request.method not in ("GET", "HEAD"):
        return page_before(request)
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
