"""Sending a browser to an application's address."""

from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse


def leave(location: str) -> RedirectResponse:
    """Return the answer that takes a browser there."""
    # 303, so that the browser never posts the form on to the application (RFC 9700 §4.12).
    return RedirectResponse(location, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def origin_of(uri: str) -> str:
    """Name where a form may lead to, as a Content-Security-Policy source: an app's own scheme has no host."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
