"""What the OpenAPI document says about every door alike: how one proves who one is, and how it fails."""

from typing import Any

from fastapi import FastAPI

from ccx_broker.kit.errors import PROBLEM_JSON

# How the OpenAPI document describes them; `default` also stands in for FastAPI's own, different 422.
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong and what to do about it (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:ccx:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
PROBLEM_ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem; 429 and 503 say in `Retry-After` how long to wait.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}

# The doors name these in `security`; a customer's `session` describes itself (accounts.auth).
SECURITY_SCHEMES: dict[str, Any] = {
    "access_token": {
        "type": "oauth2",
        "description": "An access token of `POST /oauth/token`, sent as `Authorization: Bearer ccxa_…`.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": {},
            },
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}},
        },
    },
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": "Your application's `client_id` and `client_secret` (RFC 6749 §2.3.1).",
    },
}


def complete_openapi(app: FastAPI) -> None:
    """Add to the OpenAPI document of `app` what `PROBLEM_ANSWERS` and the doors' `security` refer to."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = SECURITY_SCHEMES | components.get("securitySchemes", {})
        return document

    app.openapi = openapi  # type: ignore[method-assign]
