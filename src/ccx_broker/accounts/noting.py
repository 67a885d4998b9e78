"""The one place through which all goes that a customer should hear of: who signs in, and what changes how.

Each is a line of the audit log, and some are messages to the customer. `account` is a keyed hash of the address, `network` one of where it came from.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from ccx_broker.accounts.rules import Customer
from ccx_broker.kit import audit
from ccx_broker.kit.runtime import Keys
from ccx_broker.messages import service as messages
from ccx_broker.messages.rules import Kind

Way = Literal["password", "passkey", "recovery_code", "sign_up"]

Happening = Literal[
    "signed_in",
    "new_device",
    "identity_confirmed",
    "name_changed",
    "email_changed",
    "password_changed",
    "password_removed",
    "passkey_added",
    "passkey_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "signed_out_elsewhere",
]

TOLD: dict[Happening, Kind] = {
    "new_device": "new_device",
    "email_changed": "email_changed",
    "password_changed": "password_changed",
    "password_removed": "password_removed",
    "passkey_added": "passkey_added",
    "passkey_removed": "passkey_removed",
    "recovery_codes_made": "recovery_codes_made",
    "recovery_code_used": "recovery_code_used",
}

Failure = Literal["sign_in_failed", "confirmation_failed"]


def happened(
    session: Session,
    keys: Keys,
    what: Happening,
    customer: Customer,
    now: datetime,
    *,
    way: Way | None = None,
    **values: str,
) -> None:
    """Note something that was done, in the transaction that does it; `customer` is as they were before.

    What leads into the account is told to the customer, with `values`; a change of address to the old one, too.
    """
    audit.event(what, account=account_of(keys, customer.email), way=way)
    if what in TOLD:
        also_to = customer.email if what == "email_changed" else None
        messages.tell(session, customer.customer_id, TOLD[what], now, also_to=also_to, **values)


def failed(
    keys: Keys, what: Failure, *, email: str | None, network: str, way: Way, reason: str | None = None
) -> None:
    """Note a failed attempt; `email` is what was typed, or None where nothing was."""
    audit.event(
        what,
        account=account_of(keys, email) if email is not None else None,
        network=keys.mac("limits.network", network).hex()[:16],
        way=way,
        reason=reason,
    )


def account_of(keys: Keys, email: str) -> str:
    """Return what stands in the log for a normalised address."""
    return keys.mac("audit.account", email).hex()[:16]
