"""The endpoint for pushed authorization requests (RFC 9126)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from fastapi.responses import JSONResponse

from ccx_broker.oauth import pushing
from ccx_broker.oauth.authorization import validated
from ccx_broker.oauth.clients import CONFIDENTIAL_METHODS
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.server import Request, Server

ABOUT_THE_CLIENT = {"client_secret", "client_assertion", "client_assertion_type"}
METHODS = [*CONFIDENTIAL_METHODS, "none"]
HEADERS = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]


def answer_push(server: Server, received: Received) -> JSONResponse:
    """Authenticate the client as the token endpoint does, validate, keep (§§2, 2.1, 2.2)."""
    request = Request(received)
    try:
        client_id = server.authenticate_client(
            request, METHODS, "pushed_authorization_request"
        ).get_client_id()
        if "request_uri" in received.parameters:
            raise InvalidRequestError("A pushed request can't refer to another one.")
        asked = {n: value for n, value in received.parameters.items() if n not in ABOUT_THE_CLIENT}
        asked["client_id"] = client_id
        server.take_proof(request)
        if (
            server.proved_jkt is not None
            and asked.setdefault("dpop_jkt", server.proved_jkt) != server.proved_jkt
        ):
            # RFC 9449 §10.1: one may say or prove to which key the code is to be bound, or both.
            raise OAuth2Error("The dpop_jkt is not the DPoP proof's key.", error="invalid_dpop_proof")
        validated(server, asked)
    except OAuth2Error as error:
        # Without the redirect URI: here an error is an answer and never leads anywhere (§2.3).
        plain = OAuth2Error(error.get_error_description(), error=error.error, status_code=error.status_code)
        return server.handle_error_response(request, plain)
    uri = pushing.push(server.session, client_id, asked, server.now)
    body = {"request_uri": uri, "expires_in": int(pushing.LIFETIME.total_seconds())}
    return server.handle_response(201, body, HEADERS)
