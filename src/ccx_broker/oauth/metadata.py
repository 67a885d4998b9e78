"""The authorization server's metadata (RFC 8414) and the API's (RFC 9728): all that a client needs to know."""

from typing import Any

from ccx_broker.consent.rules.details import TYPE
from ccx_broker.oauth import assertions, dpop
from ccx_broker.oauth.clients import CONFIDENTIAL_METHODS
from ccx_broker.oauth.keys import ALGORITHM
from ccx_broker.oauth.rules import CUSTOMER_SCOPES, ORGANISATION_SCOPES
from ccx_broker.oauth.rules.wishes import MODES
from ccx_broker.profile.catalogue import CATALOGUE


def resource_metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of the API as a protected resource (RFC 9728 §2)."""
    return {
        "resource": issuer,
        "resource_name": "CCX broker",
        "authorization_servers": [issuer],
        "scopes_supported": server_metadata(issuer)["scopes_supported"],
        "bearer_methods_supported": ["header"],
        "authorization_details_types_supported": [TYPE],
    }


def server_metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of the server at `issuer`, as an OAuth and as an OpenID Connect client reads it."""
    steps = dict.fromkeys(f"pref:{item.step}" for item in CATALOGUE.items)
    keys = dict.fromkeys(f"pref:{item.key}" for item in CATALOGUE.items)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": False,
        "token_endpoint": f"{issuer}/oauth/token",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "registration_endpoint": f"{issuer}/oauth/register",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "scopes_supported": [*(steps | keys), *sorted(CUSTOMER_SCOPES | ORGANISATION_SCOPES)],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*CONFIDENTIAL_METHODS, "none"],
        "token_endpoint_auth_signing_alg_values_supported": [*assertions.ALGORITHMS],
        "introspection_endpoint_auth_signing_alg_values_supported": [*assertions.ALGORITHMS],
        "revocation_endpoint_auth_signing_alg_values_supported": [*assertions.ALGORITHMS],
        "dpop_signing_alg_values_supported": [*dpop.ALGORITHMS],
        "introspection_endpoint_auth_methods_supported": [*CONFIDENTIAL_METHODS],
        "revocation_endpoint_auth_methods_supported": [*CONFIDENTIAL_METHODS, "none"],
        "authorization_response_iss_parameter_supported": True,
        # OpenID Connect Discovery §3; ES256 alone, as FAPI 2.0 §5.4 wants it.
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"],
        "claims_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        # RFC 9728 §4
        "protected_resources": [issuer],
        "authorization_details_types_supported": [TYPE],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "grant_management_endpoint": f"{issuer}/oauth/grants",
        "grant_management_actions_supported": ["query", "revoke", *MODES],
        "grant_management_action_required": False,
    }
