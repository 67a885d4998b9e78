"""The stylesheet and its like: read once, served under a name that changes with the content."""

import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from ccx_broker.kit.errors import NotFound

router = APIRouter(include_in_schema=False)


class StaticFile(NamedTuple):
    """A file of `static/` and the first letters of its SHA-256."""

    content: bytes
    kind: str
    version: str


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(content, kind, hashlib.sha256(content).hexdigest()[:12])


FILES = {
    path.name: _read(path) for path in (Path(__file__).parents[1] / "static").iterdir() if path.is_file()
}


def static_url(name: str) -> str:
    """Return the address of a static file; another content has another address."""
    return f"/static/{FILES[name].version}/{name}"


@router.get("/static/{version}/{name}")
def static_file(version: str, name: str, request: Request) -> Response:
    """Serve a file for ever under its own version; under an old one the present file, to be asked for again."""
    file = FILES.get(name)
    if file is None:
        raise NotFound("There is no such file.")
    etag = f'"{file.version}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=31536000, immutable" if version == file.version else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.kind, headers=headers)
