"""The log on the wire: as JSON, and as a table for other programs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from ccx_broker.kit.clock import rfc3339
from ccx_broker.kit.paging import Page
from ccx_broker.ledger.rules import Disclosure


class Named(BaseModel):
    """Who, by the name that people know."""

    id: str
    name: str


class DisclosureLine(BaseModel):
    """One look at your preferences, or one refusal."""

    disclosure_id: UUID
    at: datetime
    organisation: Named
    application: Named
    grant_id: UUID | None
    outcome: Literal["disclosed", "refused"]
    reason: Annotated[str | None, Field(description="why it was refused")]
    keys: Annotated[list[str], Field(description="the keys that were handed over")]
    purposes: list[str]


class DisclosurePage(BaseModel):
    """A page of the log, newest first."""

    items: list[DisclosureLine]
    next: str | None


COLUMNS = (
    "at", "organisation", "application", "outcome", "reason", "keys", "purposes", "grant_id", "disclosure_id",
)  # fmt: skip


def disclosure_line(line: Disclosure, names: Mapping[str, tuple[str, str]]) -> DisclosureLine:
    """Lay out a line with the names of those who looked."""
    organisation, application = names[line.client_id]
    return DisclosureLine(
        disclosure_id=line.disclosure_id,
        at=line.at,
        organisation=Named(id=str(line.organisation_id), name=organisation),
        application=Named(id=line.client_id, name=application),
        grant_id=line.grant_id,
        outcome="disclosed" if line.outcome == "disclosed" else "refused",
        reason=line.reason,
        keys=list(line.keys),
        purposes=list(line.purposes),
    )


def disclosure_page(page: Page[Disclosure], names: Mapping[str, tuple[str, str]]) -> DisclosurePage:
    """Lay out a page of the log."""
    return DisclosurePage(items=[disclosure_line(line, names) for line in page.items], next=page.next)


def csv_row(line: Disclosure, names: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Return a line's cells, in the order of `COLUMNS`."""
    organisation, application = names[line.client_id]
    cells: tuple[Any, ...] = (
        rfc3339(line.at), organisation, application, line.outcome, line.reason or "", " ".join(line.keys),
        " ".join(line.purposes), line.grant_id or "", line.disclosure_id,
    )  # fmt: skip
    # A spreadsheet takes text that begins like this for a formula, and an organisation chooses its own name.
    return (
        f"'{cell}" if str(cell).startswith(("=", "+", "-", "@", "\t", "\r")) else str(cell) for cell in cells
    )
