"""What a DPoP proof (RFC 9449) comes to, and which address it is for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote, unquote, urlsplit


@dataclass(frozen=True)
class Proof:
    """A good DPoP proof (RFC 9449 §4): the thumbprint of its key, and the id that makes it good for one use."""

    jkt: str
    id_hash: bytes
    expires_at: datetime


@dataclass(frozen=True)
class Flawed:
    """A DPoP proof that is no good; the description is fit for `error_description`."""

    description: str
    error: Literal["invalid_dpop_proof", "use_dpop_nonce"] = "invalid_dpop_proof"


def same_target(sent: str, url: str) -> bool:
    """Compare a proof's `htu` with a request's address, without query and fragment (RFC 9449 §4.3, check 9).

    What RFC 3986 §6.2.2 and §6.2.3 hold for the same is the same: case of scheme, host and `%`-codes,
    what need not be coded, the scheme's own port, no path at all.
    """
    if sent == url:
        return True
    target = _normal(sent)
    return target is not None and target == _normal(url)


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        # A coded slash is not a slash: each segment is looked at by itself.
        path = "/".join(_normal_segment(segment) for segment in (parts.path or "/").split("/"))
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, path


def _normal_segment(segment: str) -> str:
    raw = unquote(segment, errors="surrogateescape")
    return quote(raw, errors="surrogateescape", safe="")
