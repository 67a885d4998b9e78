"""No request is taken in without an end: a body is read into memory before anything can look at it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ccx_broker.kit import audit
from ccx_broker.kit.errors import TooLarge, problem_response

LONGEST_BODY = 2 * 1024 * 1024
"""Bytes. More than any honest request; a door may set a lower limit of its own."""

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
"""No door reads a body that comes with these (RFC 9110 §9.3.1), so nothing is counted there."""


class BodyLimit:
    """Middleware that answers 413 to a longer body, and stops reading one that did not say its length."""

    def __init__(self, app: ASGIApp, longest: int = LONGEST_BODY) -> None:
        self.app, self.longest = app, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counted."""
        if scope["type"] != "http" or scope["method"] in WITHOUT_BODY:
            await self.app(scope, receive, send)
            return
        audit.begin()
        too_large = TooLarge(f"A request carries at most {self.longest // 1024 // 1024} MiB.")
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.longest:
            await problem_response(too_large)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.longest:
                raise too_large
            return message

        await self.app(scope, counted, send)
