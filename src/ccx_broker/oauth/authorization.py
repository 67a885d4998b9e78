"""The authorize endpoint's request and its answers (RFC 6749 §4.1), before and after the customer's word."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, InvalidScopeError

from ccx_broker.consent.rules import LONGEST, Detail, ask_of, keys_of_scopes
from ccx_broker.consent.rules.details import Registered, read_details
from ccx_broker.oauth import pushing
from ccx_broker.oauth.clients import Client
from ccx_broker.oauth.flows import InvalidDetails
from ccx_broker.oauth.forms import Malformed, Received, parameters
from ccx_broker.oauth.rules import AuthorizationRequest, audience_of
from ccx_broker.oauth.rules.sign_ins import PROMPTS
from ccx_broker.oauth.rules.wishes import BadWish, grant_wish
from ccx_broker.oauth.server import InvalidTarget, Server
from ccx_broker.organisations.rules import Application
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.words import say

NOT_PUSHED = say(
    "The request that the application has prepared is not known here, was answered before, "
    "or was left too long."
)


class Unanswerable(Exception):
    """The client or its address is not known, so nobody can be told but the person (RFC 6749 §4.1.2.1)."""


class Refused(Exception):
    """The request is refused; the client learns it at `location`."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def read_request(
    server: Server, query: Iterable[tuple[str, str]]
) -> tuple[AuthorizationRequest, Application]:
    """Validate an authorization request; raises `Unanswerable` and `Refused`."""
    pairs = list(query)
    try:
        given = parameters(pairs)
    except Malformed as error:
        # Only if client and address are beyond doubt can the client be told.
        sure = {name: values[0] for name, values in _by_name(pairs).items() if _is_sure(values)}
        raise _refusal(server, sure, InvalidRequestError(str(error))) from error
    pushed = given.get("request_uri")
    if pushed is not None:
        # RFC 9126 §4, RFC 9101 §6.3: what stands beside it doesn't count.
        client_id = given.get("client_id", "")
        found = pushing.open_pushed(server.session, pushed, client_id, server.now)
        if found is None:
            raise Unanswerable(NOT_PUSHED)
        given = found
    try:
        request, application = validated(server, given)
    except OAuth2Error as error:
        if pushed is not None:
            pushing.close_pushed(server.session, pushed, server.now)
        raise _refusal(server, given, error) from error
    return replace(request, pushed=pushed), application


def success(server: Server, request: AuthorizationRequest, code: str) -> str:
    """Return where the browser takes the code (RFC 6749 §4.1.2), with `iss` (RFC 9207)."""
    return _location(server, request.redirect_uri, request.state, code=code)


def failure(server: Server, request: AuthorizationRequest, error: str, description: str) -> str:
    """Return where the browser takes an error (RFC 6749 §4.1.2.1), with `iss` (RFC 9207)."""
    return _location(server, request.redirect_uri, request.state, error=error, error_description=description)


def validated(server: Server, given: dict[str, str]) -> tuple[AuthorizationRequest, Application]:
    """Validate the parameters, wherever they came from; raises `OAuth2Error`."""
    if "request" in given:
        raise OAuth2Error("Requests as JWT are not supported.", error="request_not_supported")
    if "response_type" not in given:
        raise InvalidRequestError("The response_type is missing.")
    if given["response_type"] != "code":
        # Not left to Authlib, which writes what was sent into its error, whatever the characters.
        raise OAuth2Error("The only response_type is 'code'.", error="unsupported_response_type")
    if given.get("response_mode", "query") != "query":
        raise InvalidRequestError("The only response_mode is 'query'.")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", given.get("dpop_jkt", "A" * 43)):
        raise InvalidRequestError("The dpop_jkt is not a SHA-256 thumbprint (RFC 9449 section 10).")
    grant = server.get_consent_grant(Received("GET", "/oauth/authorize", {}, given))
    client: Client = grant.request.client
    request = requested(
        server, client, given, redirect_uri=grant.redirect_uri, code_challenge=given["code_challenge"]
    )
    return request, client.application


def requested(
    server: Server, client: Client, given: dict[str, str], *, redirect_uri: str, code_challenge: str
) -> AuthorizationRequest:
    """Validate what a customer is asked for, in whichever flow; raises `OAuth2Error`."""
    application = client.application
    if audience_of(given.get("resource"), server.issuer) is None:
        raise InvalidTarget
    allowed = client.get_allowed_scope(given.get("scope"))
    if allowed is None:
        raise InvalidScopeError("The scope is not one that the client may ask a customer for.")
    scopes = tuple(allowed.split())
    purposes = [(purpose.purpose, purpose.needs) for purpose in application.purposes]
    details = _details(given, application, server.now)
    wish = grant_wish(
        given.get("grant_management_action"), given.get("grant_id"), is_public=application.is_public
    )
    if isinstance(wish, BadWish):
        raise OAuth2Error(wish.reason, error=wish.error)
    ask = ask_of(scopes, details, purposes, CATALOGUE.items, mode=wish.mode, grant_id=wish.grant_id)
    if not ask.keys and not ask.wants_events and not ask.sign_in:
        raise InvalidScopeError("The scope names nothing that a customer could share.")
    return AuthorizationRequest(
        client_id=application.client_id,
        redirect_uri=redirect_uri,
        state=given.get("state"),
        scopes=scopes,
        code_challenge=code_challenge,
        ask=ask,
        prompt=prompt_of(given),
        nonce=given.get("nonce"),
        max_age=max_age_of(given),
        id_token_hint=given.get("id_token_hint"),
        details=details,
        dpop_jkt=given.get("dpop_jkt"),
    )


def prompt_of(given: dict[str, str]) -> frozenset[str]:
    """Return what the client wants the customer to be asked (OpenID Connect Core §3.1.2.1)."""
    prompt = frozenset(given.get("prompt", "").split())
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise InvalidRequestError(
            "The prompt is 'none' alone, or some of 'login', 'consent', 'select_account'."
        )
    return prompt


def max_age_of(given: dict[str, str]) -> int | None:
    """Return how long ago the customer may have proved who they are at most, in seconds (§3.1.2.1)."""
    max_age = given.get("max_age")
    if max_age is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", max_age):
        raise InvalidRequestError("The max_age is a number of seconds.")
    return int(max_age)


def _details(given: dict[str, str], application: Application, now: datetime) -> tuple[Detail, ...]:
    text = given.get("authorization_details")
    if text is None:
        return ()
    covered = keys_of_scopes(application.scopes, CATALOGUE.items)
    registered = Registered(covered, [purpose.purpose for purpose in application.purposes])
    details = read_details(text, registered, CATALOGUE.items, now=now, latest=now + LONGEST)
    if isinstance(details, str):
        raise InvalidDetails(details)
    return details


def _refusal(server: Server, given: dict[str, str], error: OAuth2Error) -> Unanswerable | Refused:
    client = server.query_client(given["client_id"]) if "client_id" in given else None
    redirect_uri = given.get("redirect_uri")
    if client is None or isinstance(error, InvalidClientError):
        return Unanswerable(say("The application is not known here."))
    if redirect_uri is None or not client.check_redirect_uri(redirect_uri):
        return Unanswerable(say("The address to return to is not one that the application has registered."))
    said = {"error_description": error.description} if error.description else {}
    return Refused(_location(server, redirect_uri, given.get("state"), error=error.error, **said))


def _location(server: Server, redirect_uri: str, state: str | None, **said: str) -> str:
    parts = [*said.items(), *([("state", state)] if state is not None else []), ("iss", server.issuer)]
    location: str = add_params_to_uri(redirect_uri, parts)
    return location


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _is_sure(values: list[str]) -> bool:
    return len(values) == 1 and "\0" not in values[0]
