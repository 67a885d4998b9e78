"""DPoP proofs (RFC 9449 §4): is this one good, for this request, and whose key signed it?

The signature is joserfc's affair; what the proof must say is checked here, one line a rule. Nothing is
stored: whether a proof was used before is decided where its `Proof.id_hash` is spent.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from ccx_broker.kit.runtime import Keys
from ccx_broker.oauth.rules.proofs import Flawed, Proof, same_target

ALGORITHMS = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256")
"""Asymmetric ones only (§4.3, check 5). RS256 is not among them: PKCS #1 v1.5 is for old clients (FAPI 2.0)."""

WINDOW = timedelta(minutes=5)
"""How far `iat` may be from our time (§11.1). Freshness is the nonce's work; this only has to let clocks be."""

LONGEST = 8192
"""Characters. A proof by a 4096-bit RSA key has about 2000."""

NONCE_STEP = 120
"""Seconds after which a new nonce is handed out. One is taken for its step and the next."""


class _Registry(jws.JWSRegistry):
    """joserfc's own limit, 512 bytes, leaves no room for an RSA key in the header."""

    max_header_length = 2048


REGISTRY = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)
CURVES = {"EC": ("P-256", "P-384"), "OKP": ("Ed25519",)}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class Nonces:
    """Nonces that no process has to remember (RFC 9449 §8): an HMAC of the time step.

    Every process with the same secret hands out and takes the same ones, so clients may be sent to any.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._made: dict[int, str] = {}

    def current(self, now: datetime) -> str:
        """Return the nonce to use from now on."""
        return self._of(_step(now))

    def is_fresh(self, nonce: str, now: datetime) -> bool:
        """Say whether it is of this step or the one before, or the next of a host whose clock is ahead."""
        step, sent = _step(now), nonce.encode()
        return any(hmac.compare_digest(sent, self._of(n).encode()) for n in (step, step - 1, step + 1))

    def _of(self, step: int) -> str:
        made = self._made.get(step)
        if made is None:
            mac = self._keys.mac("dpop-nonce", str(step))[:16]
            made = urlsafe_b64encode(mac).rstrip(b"=").decode()
            self._made = {n: nonce for n, nonce in self._made.items() if abs(n - step) < 3} | {step: made}
        return made


@lru_cache(maxsize=4)
def nonces_of(keys: Keys) -> Nonces:
    """Return this process's nonces."""
    return Nonces(keys)


def check_proof(
    sent: str,
    *,
    method: str,
    url: str,
    now: datetime,
    is_fresh: Callable[[str, datetime], bool],
    access_token: str | None = None,
) -> Proof | Flawed:
    """Check a proof (RFC 9449 §4.3) for a request of `method` to `url`, with that access token if any.

    `url` is what the request was sent to by the issuer's name, whatever host a proxy wrote into it.
    """
    checked = _signed_claims(sent)
    if isinstance(checked, Flawed):
        return checked
    jkt, claims = checked
    return _flaw(claims, method, url, now, access_token) or _fresh(jkt, claims, now, is_fresh)


def _signed_claims(sent: str) -> tuple[str, Mapping[str, Any]] | Flawed:
    if len(sent) > LONGEST:
        return Flawed("The DPoP proof is too long.")
    try:
        found = jws.extract_compact(sent.encode(), registry=REGISTRY)
        if found.headers().get("typ") != "dpop+jwt":
            return Flawed("The DPoP proof's typ is not dpop+jwt.")
        key, jkt = _key(sent.partition(".")[0])
        if not jws.validate_compact(found, key, algorithms=ALGORITHMS, registry=REGISTRY):
            return Flawed("The DPoP proof's signature is wrong.")
        claims = orjson.loads(found.payload)
    except Exception:  # strangers' keys make the libraries raise whatever there is
        return Flawed(
            f"The DPoP proof is no JWT signed by the public key in it; use {', '.join(ALGORITHMS)}."
        )
    return (jkt, claims) if isinstance(claims, dict) else Flawed("The DPoP proof says nothing.")


# A client writes the same header into each of its proofs, and reading a key costs half of a check. What is
# kept is only that reading: the same text gives the same key.
@lru_cache(maxsize=1024)
def _key(header: str) -> tuple[ECKey | OKPKey | RSAKey, str]:
    """Return the public key and its thumbprint (RFC 7638); raises whatever is wrong with it."""
    jwk = orjson.loads(urlsafe_b64decode(header + "==="))["jwk"]
    kind = jwk.get("kty")
    if PRIVATE & set(jwk):
        raise ValueError("a private key")
    if kind in CURVES and jwk.get("crv") not in CURVES[kind]:
        raise ValueError("another curve")
    if kind == "RSA" and not (340 <= len(jwk["n"]) <= 684 and len(jwk["e"]) <= 6):
        raise ValueError("an RSA key that is weak or slow: 2048 to 4096 bits, a small exponent")
    key = import_key({name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk})
    if not isinstance(key, ECKey | OKPKey | RSAKey):
        raise TypeError("not an asymmetric key")
    key.get_op_key("verify")
    return key, key.thumbprint()


def _flaw(
    claims: Mapping[str, Any], method: str, url: str, now: datetime, access_token: str | None
) -> Flawed | None:
    flaw: str | None = None
    jti, iat, htu = claims.get("jti"), claims.get("iat"), claims.get("htu")
    if not isinstance(jti, str) or not jti:
        flaw = "The DPoP proof has no jti."
    elif claims.get("htm") != method:
        flaw = "The DPoP proof's htm is not this request's method."
    elif not isinstance(htu, str) or not same_target(htu, url):
        flaw = "The DPoP proof's htu is not this address."
    elif isinstance(iat, bool) or not isinstance(iat, int | float):
        flaw = "The DPoP proof has no iat."
    elif not abs(iat - int(now.timestamp())) <= WINDOW.total_seconds():
        flaw = "The DPoP proof's iat is too far from now."
    elif access_token is not None and claims.get("ath") != token_digest(access_token):
        flaw = "The DPoP proof's ath is not this access token's."
    return Flawed(flaw) if flaw else None


def _fresh(
    jkt: str, claims: Mapping[str, Any], now: datetime, is_fresh: Callable[[str, datetime], bool]
) -> Proof | Flawed:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not is_fresh(nonce, now):
        return Flawed("Put the nonce of the DPoP-Nonce header into the DPoP proof.", "use_dpop_nonce")
    id_hash = hashlib.sha256(f"dpop\0{jkt}\0{claims['jti']}".encode("utf-8", "surrogatepass")).digest()
    # A later use would be refused for its iat.
    return Proof(jkt, id_hash, now + 2 * WINDOW)


def token_digest(access_token: str) -> str:
    """Return what `ath` has to be for an access token (RFC 9449 §4.2)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _step(now: datetime) -> int:
    return int(now.timestamp()) // NONCE_STEP
