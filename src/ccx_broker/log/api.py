"""A customer sees who looked, and takes the whole log away."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor
from ccx_broker.kit.runtime import Rt
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Only
from ccx_broker.log import export, schemas
from ccx_broker.organisations import store as organisations

router = APIRouter(tags=["disclosure"])

ByOrganisation = Annotated[
    UUID | None, Query(alias="organisation_id", description="Only this organisation's.")
]
ByOutcome = Annotated[
    Literal["disclosed", "refused"] | None, Query(description="Only looks, or only refusals.")
]


@router.get("/v1/me/disclosures", summary="Who looked at my preferences")
def my_disclosures(
    me: SignedIn,
    db: Db,
    organisation: ByOrganisation = None,
    outcome: ByOutcome = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> schemas.DisclosurePage:
    """See every look at your preferences and every refusal, newest first."""
    page = ledger.newest_first(
        db,
        me.customer.customer_id,
        before=decode_cursor(cursor),
        limit=limit,
        only=Only(organisation, outcome),
    )
    names = organisations.application_names(db, {line.client_id for line in page.items})
    return schemas.disclosure_page(page, names)


@router.get(
    "/v1/me/disclosures/export",
    summary="Take the log away",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/json": {}}, "description": "The whole log"}},
)
def export_disclosures(
    me: SignedIn,
    rt: Rt,
    format_: Annotated[
        Literal["csv", "json"], Query(alias="format", description="The kind of file.")
    ] = "csv",
    organisation: ByOrganisation = None,
    outcome: ByOutcome = None,
) -> Response:
    """Download every line that there is at this moment, newest first: as a table, or as a JSON array."""
    lines = export.batches(rt.sessions, me.customer.customer_id, Only(organisation, outcome))
    name, kind, body = (
        ("ccx-log.csv", "text/csv; charset=utf-8", export.as_csv(lines))
        if format_ == "csv"
        else ("ccx-log.json", "application/json", export.as_json(lines))
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(body, media_type=kind, headers=headers)
