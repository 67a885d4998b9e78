"""Client ID metadata documents: which addresses may be one, where we may connect to, what one may say. Pure.

draft-ietf-oauth-client-id-metadata-document. The address comes from anybody, so all of this is about not
becoming the hand that reaches into somebody's inner network (SSRF), and about nobody speaking for another.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

LONGEST_URL = 500
LONGEST_BODY = 5 * 1024
SHORTEST_KEPT, LONGEST_KEPT = timedelta(minutes=5), timedelta(hours=24)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

# Addresses that carry another one inside: a translator on the way might unpack it.
CARRIERS = tuple(
    ipaddress.ip_network(each)
    for each in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "fec0::/10",
        "192.88.99.0/24",
    )
)
SECRET_FIELDS = ("client_secret", "client_secret_expires_at")


@dataclass(frozen=True)
class Document:
    """What we use of a client's document."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_method: str = "none"
    jwks: Mapping[str, Any] | None = None
    dpop_bound: bool = False


def is_document_id(client_id: str) -> bool:
    """Say whether a client id is meant as an address: ours are never."""
    return client_id.startswith(("https://", "http://"))


def url_problem(url: str, *, loopback: bool, any_port: bool = False) -> str | None:
    """Say why an address can't be a client id (draft §3), or None. `loopback`: http to this machine is fine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    here = loopback and parts.scheme == "http" and host in LOOPBACK
    flaws = {
        "is too long": len(url) > LONGEST_URL,
        "is not a plain URL": re.fullmatch(r"[!-~]+", url) is None or any(c in url for c in '\\"<>`{}'),
        "is not https": parts.scheme != "https" and not here,
        "holds a user name": "@" in parts.netloc,
        "holds a query or a fragment": "?" in url or "#" in url,
        "has no path": parts.path in ("", "/"),
        "has a dot segment": any(
            each.lower().replace("%2e", ".") in (".", "..") for each in parts.path.split("/")
        ),
        "names no public host": not here
        and re.fullmatch(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", host)
        is None,
        "names a port": port not in (None, 443) and not (here or any_port),
    }
    return next((said for said, wrong in flaws.items() if wrong), None)


def is_public(address: str) -> bool:
    """Say whether an address is out in the world: no private, local, shared, translated or reserved one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return False
    if any(found in network for network in CARRIERS):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def read_document(url: str, given: Any, default_scopes: tuple[str, ...]) -> Document | str:
    """Read a document that was found at `url`; return what is wrong if it can't be used (draft §4)."""
    if not isinstance(given, dict):
        return "it is not a JSON object"
    uris = given.get("redirect_uris")
    listed = isinstance(uris, list) and 1 <= len(uris) <= 20 and all(isinstance(u, str) for u in uris)
    name, scope = given.get("client_name", urlsplit(url).netloc), given.get("scope", "")
    method, bound = (
        given.get("token_endpoint_auth_method", "none"),
        given.get("dpop_bound_access_tokens", False),
    )
    flaws = {
        "its client_id is not its own address": given.get("client_id") != url,
        "it holds a secret": any(field in given for field in SECRET_FIELDS),
        "its token_endpoint_auth_method would need a secret": method not in ("none", "private_key_jwt"),
        "its jwks is not an object": not isinstance(given.get("jwks", {}), dict),
        "its dpop_bound_access_tokens is not true or false": not isinstance(bound, bool),
        "its redirect_uris are not a list of addresses": not listed,
        "a redirect URI leads neither to its own origin nor to a loopback address": listed
        and not all(_returns_home(url, uri) for uri in uris or ()),
        "its client_name or scope is not a text": not isinstance(name, str) or not isinstance(scope, str),
    }
    flaw = next((said for said, wrong in flaws.items() if wrong), None)
    if flaw is not None:
        return flaw
    scopes = tuple(str(scope).split()) or default_scopes
    jwks = given.get("jwks") if method == "private_key_jwt" else None
    return Document(url, str(name), tuple(uris or ()), scopes, str(method), jwks, bool(bound))


def kept_for(headers: Mapping[str, str]) -> timedelta:
    """Return how long a document may be kept (RFC 9111 §5.2.2.1), within our own bounds."""
    said = re.search(r"(?:^|[,\s])max-age=\"?([0-9]{1,9})", headers.get("cache-control", "").lower())
    wanted = timedelta(seconds=int(said[1])) if said else SHORTEST_KEPT
    return min(max(wanted, SHORTEST_KEPT), LONGEST_KEPT)


def _returns_home(url: str, redirect_uri: str) -> bool:
    try:
        at, to = urlsplit(url), urlsplit(redirect_uri)
        port = to.port
    except ValueError:
        return False
    host = to.netloc.rpartition(":")[0] if port is not None else to.netloc
    return (to.scheme, to.netloc) == (at.scheme, at.netloc) or (to.scheme == "http" and host in LOOPBACK)
