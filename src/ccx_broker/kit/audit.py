"""The audit log: one line of JSON for each thing that matters to security, and never a secret in it.

An event takes only names from `FIELDS`, so that nobody adds an e-mail address or a token by the way. Who
must be told apart without being known (an account, a network address) comes as a keyed hash.
"""

import json
import logging
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from ccx_broker.kit.clock import now, rfc3339
from ccx_broker.kit.ids import new_id

log = logging.getLogger("ccx_broker.audit")

Event = Literal[
    "token_issued",
    "token_refused",
    "token_revoked",
    "client_auth_failed",
    "code_reused",
    "refresh_token_reused",
    "grant_changed",
    "signed_in",
    "sign_in_failed",
    "new_device",
    "identity_confirmed",
    "confirmation_failed",
    "name_changed",
    "email_changed",
    "password_changed",
    "password_removed",
    "passkey_added",
    "passkey_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "signed_out_elsewhere",
    "device_begun",
    "device_answered",
    "device_guessing_stopped",
    "client_registered",
    "client_changed",
    "client_ended",
    "registration_refused",
    "rate_limited",
    "client_document_refused",
]
"""Every event there is; `docs/operate.md` says what each means."""

FIELDS = frozenset(
    {
        "account",
        "action",
        "client_id",
        "endpoint",
        "error",
        "grant_id",
        "grant_type",
        "network",
        "organisation_id",
        "reason",
        "way",
    }
)

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def begin() -> None:
    """Give the request that is being answered an id of its own, which all of its events share."""
    _request_id.set(str(new_id()))


def event(name: Event, **fields: object) -> None:
    """Write an event; a field that is None is left out. Raises `ValueError` for one that is not in `FIELDS`."""
    if not fields.keys() <= FIELDS:
        raise ValueError(f"no field of an audit event: {sorted(fields.keys() - FIELDS)}")
    line = {"at": rfc3339(now()), "event": name, "request_id": _request_id.get()}
    said = {field: str(value)[:300] for field, value in fields.items() if value is not None}
    log.info("%s", json.dumps(line | said))


def write_to(where: str) -> None:
    """Send the log to `stdout`, `stderr` or a file; `off` sends it nowhere."""
    log.propagate = False
    log.setLevel(logging.INFO if where != "off" else logging.CRITICAL)
    handler: logging.Handler
    match where:
        case "off":
            handler = logging.NullHandler()
        case "stdout":
            handler = logging.StreamHandler(sys.stdout)
        case "stderr":
            handler = logging.StreamHandler(sys.stderr)
        case _:
            handler = logging.FileHandler(Path(where), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
