"""A client's metadata as a client sends it (RFC 7591 §2): read strictly where we use it, ignored where not."""

import json
from dataclasses import dataclass
from typing import Any

from ccx_broker.kit.errors import Invalid
from ccx_broker.organisations.rules import DEFAULT_PURPOSE, Application, Purpose, purpose_from

CODE, REFRESH, CLIENT = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SECRETS = ("client_secret_basic", "client_secret_post")
MOST = 50
"""Entries in one list."""


class BadMetadata(Exception):
    """The metadata is not valid (RFC 7591 §3.2.2); `error` and the message are what the client is told."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True)
class Metadata:
    """What we use of it."""

    name: str | None
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_method: str
    purposes: tuple[Purpose, ...]
    jwks: dict[str, Any] | None = None
    dpop_bound: bool | None = None


def read_metadata(given: Any) -> Metadata:
    """Read client metadata; raises `BadMetadata`. What we don't know is ignored, as §2 says."""
    if not isinstance(given, dict):
        raise BadMetadata("invalid_client_metadata", "The metadata is a JSON object.")
    # RFC 7592 §2.2: null is the same as left out.
    given = {name: value for name, value in given.items() if value is not None}
    auth_method = _text(given, "token_endpoint_auth_method") or SECRETS[0]
    if auth_method not in (*SECRETS, "private_key_jwt", "none"):
        raise BadMetadata("invalid_client_metadata", "This token_endpoint_auth_method is not supported.")
    grant_types = _texts(given, "grant_types") or (CODE,)
    if not {CODE, CLIENT, DEVICE} & set(grant_types):
        raise BadMetadata("invalid_client_metadata", "None of these grant_types is supported.")
    if CODE in grant_types and "code" not in (_texts(given, "response_types") or ("code",)):
        raise BadMetadata("invalid_client_metadata", "The only response_type is code.")
    redirect_uris = _texts(given, "redirect_uris")
    if CODE in grant_types and not redirect_uris:
        raise BadMetadata("invalid_redirect_uri", "An authorization code needs a redirect URI to go to.")
    return Metadata(
        name=_text(given, "client_name"),
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=_texts(given, "post_logout_redirect_uris"),
        scopes=tuple((_text(given, "scope") or "openid").split()),
        auth_method=auth_method,
        purposes=tuple(_purpose(each) for each in _list(given, "ccx_purposes")),
        jwks=_jwks(given),
        dpop_bound=_flag(given, "dpop_bound_access_tokens"),
    )


def said_metadata(application: Application, auth_method: str) -> dict[str, Any]:
    """Write what is registered (RFC 7591 §3.2.1)."""
    confidential = [] if application.is_public else [CLIENT]
    return {
        "client_id": application.client_id,
        "client_name": application.name,
        "redirect_uris": list(application.redirect_uris),
        "post_logout_redirect_uris": list(application.post_logout_redirect_uris),
        "scope": " ".join(application.scopes),
        "token_endpoint_auth_method": auth_method,
        "grant_types": [*([CODE] if application.redirect_uris else []), REFRESH, DEVICE, *confidential],
        "dpop_bound_access_tokens": application.dpop_bound,
        **({} if application.jwks is None else {"jwks": application.jwks}),
        "response_types": ["code"] if application.redirect_uris else [],
        "ccx_purposes": [
            {"purpose": each.purpose, "sentence": each.sentence, "needs": list(each.needs)}
            for each in application.purposes
        ],
    }


def as_bad_metadata(problem: Invalid) -> BadMetadata:
    """Say in OAuth's words what is wrong with what an application declares."""
    fields = {each["field"] for each in problem.errors}
    error = "invalid_redirect_uri" if fields == {"redirect_uri"} else "invalid_client_metadata"
    # RFC 6749 §5.2: printable ASCII without quotes and backslashes.
    said = "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in problem.detail)
    return BadMetadata(error, said[:400])


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and (not isinstance(value, str) or "\0" in value or len(value) > 20_000):
        raise BadMetadata("invalid_client_metadata", f"{name} is a text.")
    return value


def _flag(given: dict[str, Any], name: str) -> bool | None:
    value = given.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadMetadata("invalid_client_metadata", f"{name} is true or false.")
    return value


def _jwks(given: dict[str, Any]) -> dict[str, Any] | None:
    value = given.get("jwks")
    if value is not None and (not isinstance(value, dict) or "\\u0000" in json.dumps(value)):
        raise BadMetadata("invalid_client_metadata", "jwks is a JWK Set.")
    return value


def _list(given: dict[str, Any], name: str) -> list[Any]:
    value = given.get(name, [])
    if not isinstance(value, list) or len(value) > MOST:
        raise BadMetadata("invalid_client_metadata", f"{name} is a list of at most {MOST}.")
    return value


def _texts(given: dict[str, Any], name: str) -> tuple[str, ...]:
    values = _list(given, name)
    if not all(isinstance(each, str) and "\0" not in each for each in values):
        error = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
        raise BadMetadata(error, f"{name} is a list of texts.")
    return tuple(values)


def _purpose(given: Any) -> Purpose:
    if not isinstance(given, dict):
        raise BadMetadata("invalid_client_metadata", "ccx_purposes is a list of objects.")
    term, sentence = _text(given, "purpose") or DEFAULT_PURPOSE, _text(given, "sentence") or ""
    try:
        read = purpose_from(f"{term}={sentence}")
    except ValueError as error:
        raise BadMetadata("invalid_client_metadata", f"ccx_purposes: {error}") from error
    return Purpose(read.purpose, read.sentence, _texts(given, "needs"))
