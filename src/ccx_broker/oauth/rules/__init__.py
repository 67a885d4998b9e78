"""What codes and tokens stand for, and which scopes may be had how. Pure decisions."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from ccx_broker.consent.rules import Ask, CatalogueItem, Detail, Grant, keys_of_scopes

ORGANISATION_SCOPES = frozenset(
    {
        "preferences:read",
        "decisions:read",
        "changes:read",
        "events:write",
        "offers:write",
        "voice:read",
        "grant_management_query",
        "grant_management_revoke",
    }
)
"""What an organisation can have for its own work, with client credentials."""

CUSTOMER_SCOPES = frozenset({"events:write", "offline_access", "openid"})
"""What a customer can be asked for besides preferences."""

API = "api"
"""The audience of every access token so far: the broker's own API, whose identifier is the issuer."""


@dataclass(frozen=True)
class AccessToken:
    """A live access token: a customer's (with a grant), or an organisation's own (with neither).

    `keys` and `scopes` are what it is good for now: never more than its grant still holds. `jkt` is the
    thumbprint of the key that it is bound to; without one it is a bearer token.
    """

    client_id: str
    organisation_id: UUID
    customer_id: UUID | None
    grant_id: UUID | None
    scopes: frozenset[str]
    keys: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    audience: str = API
    details: tuple[Detail, ...] = ()
    jkt: str | None = None


@dataclass(frozen=True)
class Authorisation:
    """What a customer's yes to one request amounts to; a code and each refresh token stand for it.

    All tokens that descend from one code are a family: what ends one of them for cause ends them all.
    `jkt` is the thumbprint of the key that has to be proved at the exchange (RFC 9449 §5, §10), if any.
    """

    client_id: str
    customer_id: UUID
    grant_id: UUID
    family_id: UUID
    scopes: tuple[str, ...]
    keys: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    """What of `keys` was asked for by authorization details: then a token answer says so as well."""
    auth_time: datetime | None = None
    """When the customer last proved who they are, for the ID token that comes with a code."""
    nonce: str | None = None
    jkt: str | None = None


@dataclass(frozen=True)
class StoredRefreshToken:
    """A refresh token as it is kept, whatever its state."""

    authorisation: Authorisation
    expires_at: datetime
    claimed_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Say whether it can still be exchanged, as far as it alone can tell."""
        return self.claimed_at is None and self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True)
class Issued:
    """A token answer (RFC 6749 §5.1): the only moment at which the tokens themselves are known."""

    access_token: str
    expires_in: int
    scope: str
    token_type: Literal["Bearer", "DPoP"]
    grant_id: UUID | None = None
    refresh_token: str | None = None
    authorization_details: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True)
class Introspected:
    """What an organisation learns about a live token of its own (RFC 7662 §2.2)."""

    client_id: str
    scope: str
    token_type: str | None
    subject: str | None
    grant_id: UUID | None
    issued_at: datetime | None
    expires_at: datetime
    audience: str | None = None
    authorization_details: tuple[dict[str, Any], ...] | None = None
    jkt: str | None = None


@dataclass(frozen=True)
class AuthorizationRequest:
    """A valid request at the authorize endpoint, ready to be put to the customer."""

    client_id: str
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    code_challenge: str
    ask: Ask
    prompt: frozenset[str]
    details: tuple[Detail, ...] = ()
    pushed: str | None = None
    """The request URI, where it was pushed (RFC 9126)."""
    nonce: str | None = None
    max_age: int | None = None
    """How many seconds ago the customer may have proved who they are at most."""
    id_token_hint: str | None = None
    """A former ID token of the customer whom the application expects, unchecked."""
    dpop_jkt: str | None = None


def audience_of(resource: str | None, issuer: str) -> str | None:
    """Return the audience that a resource indicator names (RFC 8707 §2); the API without one, None if unknown.

    An address without a path may be written with a slash at its end or not (RFC 3986 §6.2.3).
    """
    return API if resource in (None, issuer, f"{issuer}/") else None


def scope_string(keys: Collection[str], scopes: Collection[str]) -> str:
    """Write what was granted as a scope (RFC 6749 §3.3): every key by its own name, then the rest."""
    return " ".join([*(f"pref:{key}" for key in keys), *sorted(scopes)])


def token_type(jkt: str | None) -> Literal["Bearer", "DPoP"]:
    """Name the type of an access token that is bound to a key, or to none (RFC 6750 §1, RFC 9449 §5)."""
    return "Bearer" if jkt is None else "DPoP"


def effective(token: AccessToken, grant: Grant) -> AccessToken:
    """Return the token cut down to what its grant holds now."""
    scopes = token.scopes if grant.allow_events else token.scopes - {"events:write"}
    return replace(token, keys=tuple(key for key in token.keys if key in grant.keys), scopes=scopes)


def customer_scopes(
    asked: Collection[str], registered: Collection[str], items: Collection[CatalogueItem]
) -> tuple[str, ...] | None:
    """Return those of the scopes `asked` that can be put to a customer; None if one is not allowed.

    A registered `pref:<step>` covers the step's ordinary keys by name. `offline_access` may be asked by
    everyone: it lets nobody have more, only longer, and no longer than the grant. So may `openid`: every
    grant tells the subject, and this one tells nothing else. What is registered for
    the organisation's own work is left out, as RFC 6749 §3.3 permits; the token answer says so.
    """
    covered = {f"pref:{key}" for key in keys_of_scopes(registered, items)}
    allowed = covered | set(registered) | {"offline_access", "openid"}
    if not set(asked) <= allowed:
        return None
    return tuple(
        scope for scope in dict.fromkeys(asked) if scope in CUSTOMER_SCOPES or keys_of_scopes([scope], items)
    )


def organisation_scopes(asked: Collection[str], registered: Collection[str]) -> tuple[str, ...] | None:
    """Return the scopes of a client-credentials token; all that are registered if none was asked for.

    None if there would be none, or if one is asked for that is not registered or takes a customer.
    """
    possible = ORGANISATION_SCOPES.intersection(registered)
    wanted = set(asked) or possible
    return tuple(sorted(wanted)) if wanted and wanted <= possible else None


def narrowed(
    authorisation: Authorisation, asked: Collection[str], items: Collection[CatalogueItem]
) -> Authorisation | None:
    """Return what a refresh is to give (RFC 6749 §6): all of it, or the part `asked` for.

    Standard clients repeat what they once asked the customer for, which may be more than was granted. So
    what was never granted is left out, as at first; None if nothing remains.
    """
    if not asked:
        return authorisation
    keys = set(keys_of_scopes(asked, items))
    part = replace(
        authorisation,
        keys=tuple(key for key in authorisation.keys if key in keys),
        scopes=tuple(scope for scope in authorisation.scopes if scope in asked),
    )
    return part if part.keys or part.scopes else None


def redirect_uri_matches(asked: str, registered: Collection[str], *, is_public: bool) -> bool:
    """Compare as strings (RFC 9700 §2.1).

    Only an app on the customer's own device may vary the port of a loopback address (RFC 8252 §7.3).
    """
    return asked in registered or (is_public and any(_same_loopback(asked, known) for known in registered))


def _same_loopback(asked: str, known: str) -> bool:
    try:
        parts, known_parts = urlsplit(asked), urlsplit(known)
        port = parts.port
    except ValueError:
        return False
    host = known_parts.hostname
    if known_parts.scheme != "http" or host not in ("127.0.0.1", "::1") or port is None:
        return False
    # Put together again rather than compared in parts: user names, odd case and the like don't match.
    netloc = f"[{host}]" if ":" in host else host
    return asked == known_parts._replace(netloc=f"{netloc}:{port}").geturl()
