"""The OAuth endpoints' forms and answers, for the OpenAPI document; their RFCs define them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

CLIENT = {
    "client_id": "The client, unless it authenticates by HTTP Basic.",
    "client_secret": "Its secret, unless it authenticates by HTTP Basic or has none.",
    "client_assertion_type": "`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, for `private_key_jwt`.",
    "client_assertion": "A JWT signed by the client (RFC 7523 §2.2), for `private_key_jwt`.",
}


class TokenAnswer(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer", "DPoP"] = Field(description="DPoP if it is bound to the key of your proof.")
    expires_in: int = Field(description="Seconds; never longer than the grant.")
    scope: str = Field(description="What was granted, each key by its own name; may be less than was asked.")
    refresh_token: str | None = Field(None, description="Only where `offline_access` was asked for.")
    grant_id: UUID | None = Field(None, description="The customer's grant; none for client credentials.")
    authorization_details: list[dict[str, Any]] | None = Field(
        None, description="What was granted of the authorization details (RFC 9396), if any were sent."
    )
    id_token: str | None = Field(None, description="With a code, where `openid` was asked for.")


class UserInfo(BaseModel):
    """OpenID Connect Core §5.3.2."""

    sub: str = Field(description="The name by which your organisation, and no other, knows the customer.")


class Confirmation(BaseModel):
    """RFC 9449 §6.1."""

    jkt: str = Field(description="The thumbprint of the key (RFC 7638).")


class Introspection(BaseModel):
    """RFC 7662 §2.2."""

    active: bool = Field(description="False for whatever is not a live token of your organisation.")
    iss: str | None = None
    client_id: str | None = None
    scope: str | None = Field(None, description="What it is good for now.")
    token_type: Literal["Bearer", "DPoP"] | None = None
    cnf: Confirmation | None = Field(None, description="The key that it is bound to (RFC 9449 §6.2).")
    sub: str | None = Field(None, description="The name by which your organisation knows the customer.")
    aud: str | None = Field(None, description="What it may be used at: the API's identifier.")
    grant_id: UUID | None = None
    iat: int | None = None
    exp: int | None = None
    authorization_details: list[dict[str, Any]] | None = None


class Pushed(BaseModel):
    """RFC 9126 §2.2."""

    request_uri: str = Field(description="For the authorize endpoint, beside `client_id`.")
    expires_in: int = Field(description="Seconds until the browser has to be there.")


class GrantScope(BaseModel):
    """Scopes that were granted."""

    scope: str


class GrantStatus(BaseModel):
    """Grant Management for OAuth 2.0, draft 03 §6.4; times in seconds since 1970."""

    grant_id: UUID
    scopes: list[GrantScope]
    authorization_details: list[dict[str, Any]]
    created_at: int
    expires_at: int


class DeviceAnswer(BaseModel):
    """RFC 8628 §3.2."""

    device_code: str
    user_code: str = Field(description="To be shown: eight letters, good for ten minutes.")
    verification_uri: str
    verification_uri_complete: str = Field(description="The same with the code in it, to be scanned.")
    expires_in: int
    interval: int = Field(description="Seconds between two polls; `slow_down` adds five.")


class ClientInformation(BaseModel):
    """RFC 7591 §3.2.1, RFC 7592 §3."""

    client_id: str
    client_secret: str | None = Field(None, description="Shown this once.")
    client_secret_expires_at: int | None = Field(None, description="0: it does not expire.")
    client_id_issued_at: int
    registration_access_token: str = Field(description="Lets you read, change and end the registration.")
    registration_client_uri: str
    client_name: str
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    scope: str
    token_endpoint_auth_method: str
    grant_types: list[str]
    response_types: list[str]
    dpop_bound_access_tokens: bool = Field(
        description="Whether it gets only DPoP-bound tokens (RFC 9449 §5.2)."
    )
    jwks: dict[str, Any] | None = Field(None, description="Its public keys, for `private_key_jwt`.")
    ccx_purposes: list[dict[str, Any]]


class OAuthError(BaseModel):
    """RFC 6749 §5.2."""

    error: str
    error_description: str | None = None


def form(required: str, **fields: str) -> dict[str, Any]:
    """Describe a form: what each field says."""
    schema = {
        "type": "object",
        "required": [required],
        "properties": {name: {"type": "string", "description": said} for name, said in fields.items()},
    }
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    # The client proves itself by HTTP Basic or by the form's fields; a public one only names itself.
    security: list[dict[str, list[str]]] = [{"client": []}, {}]
    return {"requestBody": {"required": True, "content": content}, "security": security}


TOKEN_FORM = form(
    "grant_type",
    grant_type="`authorization_code`, `refresh_token`, `client_credentials` or the device code's URN.",
    code="The code, for `authorization_code`.",
    redirect_uri="Where the code was sent; for `authorization_code`.",
    code_verifier="The PKCE verifier (RFC 7636), for `authorization_code`.",
    refresh_token="The refresh token, for `refresh_token`.",  # noqa: S106
    device_code="The device code, for `urn:ietf:params:oauth:grant-type:device_code`.",
    scope="A part of what could be had; leave it out for all of it.",
    resource="The API's identifier (RFC 8707), which is the issuer; not needed.",
    authorization_details="A part of what was granted (RFC 9396 §6); leave it out for all of it.",
    **CLIENT,
)
PUSH_FORM = form(
    "response_type",
    response_type="`code`.",
    redirect_uri="One of the client's own.",
    scope="What to ask the customer for.",
    authorization_details="What to ask the customer for, in detail (RFC 9396): a JSON array.",
    state="Comes back with the answer.",
    code_challenge="PKCE (RFC 7636).",
    code_challenge_method="`S256`.",
    grant_management_action="`create`, `merge` or `replace`.",
    grant_id="Which grant, for `merge` and `replace`.",
    **CLIENT,
)
DEVICE_FORM = form(
    "scope",
    scope="What the customer is asked for; not needed beside `authorization_details`.",
    authorization_details="What the customer is asked for, as RFC 9396 has it.",
    resource="The API's identifier (RFC 8707), which is the issuer; not needed.",
    **CLIENT,
)
FORM_ABOUT_A_TOKEN = form(
    "token",
    token="An access or refresh token.",  # noqa: S106
    token_type_hint="Not needed.",  # noqa: S106
    **CLIENT,
)
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthError, "description": "The request is wrong; `error` says how."},
    401: {"model": OAuthError, "description": "The client did not prove itself (`invalid_client`)."},
    413: {"model": OAuthError, "description": "More than 64 KiB."},
    429: {"model": OAuthError, "description": "Too many requests or failures; wait for `Retry-After`."},
}
REGISTRATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "Client metadata (RFC 7591 §2); what is not known is ignored.",
                    "properties": {
                        "client_name": {"type": "string"},
                        "redirect_uris": {"type": "array", "items": {"type": "string"}},
                        "post_logout_redirect_uris": {"type": "array", "items": {"type": "string"}},
                        "scope": {"type": "string"},
                        "token_endpoint_auth_method": {"type": "string"},
                        "grant_types": {"type": "array", "items": {"type": "string"}},
                        "response_types": {"type": "array", "items": {"type": "string"}},
                        "ccx_purposes": {
                            "type": "array",
                            "description": "Why it asks: a DPV term, a sentence, the keys it can't do without.",
                            "items": {"type": "object"},
                        },
                    },
                }
            }
        },
    },
    "security": [],
}
REGISTRATION_ERRORS: dict[int | str, dict[str, Any]] = ERRORS | {
    401: {"model": OAuthError, "description": "The token is no good (`invalid_token`)."},
}
