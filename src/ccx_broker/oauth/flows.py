"""The three grant types, on Authlib's, with the choices of RFC 9700 made.

Authlib issues first and deletes the code afterwards, so codes and refresh tokens are claimed where it
looks them up: two requests at once can't both get past that.
"""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, grants
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from authlib.oauth2.rfc7636.challenge import CODE_CHALLENGE_PATTERN, CODE_VERIFIER_PATTERN

from ccx_broker.consent.rules import LONGEST, Grant
from ccx_broker.consent.rules.details import Registered, read_details
from ccx_broker.oauth import reuse, service
from ccx_broker.oauth.clients import CONFIDENTIAL_METHODS, Client
from ccx_broker.oauth.rules import Authorisation, narrowed, organisation_scopes, scope_string
from ccx_broker.oauth.rules.details import part_named
from ccx_broker.profile.catalogue import CATALOGUE


class InvalidDetails(OAuth2Error):  # type: ignore[misc]
    """The authorization details are not valid, or not allowed (RFC 9396 §5)."""

    error = "invalid_authorization_details"


@dataclass(frozen=True)
class Claimed:
    """A code or refresh token that this request, and no other, may exchange."""

    authorisation: Authorisation
    part: Authorisation
    redirect_uri: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str = "S256"
    exchanged: str | None = None
    """The refresh token itself."""

    def get_redirect_uri(self) -> str | None:
        """Where the code was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What it may be exchanged for."""
        return scope_string(self.authorisation.keys, self.authorisation.scopes)

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client."""
        return self.authorisation.client_id == client.get_client_id()


class S256Required(CodeChallenge):  # type: ignore[misc]
    """PKCE (RFC 7636), for every client, only by S256: Authlib alone takes `plain` or none at all."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002
        """Refuse an authorization request without an S256 challenge (RFC 9700 §2.1.1)."""
        data = grant.request.payload.data
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: send 'code_challenge_method=S256'.")
        if not CODE_CHALLENGE_PATTERN.fullmatch(data.get("code_challenge", "")):
            raise InvalidRequestError("PKCE is required: send a valid 'code_challenge'.")


class CodeFlow(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """The authorization code (RFC 6749 §4.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = (*CONFIDENTIAL_METHODS, "none")

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """Return the address to answer to; an unregistered one is never echoed, let alone followed."""
        redirect_uri: str | None = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("The redirect_uri is missing or not registered for this client.")
        return redirect_uri

    def query_authorization_code(self, code: str, client: Client) -> Claimed | None:
        """Claim the code for this exchange, if all that it is bound to fits."""
        form = self.request.form
        verifier, redirect_uri = form.get("code_verifier", ""), form.get("redirect_uri")
        if not CODE_VERIFIER_PATTERN.fullmatch(verifier):
            raise InvalidRequestError("The code_verifier is missing or malformed.")
        if redirect_uri is None:
            raise InvalidRequestError("The redirect_uri is missing.")
        challenge: str = create_s256_code_challenge(verifier)
        session, now, client_id = self.server.session, self.server.now, client.get_client_id()
        found = service.claim_code(
            session,
            code,
            client_id=client_id,
            redirect_uri=redirect_uri,
            code_challenge=challenge,
            jkt=self.server.proved_jkt,
            now=now,
        )
        if found is None:
            self.server.afterwards = lambda: reuse.end_family_of_reused_code(
                session, code, client_id, challenge, now
            )
            return None
        return Claimed(found, _part(self, found), redirect_uri, challenge)

    def delete_authorization_code(self, authorization_code: Claimed) -> None:
        """Nothing is left to do: it was claimed before."""

    def authenticate_user(self, authorization_code: Claimed) -> Grant:
        """Return the live grant behind the code."""
        return live_grant(self, authorization_code)


class RefreshFlow(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Refresh with rotation (RFC 6749 §6, RFC 9700 §4.14.2), and one repeat for a lost answer."""

    TOKEN_ENDPOINT_AUTH_METHODS = (*CONFIDENTIAL_METHODS, "none")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def _validate_request_token(self, client: Client) -> Claimed:
        token = self.request.form.get("refresh_token")
        if token is None:
            raise InvalidRequestError("The refresh_token is missing.")
        session, now, client_id = self.server.session, self.server.now, client.get_client_id()
        found = service.claim_refresh_token(session, token, client_id, now, self.server.proved_jkt)
        if found is None:
            self.server.afterwards = lambda: self._after_refusal(token, client_id)
            raise InvalidGrantError("The refresh token is not valid.")
        return self._claimed(found, token)

    def _claimed(self, found: Authorisation, token: str) -> Claimed:
        part = narrowed(found, (self.request.payload.scope or "").split(), CATALOGUE.items)
        if part is None:
            raise InvalidScopeError("Nothing in the scope was ever granted.")
        return Claimed(found, _part(self, part), exchanged=token)

    def _after_refusal(self, token: str, client_id: str) -> None:
        if reuse.take_note_of_repeat(
            self.server.session, token, client_id, self.server.now, self.server.proved_jkt
        ):
            self.server.later = lambda server: self._repeated(token, server)

    def _repeated(self, token: str, server: Any) -> Any:
        """Answer once more, a moment after the refusal, in `server`'s new transaction.

        Who asks was established before; whatever that used up, such as a signed proof, is not asked
        for twice.
        """
        again = RefreshFlow(self.request, server)
        server.proved_jkt, server.answer_headers = self.server.proved_jkt, self.server.answer_headers
        try:
            found = reuse.claim_repeat(server.session, token, server.now)
            if found is None:
                raise InvalidGrantError("The refresh token is not valid.")
            self.request.refresh_token = again._claimed(found, token)
            return server.handle_response(*again.create_token_response())
        except OAuth2Error as error:
            return server.handle_error_response(self.request, error)

    def _validate_token_scope(self, token: Claimed) -> None:
        """Was looked at with the token: a step's scope stands for the keys granted of that step."""

    def authenticate_user(self, refresh_token: Claimed) -> Grant:
        """Return the live grant behind the token."""
        return live_grant(self, refresh_token)

    def revoke_old_credential(self, refresh_token: Claimed) -> None:
        """Nothing is left to do: it was claimed before."""


class OrganisationFlow(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials (RFC 6749 §4.4): an organisation's own work, never a customer's values alone."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def validate_requested_scope(self) -> None:
        """Settle the scopes, or refuse."""
        if "authorization_details" in self.request.form:
            raise InvalidDetails("Preferences are a customer's to grant: use the authorization code.")
        asked = (self.request.payload.scope or "").split()
        scopes = organisation_scopes(asked, self.request.client.application.scopes)
        if scopes is None:
            raise InvalidScopeError("None of this, or not all, is registered for the client's own work.")
        self.request.scope = " ".join(scopes)


def _part(flow: Any, found: Authorisation) -> Authorisation:
    """Return what of an authorisation the token request's details name (RFC 9396 §6); without any, all."""
    text = flow.request.form.get("authorization_details")
    if text is None:
        return found
    registered = Registered(found.keys, [p.purpose for p in flow.request.client.application.purposes])
    now = flow.server.now
    details = read_details(text, registered, CATALOGUE.items, now=now, latest=now + LONGEST)
    if isinstance(details, str):
        raise InvalidDetails(details)
    return part_named(found, details)


def live_grant(flow: Any, claimed: Claimed) -> Grant:
    """Return the grant that a claimed code or token names; raises `InvalidGrantError` if it has ended."""
    application = flow.request.client.application
    grant = service.live_grant(
        flow.server.session, application.organisation_id, claimed.authorisation, flow.server.now
    )
    if grant is None:
        raise InvalidGrantError("The grant has ended.")
    return grant
