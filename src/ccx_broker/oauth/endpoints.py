"""Introspection (RFC 7662) and revocation (RFC 7009), on Authlib's."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from ccx_broker.oauth import introspection, service
from ccx_broker.oauth.clients import CONFIDENTIAL_METHODS, Client
from ccx_broker.oauth.rules import API, Introspected


def require_token(request: Any) -> str:
    """Return the token asked about. A hint about its kind is not needed: its prefix says it."""
    if "token" not in request.form:
        raise InvalidRequestError("The token is missing.")
    token: str = request.form["token"]
    return token


def introspection_payload(token: Introspected, issuer: str) -> dict[str, Any]:
    """Write what is told about a live token (RFC 7662 §2.2)."""
    payload = {
        "active": True,
        "iss": issuer,
        "client_id": token.client_id,
        "scope": token.scope,
        "token_type": token.token_type,
        "cnf": None if token.jkt is None else {"jkt": token.jkt},
        "sub": token.subject,
        # The API's identifier is the issuer itself (RFC 8707 §2, RFC 9728 §2).
        "aud": issuer if token.audience == API else token.audience,
        "grant_id": None if token.grant_id is None else str(token.grant_id),
        "iat": None if token.issued_at is None else int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "authorization_details": token.authorization_details,
    }
    return {name: value for name, value in payload.items() if value is not None}


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Tells an organisation about its own tokens; any other is as if it didn't exist (§4)."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def authenticate_token(self, request: Any, client: Client) -> Introspected | None:
        """Find the token, if it is live and of the caller's organisation."""
        return introspection.introspect(
            self.server.session, require_token(request), client.application.organisation_id, self.server.now
        )

    def create_introspection_payload(self, token: Introspected | None) -> dict[str, Any]:
        """Write RFC 7662 §2.2."""
        return {"active": False} if token is None else introspection_payload(token, self.server.issuer)


@dataclass(frozen=True)
class Revocable:
    """A token that is to be revoked, and whose it is."""

    token: str
    client_id: str

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client (RFC 7009 §2.1)."""
        return self.client_id == client.get_client_id()


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Ends an access token, or a refresh token with all of its family; an unknown token is ended already."""

    CLIENT_AUTH_METHODS = (*CONFIDENTIAL_METHODS, "none")

    def check_params(self, request: Any, client: Client) -> None:  # noqa: ARG002
        """Only the token itself is needed."""
        require_token(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Revocable | None:  # noqa: ARG002
        """Find the token, in whatever state it is."""
        owner = service.owner_of(self.server.session, token_string)
        return None if owner is None else Revocable(token_string, owner)

    def revoke_token(self, token: Revocable, request: Any) -> None:  # noqa: ARG002
        """End it."""
        service.revoke(self.server.session, token.token, self.server.now)
