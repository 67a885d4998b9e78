"""The device flow for programs (RFC 8628), on Authlib's: its endpoint and its grant type."""

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from authlib.oauth2.rfc8628.errors import AuthorizationPendingError, ExpiredTokenError, SlowDownError
from fastapi.responses import JSONResponse

from ccx_broker.kit.runtime import Keys
from ccx_broker.oauth import devices
from ccx_broker.oauth.authorization import requested
from ccx_broker.oauth.clients import CONFIDENTIAL_METHODS, Client
from ccx_broker.oauth.flows import Claimed, live_grant
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.rules import AuthorizationRequest
from ccx_broker.oauth.rules.devices import INTERVAL, LIFETIME, Verdict, shown_user_code
from ccx_broker.oauth.server import Request, Server

METHODS = [*CONFIDENTIAL_METHODS, "none"]
ABOUT_THE_CLIENT = {"client_secret", "client_assertion", "client_assertion_type"}
HEADERS = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]

ERRORS: dict[Verdict, OAuth2Error] = {
    "unknown": InvalidGrantError("The device_code is not valid."),
    "used": InvalidGrantError("The device_code is not valid."),
    "expired": ExpiredTokenError(),
    "denied": AccessDeniedError("The customer did not share."),
    "slow_down": SlowDownError(),
    "pending": AuthorizationPendingError(),
}


def answer_device(server: Server, received: Received, keys: Keys) -> JSONResponse:
    """Take a device's request (§3.1) and answer with its codes (§3.2)."""
    request = Request(received)
    try:
        client: Client = server.authenticate_client(request, METHODS, "device_authorization")
        asked = {name: value for name, value in received.parameters.items() if name not in ABOUT_THE_CLIENT}
        asked_for_device(server, client, asked)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    begun = devices.begin(server.session, keys, client.get_client_id(), asked, server.now)
    uri, user_code = f"{server.issuer}/device", shown_user_code(begun.user_code)
    body = {
        "device_code": begun.device_code,
        "user_code": user_code,
        "verification_uri": uri,
        "verification_uri_complete": add_params_to_uri(uri, [("user_code", user_code)]),
        "expires_in": int(LIFETIME.total_seconds()),
        "interval": INTERVAL,
    }
    return server.handle_response(200, body, HEADERS)


def asked_for_device(server: Server, client: Client, asked: dict[str, str]) -> AuthorizationRequest:
    """Validate what a device asks a customer for, as the authorize endpoint does; raises `OAuth2Error`."""
    return requested(server, client, asked, redirect_uri=devices.BOUND_TO, code_challenge=devices.BOUND_TO)


class DeviceFlow(DeviceCodeGrant):  # type: ignore[misc]
    """The device code (§3.4), claimed as an authorization code is."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        """Claim what was agreed to, or raise what §3.5 says."""
        client: Client = self.authenticate_token_endpoint_client()
        self.request.client = client
        device_code = self.request.form.get("device_code")
        if device_code is None:
            raise InvalidRequestError("The device_code is missing.")
        session, now, client_id = self.server.session, self.server.now, client.get_client_id()
        found = devices.poll(session, device_code, client_id, now, self.server.proved_jkt)
        if isinstance(found, str):
            verdict = found
            self.server.afterwards = lambda: devices.after_poll(session, device_code, client_id, verdict, now)
            raise ERRORS[verdict]
        claimed = Claimed(found, found)
        self.request.user = live_grant(self, claimed)
        # Where `Server.save_token` looks: from here on it is an authorization code like any other.
        self.request.authorization_code = self.request.credential = claimed
