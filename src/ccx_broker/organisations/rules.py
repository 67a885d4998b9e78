"""What an organisation and its application may declare about themselves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

NAME_LONGEST = 100
SENTENCE_LONGEST = 300
URI_LONGEST = 2000
DEFAULT_SENTENCE = "To treat you the way you asked."
DEFAULT_PURPOSE = "dpv:ServiceProvision"

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

AUTH_METHODS: Mapping[str, tuple[str, ...]] = {
    "client_secret": ("client_secret_basic", "client_secret_post"),
    "client_secret_basic": ("client_secret_basic",),
    "client_secret_post": ("client_secret_post",),
    "private_key_jwt": ("private_key_jwt",),
    "none": ("none",),
}
"""How an application may be registered to prove itself, and what it may then use (RFC 7591 §2).

`client_secret` is what an application gets that was registered without a word: standard clients differ in
where they put the secret, and it is the same secret.
"""

KEY_TYPES = frozenset({"EC", "OKP", "RSA"})
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
MOST_KEYS = 10

# Scopes that are not about a customer's keys (design §6).
PLAIN_SCOPES = frozenset(
    {
        "events:write",
        "offers:write",
        "voice:read",
        "openid",
        "offline_access",
        "preferences:read",
        "decisions:read",
        "changes:read",
        "grant_management_query",
        "grant_management_revoke",
    }
)


@dataclass(frozen=True)
class Organisation:
    """Who asks. `name` is the trading name; `complaints` is where a customer may turn."""

    organisation_id: UUID
    name: str
    complaints: str | None
    created_at: datetime


@dataclass(frozen=True)
class Purpose:
    """Why an application asks: a W3C DPV term, a sentence of its own, and the keys it can't do without."""

    purpose: str
    sentence: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Application:
    """An organisation's OAuth client (RFC 6749 §2).

    `auth_method`: one of `AUTH_METHODS`; `jwks`: its public keys, for `private_key_jwt`; `dpop_bound`:
    whether it gets only tokens that are bound to a key of its own (RFC 9449 §5.2).
    """

    client_id: str
    organisation_id: UUID
    organisation_name: str
    complaints: str | None
    name: str
    auth_method: str
    secret_hash: bytes | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    jwks: Mapping[str, Any] | None = None
    dpop_bound: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where a browser may be sent after signing out here (OpenID Connect RP-Initiated Logout §3.1)."""

    @property
    def named_by(self) -> str | None:
        """The host whose document names it, if nobody has registered it."""
        return urlsplit(self.client_id).netloc if "://" in self.client_id else None

    @property
    def is_public(self) -> bool:
        """Whether it can't keep a secret: an app on a phone, a page in a browser (RFC 6749 §2.1)."""
        return self.auth_method == "none"

    @property
    def auth_methods(self) -> tuple[str, ...]:
        """What it may authenticate by; every other way is refused."""
        return AUTH_METHODS[self.auth_method]


@dataclass(frozen=True)
class Vocabulary:
    """The catalogue as far as scopes go: the journey step of each key. Handed in, since it lies above."""

    steps: Mapping[str, str]

    def knows_scope(self, scope: str) -> bool:
        """`pref:<step>`, `pref:<key>`, or one of the plain ones."""
        kind, _, what = scope.partition(":")
        return scope in PLAIN_SCOPES or (
            kind == "pref" and (what in self.steps or what in self.steps.values())
        )


def normal_name(typed: str) -> str:
    """Return a name with single spaces and none around it."""
    return " ".join(typed.split())


def name_problem(name: str) -> str | None:
    """Say what is wrong with a normalised name, or None."""
    if not name:
        return "is empty"
    if len(name) > NAME_LONGEST:
        return f"is longer than {NAME_LONGEST} characters"
    return None if name.isprintable() else "holds a character that can't be written"


def complaints_problem(complaints: str) -> str | None:
    """Say what is wrong with where to complain: a web address or an e-mail address."""
    if len(complaints) > URI_LONGEST or not complaints.isprintable():
        return "is not a web or e-mail address"
    if re.fullmatch(r"https?://[^\s/@]+(/\S*)?", complaints) or re.fullmatch(r"[^@\s]+@[^@\s]+", complaints):
        return None
    return "is neither a web address (https://…) nor an e-mail address"


def redirect_uri_problem(uri: str) -> str | None:
    """Say why a browser must not be sent there with a code, or None (RFC 6749 §3.1.2, RFC 8252 §§7, 8)."""
    problem: str | None = None
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URI"
    if len(uri) > URI_LONGEST or not uri.isprintable() or " " in uri or "\\" in uri:
        problem = "is not a URI"
    elif "#" in uri:
        problem = "must not have a fragment (#…)"
    elif not parts.scheme:
        problem = "must be absolute, such as https://shop.example/callback"
    elif parts.username is not None or parts.password is not None:
        problem = "must not hold a user name or password"
    elif parts.scheme in ("https", "http") and not host:
        problem = "names no host"
    elif parts.scheme == "http" and host not in LOOPBACK:
        problem = "must be https; http is only for the loopback addresses"
    elif parts.scheme not in ("https", "http") and "." not in parts.scheme:
        problem = "must be https, http on loopback, or an app's own scheme such as com.example.shop:/callback"
    return problem


def auth_problems(auth_method: str, jwks: object) -> list[tuple[str, str | None]]:
    """Say per field what is wrong with how an application is to prove itself."""
    if auth_method not in AUTH_METHODS:
        return [("auth_method", f"must be one of {', '.join(AUTH_METHODS)}")]
    if auth_method == "private_key_jwt":
        return [("jwks", "is needed for private_key_jwt" if jwks is None else jwks_problem(jwks))]
    return [("jwks", None if jwks is None else "is only for private_key_jwt")]


def jwks_problem(jwks: object) -> str | None:
    """Say what is wrong with a JWK Set (RFC 7517 §5) of public keys, or None."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, Sequence) or not 1 <= len(keys) <= MOST_KEYS:
        return f'must be a JWK Set, {{"keys": […]}}, of 1 to {MOST_KEYS} keys'
    for key in keys:
        if not isinstance(key, Mapping) or key.get("kty") not in KEY_TYPES:
            return f"holds something that is no key of the types {', '.join(sorted(KEY_TYPES))}"
        if PRIVATE_MEMBERS & set(key):
            return "holds a private key: keep it, make a new one, and send only public keys"
    return None


def purpose_from(text: str) -> Purpose:
    """Read `dpv:ServiceProvision=We pick your shopping the way you like`; raises `ValueError`."""
    purpose, equals, sentence = text.partition("=")
    purpose, sentence = purpose.strip(), normal_name(sentence)
    if not equals or not re.fullmatch(r"[a-z][a-z0-9-]*:[A-Za-z][A-Za-z0-9-]*", purpose):
        raise ValueError("must be written like dpv:ServiceProvision=We pick your shopping the way you like")
    if not sentence or len(sentence) > SENTENCE_LONGEST or not sentence.isprintable():
        raise ValueError(f"needs a sentence of 1 to {SENTENCE_LONGEST} characters after the =")
    return Purpose(purpose, sentence)
