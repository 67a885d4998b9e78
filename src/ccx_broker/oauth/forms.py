"""Takes in what comes to the OAuth endpoints, before anything looks at it: bounded, unambiguous, text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

LONGEST_BODY = 64 * 1024
"""Bytes. The longest honest request is a few kilobytes."""


class Malformed(Exception):
    """The request can't be read; the message is fit for `error_description` (RFC 6749 §5.2)."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Received:
    """A request's method, path, headers and parameters, taken in completely.

    `proofs` is what came as DPoP (RFC 9449 §4.1): one proof, or several, which nothing will take for one.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    proofs: str = ""


def parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; raises `Malformed` for a name that comes twice (RFC 6749 §3.1, §3.2).

    One without a value counts as left out (the same sections). NUL can't be stored as text.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Malformed("A parameter is given more than once.")
        if "\0" in value or "\0" in name:
            raise Malformed("A parameter contains a NUL character.")
        found[name] = value
    return {name: value for name, value in found.items() if value}


async def receive(request: Request) -> Received:
    """Read a POSTed form (RFC 6749 Appendix B); raises `Malformed`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Malformed("Send the parameters as application/x-www-form-urlencoded.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise Malformed("The request is too large.", 413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise Malformed("The parameters are not UTF-8 in form encoding.") from error
    proofs = ",".join(request.headers.getlist("dpop"))
    return Received(request.method, request.url.path, request.headers, parameters(pairs), proofs)
