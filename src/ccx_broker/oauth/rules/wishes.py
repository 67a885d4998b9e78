"""What a request wants done with the grant that there is already (Grant Management for OAuth 2.0, draft 03)."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ccx_broker.consent.rules import Mode

MODES: dict[str, Mode] = {"create": "create", "merge": "merge", "replace": "replace"}
NOT_THIS_GRANT = "The grant is not known, not this client's, not this customer's, or has ended."


@dataclass(frozen=True)
class GrantWish:
    """What becomes of the present grant; without an id, of whichever there is."""

    mode: Mode = "merge"
    grant_id: UUID | None = None


@dataclass(frozen=True)
class BadWish:
    """Why that can't be wished (§5.4)."""

    error: Literal["invalid_request", "invalid_grant_id"]
    reason: str


def grant_wish(action: str | None, grant_id: str | None, *, is_public: bool) -> GrantWish | BadWish:
    """Read `grant_management_action` and `grant_id` (§5.2).

    Without either, a request amends what there is. Only clients that can keep a secret may manage
    grants (§5.1), since an id is no secret.
    """
    if action is None and grant_id is None:
        return GrantWish()
    flaw = _flaw(action, grant_id, is_public=is_public)
    if flaw is not None:
        return BadWish("invalid_request", flaw)
    try:
        named = None if grant_id is None else UUID(grant_id)
    except ValueError:
        return BadWish("invalid_grant_id", NOT_THIS_GRANT)
    return GrantWish(MODES[action or "merge"], named)


def _flaw(action: str | None, grant_id: str | None, *, is_public: bool) -> str | None:
    if is_public:
        return "A client without a secret can't manage grants."
    if action is None:
        return "A grant_id needs a grant_management_action."
    if action not in MODES:
        return f"The grant_management_action is one of {', '.join(MODES)}."
    if action == "create":
        return None if grant_id is None else "A grant that is to be created has no grant_id yet."
    return "Say by grant_id which grant is meant." if grant_id is None else None
