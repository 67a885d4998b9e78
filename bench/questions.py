"""What a server is asked, and how an answer shows that it is right. Each answer is checked.

A question is of a customer drawn at random; the number is in the tokens and subjects that `bench.seed` makes.
"""

import random
import time
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Protocol
from uuid import uuid4

import orjson
from joserfc import jws
from joserfc.jwk import ECKey

from bench.seed import KEYS, SECRET
from ccx_broker.oauth.dpop import token_digest

BASIC = b64encode(f"bench:{SECRET}".encode()).decode()
READ = "GET /v1/preferences HTTP/1.1\r\nHost: bench\r\nAuthorization: "


class Question(Protocol):
    """One kind of request."""

    def prepare(self) -> None:
        """Do before a round what would slow it down."""
        return

    def ask(self) -> tuple[bytes, int]:
        """Return the next request, and the number of the customer that it is about."""

    def is_right(self, body: bytes, customer: int) -> bool:
        """Say whether that is the answer to it."""


class Read(Question):
    """A consented read with the customer's access token; the bare server answers everybody alike, unchecked."""

    def __init__(self, customers: int, *, checked: bool = True) -> None:
        self.customers, self.checked = customers, checked

    def ask(self) -> tuple[bytes, int]:
        customer = random.randint(1, self.customers)
        return f"{READ}Bearer ccxa_bench{customer}\r\n\r\n".encode(), customer

    def is_right(self, body: bytes, customer: int) -> bool:
        is_mine = b'"subject":"ccxu_bench%d"' % customer in body or not self.checked
        return is_mine and body.count(b'"key":') == len(KEYS)


class BoundRead(Read):
    """A consented read with a token that is bound to `key` (RFC 9449): with a proof, good for one read.

    Proofs are signed before a round, half as many again as the last one took; if they don't do, within it.
    """

    def __init__(self, port: int, customers: int, key: ECKey) -> None:
        super().__init__(customers)
        self.url = f"http://127.0.0.1:{port}/v1/preferences"
        self.key = key
        self.header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
        self.signed: list[tuple[bytes, int]] = []
        self.taken = 1000
        self.nonce = ""

    def prepare(self) -> None:
        self.nonce = self.nonce_now()
        self.signed = [self.sign() for _ in range(self.taken * 3 // 2)]
        self.taken = 0

    def ask(self) -> tuple[bytes, int]:
        self.taken += 1
        return self.signed.pop() if self.signed else self.sign()

    def sign(self) -> tuple[bytes, int]:
        """Return a request with a proof of its own (RFC 9449 §4.2)."""
        customer = random.randint(1, self.customers)
        token = f"ccxa_bound{customer}"
        claims = {
            "jti": uuid4().hex,
            "htm": "GET",
            "htu": self.url,
            "iat": int(time.time()),
            "nonce": self.nonce,
            "ath": token_digest(token),
        }
        proof = jws.serialize_compact(self.header, orjson.dumps(claims), self.key, algorithms=["ES256"])
        return f"{READ}DPoP {token}\r\nDPoP: {proof}\r\n\r\n".encode(), customer

    def nonce_now(self) -> str:
        """Learn the server's nonce: a proof without it is refused with it (RFC 9449 §9), and nothing is read."""
        self.nonce = ""
        head = self.sign()[0].decode().split("\r\n")[2:-2]
        request = urllib.request.Request(self.url, headers=dict(line.split(": ") for line in head))
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as refusal:
            return str(refusal.headers["DPoP-Nonce"])
        raise RuntimeError("A proof without a nonce was taken.")


def post(path: str, form: str) -> bytes:
    """Return a request of the application, by its id and secret (RFC 6749 §2.3.1)."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {BASIC}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}{kind}Content-Length: {len(form)}\r\n\r\n{form}".encode()


class Token(Question):
    """A token for the application's own work."""

    def ask(self) -> tuple[bytes, int]:
        return post("/oauth/token", "grant_type=client_credentials&scope=events:write"), 0

    def is_right(self, body: bytes, customer: int) -> bool:
        said = orjson.loads(body)
        return said["token_type"] == "Bearer" and str(said["access_token"]).startswith("ccxa_")


class Introspection(Question):
    """What a customer's live access token is good for."""

    def __init__(self, customers: int) -> None:
        self.customers = customers

    def ask(self) -> tuple[bytes, int]:
        customer = random.randint(1, self.customers)
        return post("/oauth/introspect", f"token=ccxa_bench{customer}"), customer

    def is_right(self, body: bytes, customer: int) -> bool:
        said = orjson.loads(body)
        return said["active"] is True and said.get("sub") == f"ccxu_bench{customer}"
