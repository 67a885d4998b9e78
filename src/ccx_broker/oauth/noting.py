"""What the OAuth endpoints write into the audit log."""

from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import JSONResponse

from ccx_broker.kit import audit
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.limiter import claimed_client, hashed_network

GRANT_TYPES = frozenset(
    {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    }
)
STILL_WAITING = frozenset({"authorization_pending", "slow_down", "use_dpop_nonce"})


def note_answer(request: Request, received: Received, response: JSONResponse) -> None:
    """Note what an endpoint gave, ended or refused; introspection only where it was refused."""
    path = received.path
    body: Any = (
        orjson.loads(bytes(response.body) or b"{}")
        if response.status_code >= 400 or path == "/oauth/token"
        else {}
    )
    body = body if isinstance(body, dict) else {}
    error = body.get("error")
    who = {"client_id": _plain(claimed_client(received.headers, received.parameters)), "endpoint": path}
    kind = received.parameters.get("grant_type")
    grant_type = kind if kind in GRANT_TYPES else None
    if error == "invalid_client":
        audit.event("client_auth_failed", **who, network=hashed_network(request))
    elif path == "/oauth/token" and error is None:
        audit.event("token_issued", **who, grant_type=grant_type, grant_id=body.get("grant_id"))
    elif path == "/oauth/token" and error not in STILL_WAITING:
        audit.event(
            "token_refused", **who, grant_type=grant_type, error=error, network=hashed_network(request)
        )
    elif path == "/oauth/revoke" and error is None:
        audit.event("token_revoked", **who)
    elif path == "/oauth/device_authorization" and error is None:
        audit.event("device_begun", **who)


def _plain(client_id: str | None) -> str | None:
    """Leave out what is no client id: somebody may have put a secret in its place."""
    if client_id is None or client_id.startswith("ccx") or len(client_id) > 300 or "@" in client_id:
        return None
    return client_id
