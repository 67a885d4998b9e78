"""The supermarket's OAuth client: Authlib's over httpx2, as an integrator would write it.

It is told the broker's address and its own credentials, and finds the rest in the metadata (RFC 8414).
"""

import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from ccx_broker.demo.events import addressed, batches

METADATA = "/.well-known/oauth-authorization-server"


class NotTheAnswer(Exception):
    """What came to the redirect URI is not the broker's answer to what this browser asked."""


class NotShared(Exception):
    """The customer said no, which is their right."""


@dataclass(frozen=True)
class Credentials:
    """What an application is registered with."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True)
class Asking:
    """A customer who was sent to the broker and has not come back yet."""

    verifier: str
    card: str


@dataclass(frozen=True)
class Member:
    """A customer who has come back: the name the broker gives them here, and a client that holds their token."""

    subject: str
    client: OAuth2Client


class ShopClient:
    """Asks, redeems, sends and reads; safe to use from several threads."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.metadata = httpx2.get(credentials.issuer + METADATA).raise_for_status().json()
        if self.metadata["issuer"] != credentials.issuer:  # RFC 8414 §3.3
            raise NotTheAnswer("The metadata is another server's.")
        self.pool = httpx2.HTTPTransport()
        self.asking: dict[str, Asking] = {}
        self.members: dict[str, Member] = {}
        self.own_work = self._client(grant_type="client_credentials")
        self.own_work_lock = Lock()

    def ask(self, card: str, scope: str) -> tuple[str, str]:
        """Return where to send a customer's browser, and the `state` to remember in that browser."""
        verifier, state = generate_token(64), secrets.token_urlsafe(24)
        self.asking[state] = Asking(verifier, card)
        address, _ = self._client(scope=scope).create_authorization_url(
            self.metadata["authorization_endpoint"], state=state, code_verifier=verifier
        )
        return address, state

    def redeem(self, came_back_to: str, remembered_state: str | None) -> str:
        """Exchange the code in the address a browser came back to; returns the customer's card.

        `remembered_state` is what this browser was given when it left (RFC 9700 §4.7). Raises `NotTheAnswer`
        if the answer is not for it or not from the broker (RFC 9207 §2.4), `NotShared` if the customer refused.
        """
        query = {name: values[0] for name, values in parse_qs(urlsplit(came_back_to).query).items()}
        state = query.get("state", "")
        asking = self.asking.pop(state, None)
        if asking is None or state != remembered_state:
            raise NotTheAnswer("This browser did not ask for that.")
        if query.get("iss") != self.metadata["issuer"]:
            raise NotTheAnswer("It comes from somebody else than the broker.")
        if "error" in query:
            raise NotShared(query["error"])
        client = self._client()
        client.fetch_token(
            authorization_response=came_back_to,
            state=state,
            grant_type="authorization_code",
            code_verifier=asking.verifier,
        )
        about = client.introspect_token(
            self.metadata["introspection_endpoint"], token=client.token["access_token"]
        ).json()
        self.members[asking.card] = Member(about["sub"], client)
        return asking.card

    def send(self, card: str, orders: list[dict[str, Any]]) -> dict[str, int]:
        """Send what a member bought, with the shop's own token; returns how much was taken in."""
        told = {"sent": len(orders), "accepted": 0, "refused": 0}
        for batch in batches(addressed(orders, self.members[card].subject)):
            answer = self._own("POST", "/v1/events", json={"batch": batch}).raise_for_status().json()
            told["accepted"] += answer["accepted"] + answer["duplicates"]
            told["refused"] += len(answer["refused"])
        return told

    def read(self, card: str) -> tuple[int, Any]:
        """Read what a member shares, with the member's token; returns the status and the body."""
        try:
            answer = self.members[card].client.get(f"{self.credentials.issuer}/v1/preferences")
        except OAuthError as error:  # the token was old and could not be refreshed
            return 401, {"detail": str(error)}
        return answer.status_code, answer.json()

    def read_by_subject(self, card: str) -> tuple[int, Any]:
        """Read the same with the shop's own token; returns the status and the body."""
        answer = self._own("GET", f"/v1/customers/{self.members[card].subject}/preferences")
        return answer.status_code, answer.json()

    def _own(self, method: str, path: str, **content: Any) -> httpx2.Response:
        with self.own_work_lock:  # Authlib's client fetches its next token by itself, but one at a time
            if self.own_work.token is None:
                self.own_work.fetch_token(
                    grant_type="client_credentials", scope="events:write preferences:read"
                )
            self.own_work.ensure_active_token()
        answer: httpx2.Response = self.own_work.request(method, self.credentials.issuer + path, **content)
        return answer

    def _client(self, **more: Any) -> OAuth2Client:
        return OAuth2Client(
            self.credentials.client_id,
            self.credentials.client_secret,
            redirect_uri=self.credentials.redirect_uri,
            token_endpoint=self.metadata["token_endpoint"],
            code_challenge_method="S256",
            transport=self.pool,
            timeout=60,
            **more,
        )
