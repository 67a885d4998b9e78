"""Client authentication by a signed assertion: `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9).

Smaller than Authlib's, which can't be told which algorithms to take nor how long an assertion may live.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import import_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

ALGORITHMS = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256")
"""RS256 is what standard clients sign with unless they are told otherwise."""

LONGEST_LIFE = timedelta(hours=1)
"""As long as Authlib's own client makes them. Each is good for one use, so a longer life gives no second one."""

LEEWAY = timedelta(minutes=1)
LONGEST = 8192
REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)


@dataclass(frozen=True)
class Assertion:
    """What a good assertion leaves to do: its id has to be spent."""

    id_hash: bytes
    expires_at: datetime


def claimed_client(sent: str) -> str | None:
    """Return the client that an assertion says it comes from; nothing of it was checked."""
    try:
        claims = json.loads(jws.extract_compact(sent[:LONGEST].encode(), registry=REGISTRY).payload)
        client_id = claims["sub"]
    except Exception:  # whatever strangers' bytes make the libraries raise
        return None
    return client_id if isinstance(client_id, str) and "\0" not in client_id else None


def check_assertion(
    sent: str, client_id: str, jwks: Mapping[str, Any], audiences: Collection[str], now: datetime
) -> Assertion | None:
    """Check an assertion against the client's registered keys (RFC 7523 §3); None if it is no good."""
    try:
        found = jws.extract_compact(sent[:LONGEST].encode(), registry=REGISTRY)
        kid = found.headers().get("kid")
        keys = [key for key in jwks["keys"] if kid is None or key.get("kid", kid) == kid]
        if not any(_signed(found, key) for key in keys):
            return None
        return _checked(json.loads(found.payload), client_id, audiences, now)
    except Exception:  # whatever strangers' bytes make the libraries raise
        return None


def _signed(found: jws.CompactSignature, jwk: Mapping[str, Any]) -> bool:
    try:
        return jws.validate_compact(found, import_key(dict(jwk)), algorithms=ALGORITHMS, registry=REGISTRY)
    except Exception:  # a key of another type or curve than the algorithm's
        return False


def _checked(
    claims: Mapping[str, Any], client_id: str, audiences: Collection[str], now: datetime
) -> Assertion | None:
    aud, jti = claims["aud"], claims["jti"]
    # Each of several audiences: an assertion that is also good elsewhere could be passed on from there.
    named = [aud] if isinstance(aud, str) else aud
    expires_at = _time(claims["exp"])
    good = (
        claims["iss"] == claims["sub"] == client_id
        and bool(named)
        and all(each in audiences for each in named)
        and isinstance(jti, str)
        and jti != ""
        and now - LEEWAY < expires_at <= now + LONGEST_LIFE + LEEWAY
        and _time(claims.get("nbf", 0)) <= now + LEEWAY
        and _time(claims.get("iat", 0)) <= now + LEEWAY
    )
    if not good:
        return None
    id_hash = hashlib.sha256(f"assertion\0{client_id}\0{jti}".encode("utf-8", "surrogatepass")).digest()
    return Assertion(id_hash, expires_at + LEEWAY)


def _time(claim: Any) -> datetime:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise TypeError("not a NumericDate (RFC 7519 §2)")
    return datetime.fromtimestamp(claim, UTC)
