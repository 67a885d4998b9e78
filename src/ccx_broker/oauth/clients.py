"""An application as Authlib wants to see a client."""

import hmac

from authlib.oauth2.rfc6749 import ClientMixin

from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth.rules import customer_scopes, redirect_uri_matches
from ccx_broker.organisations.rules import Application
from ccx_broker.profile.catalogue import CATALOGUE

CONFIDENTIAL_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


class Client(ClientMixin):  # type: ignore[misc]
    """Answers Authlib's questions about one application."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.application.client_id

    def get_default_redirect_uri(self) -> None:
        """Return nothing: a request says where it wants its answer, always."""
        return

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what of `scope` can be put to the customer; None refuses the request.

        Nothing is left of no scope at all: what is asked for may stand in authorization details.
        """
        allowed = customer_scopes((scope or "").split(), self.application.scopes, CATALOGUE.items)
        return None if allowed is None else " ".join(allowed)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether this address is registered, compared exactly."""
        known = self.application.redirect_uris
        return redirect_uri_matches(redirect_uri, known, is_public=self.application.is_public)

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare secrets by their hashes, in constant time."""
        known = self.application.secret_hash
        return known is not None and hmac.compare_digest(token_hash(client_secret), known)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """Only the way of the client's registration will do."""
        return method in self.application.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Every client may exchange codes and refresh tokens; its own work takes a secret."""
        return grant_type != "client_credentials" or not self.application.is_public
