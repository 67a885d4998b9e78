"""What the ledger remembers of one look or one refusal."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Disclosure:
    """One line of the ledger. `reason` is set where `outcome` is `refused`; `keys` are those that left."""

    customer_id: UUID
    disclosure_id: UUID
    at: datetime
    organisation_id: UUID
    client_id: str
    grant_id: UUID | None
    outcome: str
    reason: str | None
    keys: tuple[str, ...]
    purposes: tuple[str, ...]
