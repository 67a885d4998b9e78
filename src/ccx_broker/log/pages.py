"""Who looked: the log as a timeline, with a small chart above it."""

from datetime import UTC, datetime, time
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.disclosure.rules import Reason
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, decode_cursor
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Only
from ccx_broker.log.rules import chart, mondays
from ccx_broker.organisations import store as organisations
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(include_in_schema=False)

LINES = 25
COUNTED = 10_000
"""The latest lines that the chart is made of."""

REFUSED: dict[str, str] = {
    Reason.TOKEN_REVOKED: say("Its key had been ended."),
    Reason.TOKEN_EXPIRED: say("Its key was out of date. That happens; it fetches a new one."),
    Reason.TOKEN_UNKNOWN: say("It had no valid key."),
    Reason.TOKEN_FOR_ANOTHER: say("Its key was made for something else."),
    Reason.PROOF_MISSING: say("It had a key, but could not prove that the key is its own. It may be stolen."),
    Reason.PROOF_FLAWED: say("The proof that the key is its own was faulty."),
    Reason.PROOF_OF_ANOTHER_KEY: say("It proved itself with somebody else's key. It may be stolen."),
    Reason.PROOF_USED_BEFORE: say("Its proof had been used before, as a copied one would be."),
    Reason.TOKEN_HAS_NO_CUSTOMER: say("It asked in the wrong way."),
    Reason.SCOPE_MISSING: say("It may not ask in this way."),
    Reason.SUBJECT_UNKNOWN: say("It asked for a name that leads to nobody."),
    Reason.SUBJECT_OF_ANOTHER: say("It asked by a name that belongs to another organisation."),
    Reason.NO_LIVE_GRANT: say("You share nothing with it."),
    Reason.GRANT_ENDED: say("You had ended what you shared with it."),
    Reason.GRANT_EXPIRED: say("The time for which you shared was over."),
}


@router.get("/log")
def log(
    request: Request,
    me: SignedInPage,
    db: Db,
    organisation: Annotated[UUID | Literal[""] | None, Query()] = None,
    outcome: Annotated[Literal["disclosed", "refused", ""], Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show who looked and who was refused, newest first; `organisation` and `outcome` narrow it down."""
    now, customer_id = clock.now(), me.customer.customer_id
    only = Only(organisation or None, outcome or None)
    page = ledger.newest_first(db, customer_id, before=decode_cursor(cursor), limit=LINES, only=only)
    since = datetime.combine(mondays(now)[0], time(), UTC)
    rows = [] if cursor else chart(ledger.weeks(db, customer_id, since, COUNTED), now)
    there = ledger.organisations_of(db, customer_id)
    clients = {line.client_id for line in page.items}
    narrowed = {"organisation": str(organisation or ""), "outcome": outcome}
    narrowed = {name: value for name, value in narrowed.items() if value}
    exported = {"organisation_id" if name == "organisation" else name: v for name, v in narrowed.items()}
    return render(
        request,
        "log/log.html",
        me=me,
        lines=page.items,
        rows=rows,
        only=only,
        names=organisations.organisation_names(
            db, set(there) | {line.organisation_id for line in page.items}
        ),
        there=there,
        applications=organisations.application_names(db, clients),
        purposes=organisations.purpose_sentences(db, clients),
        question=lambda key: item.question if (item := CATALOGUE.get(key)) else key,
        refused=REFUSED,
        narrowed=bool(narrowed),
        older=f"/log?{urlencode(narrowed | {'cursor': page.next})}" if page.next else None,
        first=f"/log?{urlencode(narrowed)}" if cursor else None,
        export=lambda kind: f"/v1/me/disclosures/export?{urlencode(exported | {'format': kind})}",
    )
