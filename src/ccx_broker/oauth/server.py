"""Authlib's authorization server, fitted to Starlette's answers and to one database session.

One is made for each request: it holds that request's session and time, and nothing that lasts.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NoReturn

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2 import rfc6749 as oauth2
from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from ccx_broker.kit.runtime import Keys, Lifetimes
from ccx_broker.oauth import id_tokens, service
from ccx_broker.oauth.assertions import ASSERTION_TYPE, check_assertion, claimed_client
from ccx_broker.oauth.clients import Client
from ccx_broker.oauth.documents import Documents, is_document_id
from ccx_broker.oauth.dpop import check_proof, nonces_of
from ccx_broker.oauth.endpoints import Introspection, Revocation
from ccx_broker.oauth.flows import Claimed, CodeFlow, OrganisationFlow, RefreshFlow, S256Required
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.rules import Issued, audience_of
from ccx_broker.oauth.rules.proofs import Flawed
from ccx_broker.organisations import store as organisations


class Request(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it; parameters were found to be single-valued before."""

    def __init__(self, received: Received) -> None:
        # Whether plain http is allowed for the issuer is for the settings to say: behind a proxy every
        # request arrives that way. So Authlib's own check is given what it wants to see.
        super().__init__(received.method, f"https://broker.invalid{received.path}", headers=received.headers)
        self.payload = BasicOAuth2Payload(dict(received.parameters))
        self.path, self.proofs = received.path, received.proofs

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters."""
        data: Mapping[str, str] = self.payload.data
        return data

    form = args


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The resource indicator names no API of ours (RFC 8707 §2)."""

    error = "invalid_target"
    description = "The only resource is the issuer itself."


class Server(oauth2.AuthorizationServer):  # type: ignore[misc]
    """The authorization server, for one request."""

    def __init__(
        self, session: Session, issuer: str, lifetimes: Lifetimes, now: datetime, keys: Keys
    ) -> None:
        super().__init__()
        self.session, self.issuer, self.lifetimes, self.now, self.keys = session, issuer, lifetimes, now, keys
        self.nonces = nonces_of(keys)
        self.proved_jkt: str | None = None
        """The thumbprint of the key that the client has proved to hold (RFC 9449 §5)."""
        self.answer_headers: dict[str, str] = {}
        self.spent: list[tuple[bytes, datetime]] = []
        """What was used up on the way; it stays so even if the request fails."""
        self.afterwards: Callable[[], None] | None = None
        """What a refusal leaves to do, after all that led to it was rolled back."""
        self.later: Callable[[Server], JSONResponse] | None = None
        """What answers instead of the refusal after a moment's pause, with a server of its own."""
        self.documents: Documents | None = None
        """Where clients are found that name themselves by an address; without it they are not known."""
        self.proved_client_id: str | None = None
        """The client that has proved itself by something that only it has; none: a public one, or not yet."""
        self.register_token_generator("default", lambda **_: {"token_type": "Bearer"})
        self.register_grant(CodeFlow, [S256Required(required=True)])
        self.register_grant(RefreshFlow)
        self.register_grant(OrganisationFlow)
        self.register_endpoint(Introspection)
        self.register_endpoint(Revocation)
        self.register_client_auth_method("private_key_jwt", self._client_by_assertion)

    def query_client(self, client_id: str) -> Client | None:
        """Return the client of this id."""
        if is_document_id(client_id):
            found = self.documents
            application = found.find(self.session, client_id, self.now) if found is not None else None
        else:
            application = organisations.find_application(self.session, client_id)
        return None if application is None else Client(application)

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Issue what was decided and write it into the answer."""
        claimed: Claimed | None = request.authorization_code or request.refresh_token
        issued: Issued
        if claimed is None:
            issued = service.issue_to_organisation(
                self.session,
                request.client.application,
                request.scope.split(),
                jkt=self.proved_jkt,
                lifetimes=self.lifetimes,
                now=self.now,
            )
        else:
            issued = service.issue(
                self.session,
                request.client.application.organisation_id,
                claimed.authorisation,
                claimed.part,
                request.user,
                jkt=self.proved_jkt,
                is_public=request.client.application.is_public,
                lifetimes=self.lifetimes,
                now=self.now,
                exchanged=claimed.exchanged,
            )
        token.update((name, value) for name, value in asdict(issued).items() if value is not None)
        if issued.grant_id is not None:
            token["grant_id"] = str(issued.grant_id)
        if claimed is not None and claimed.authorisation.auth_time and "openid" in claimed.part.scopes:
            token["id_token"] = id_tokens.sign(
                self.session,
                self.keys.secret,
                self.issuer,
                client_id=claimed.authorisation.client_id,
                subject=request.user.subject,
                auth_time=claimed.authorisation.auth_time,
                nonce=claimed.authorisation.nonce,
                access_token=issued.access_token,
                now=self.now,
            )

    def create_token_response(self, request: Received) -> JSONResponse:
        """Answer the token endpoint; Authlib would call a missing grant_type an unsupported one.

        Authlib knows no resource indicators (RFC 8707 §2.2).
        """
        if "grant_type" not in request.parameters:
            missing = oauth2.InvalidRequestError("The grant_type is missing.")
            return self.handle_error_response(Request(request), missing)
        if audience_of(request.parameters.get("resource"), self.issuer) is None:
            return self.handle_error_response(Request(request), InvalidTarget())
        response: JSONResponse = super().create_token_response(request)
        return response

    def authenticate_client(self, request: Request, methods: list[str], endpoint: str = "token") -> Client:
        """Return the client that the request proves to be; every failure reads the same.

        Two ways of authentication in one request are refused (RFC 6749 §2.3).
        """
        basic = request.headers.get("authorization", "").lower().startswith("basic ")
        if basic + ("client_secret" in request.form) + ("client_assertion" in request.form) > 1:
            raise oauth2.InvalidRequestError("Use one way of client authentication, not two.")
        try:
            client: Client = super().authenticate_client(request, methods, endpoint)
        except (oauth2.InvalidClientError, ValueError) as error:
            # ValueError: credentials that are not even UTF-8.
            raise oauth2.InvalidClientError("Client authentication failed.", status_code=401) from error
        if request.form.get("client_id", client.get_client_id()) != client.get_client_id():
            raise oauth2.InvalidRequestError("The client_id is not the authenticated client's.")
        if not client.application.is_public:
            self.proved_client_id = client.get_client_id()
        if endpoint == "token":
            self.take_proof(request, required=client.application.dpop_bound)
        return client

    def spend(self, id_hash: bytes, expires_at: datetime) -> bool:
        """Use up an id that is good for one use; False if it was used before."""
        self.spent.append((id_hash, expires_at))
        return service.spend(self.session, id_hash, expires_at)

    def _client_by_assertion(self, _: Any, request: Request) -> Client | None:
        """Return the client that signed the request's assertion (RFC 7523 §2.2)."""
        sent = request.form.get("client_assertion")
        if sent is None or request.form.get("client_assertion_type") != ASSERTION_TYPE:
            return None
        client_id = claimed_client(sent)
        client = self.query_client(client_id) if client_id else None
        if client is None or client.application.jwks is None:
            return None
        audiences = (self.issuer, f"{self.issuer}/oauth/token", self.issuer + request.path)
        found = check_assertion(
            sent, client.application.client_id, client.application.jwks, audiences, self.now
        )
        return client if found is not None and self.spend(found.id_hash, found.expires_at) else None

    def take_proof(self, request: Request, *, required: bool = False) -> None:
        """Learn which key the token is to be bound to (RFC 9449 §5); raises what §5 and §8 say."""
        if request.proofs or required:
            self.answer_headers["DPoP-Nonce"] = self.nonces.current(self.now)
        if not request.proofs:
            if required:
                self._refuse(Flawed("The tokens of this client are bound to a key: send a DPoP proof."))
            return
        proof = check_proof(
            request.proofs,
            method=request.method,
            url=self.issuer + request.path,
            now=self.now,
            is_fresh=self.nonces.is_fresh,
        )
        if isinstance(proof, Flawed):
            self._refuse(proof)
        elif not self.spend(proof.id_hash, proof.expires_at):
            self._refuse(Flawed("The DPoP proof was used before."))
        else:
            self.proved_jkt = proof.jkt

    def _refuse(self, flawed: Flawed) -> NoReturn:
        raise OAuth2Error(flawed.description, error=flawed.error, status_code=400)

    def create_oauth2_request(self, request: Received | Request) -> Request:
        """Dress what was received for Authlib."""
        return request if isinstance(request, Request) else Request(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> JSONResponse:
        """Write an answer; Authlib's headers already say `no-store` (RFC 6749 §5.1)."""
        named = {name: value for name, value in headers if name != "Content-Type"}
        return JSONResponse(body, status, named | self.answer_headers)

    def handle_error_response(self, request: Request, error: OAuth2Error) -> JSONResponse:
        """Write an error (RFC 6749 §5.2), without what was sent where the RFC's characters end."""
        if invalid_error_characters(error.get_error_description() or ""):
            error = OAuth2Error(error=error.error, status_code=error.status_code)
        response: JSONResponse = super().handle_error_response(request, error)
        return response

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""
