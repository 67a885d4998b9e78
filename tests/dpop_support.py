"""A client's own key: it makes DPoP proofs (RFC 9449 §4) as they should be, or as they shouldn't."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.support import Broker

Key = ECKey | OKPKey | RSAKey | OctKey


def digest(token: str) -> str:
    """Return a token's `ath`."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def signed(key: Key, header: dict[str, Any], claims: Any) -> str:
    """Sign a proof with whatever header and claims, also those that a library would not write."""
    head, body = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    signature = jws.JWSRegistry.algorithms[header["alg"]].sign(head + b"." + body, key)
    return b".".join([head, body, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@dataclass
class Prover:
    """A key, and the nonce that the server said last."""

    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))
    algorithm: str = "ES256"
    nonce: str | None = None

    @property
    def jkt(self) -> str:
        """The key's thumbprint."""
        return self.key.thumbprint()

    def proof(self, method: str, url: str, token: str | None = None, **changes: Any) -> str:
        """Make a proof; `changes` replace claims, and None leaves one out."""
        claims = {
            "jti": uuid4().hex,
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "nonce": self.nonce,
            "ath": digest(token) if token else None,
        } | changes
        header = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.key.as_dict(private=False)}
        return signed(self.key, header, {name: said for name, said in claims.items() if said is not None})

    def send(
        self,
        broker: Broker,
        method: str,
        path: str,
        token: str | None = None,
        *,
        changes: Mapping[str, Any] = {},
        **more: Any,
    ) -> httpx2.Response:
        """Send a request with a new proof, again if the server wants its nonce in it (§8).

        `token`: an access token to present. `changes`: the proof's claims to change. `more`: httpx's.
        """
        headers = more.pop("headers", {}) | ({"Authorization": f"DPoP {token}"} if token else {})
        for _ in range(2):
            url = broker.environment["CCX_ISSUER"] + path
            proof = {"DPoP": self.proof(method, url.partition("?")[0], token, **changes)}
            answer = httpx2.request(method, broker.url + path, headers=headers | proof, timeout=60, **more)
            self.nonce = answer.headers.get("dpop-nonce", self.nonce)
            if "use_dpop_nonce" not in answer.text + answer.headers.get("www-authenticate", ""):
                break
        return answer
