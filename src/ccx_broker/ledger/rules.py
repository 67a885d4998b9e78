"""What the ledger remembers of looks and refusals, and what it can be asked about them."""

from dataclasses import dataclass
from datetime import date, datetime
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


@dataclass(frozen=True)
class Only:
    """Which lines are wanted: of one organisation, of one outcome (`disclosed`, `refused`), or all."""

    organisation_id: UUID | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Week:
    """How often one organisation looked, and was refused, in the week that begins on `monday` (UTC)."""

    organisation_id: UUID
    monday: date
    disclosed: int
    refused: int


@dataclass(frozen=True)
class Looks:
    """When an organisation was last handed something, and how often lately (up to a limit)."""

    last_at: datetime
    lately: int
