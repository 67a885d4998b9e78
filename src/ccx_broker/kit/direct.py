"""For doors that are asked thousands of times a second: what FastAPI and Starlette do for every door, left out.

Both are a few lines and plain to see; together they save a consented read a quarter of the server's time.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class PathOnly(APIRoute):
    """A route whose endpoint takes the request and its path, so that FastAPI need not resolve anything."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Call the endpoint straight away."""

        async def handle(request: Request) -> Response:
            answer: Response = await self.endpoint(request, **request.path_params)
            return answer

        return handle


class Answer(Response):
    """JSON that no cache on the way may keep. Its header lines are the same bytes every time."""

    def init_headers(self, headers: Any = None) -> None:  # noqa: ARG002
        """Set them, past the general way, which takes longer than the decision of a read."""
        self.raw_headers = [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
        ]
