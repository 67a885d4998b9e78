"""What was observed of a customer and by whom: see it, forget it, have nothing more learnt from it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.defaults import events_store, forgetting
from ccx_broker.defaults.rules import heard_by
from ccx_broker.defaults.schemas import EventItem, EventPage, SourceItem, SourcePage
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor, encode_cursor
from ccx_broker.organisations.store import organisation_names
from ccx_broker.profile.catalogue import CATALOGUE

router = APIRouter(prefix="/v1/me", tags=["defaults"])

OfOrganisation = Annotated[UUID | None, Query(description="Only what this organisation sent.")]
OfName = Annotated[
    str | None,
    Query(
        max_length=100, min_length=1, description="Only events of this name.", examples=["Order Completed"]
    ),
]
OfDefault = Annotated[
    str | None,
    Query(description="Only those that the guess about this key rests on.", examples=["buy.store"]),
]


@router.get("/events", summary="What was observed of me")
def get_events(
    *,
    me: SignedIn,
    db: Db,
    organisation_id: OfOrganisation = None,
    event: OfName = None,
    default: OfDefault = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EventPage:
    """List the events that organisations sent, the latest received first, forgotten ones left out."""
    events = events_store.events_page(
        db,
        me.customer.customer_id,
        before=decode_cursor(cursor),
        limit=limit + 1,
        organisation_id=organisation_id,
        names=named(event, default),
        counting=default is not None,
    )
    shown = events[:limit]
    names = organisation_names(db, {event.organisation_id for event in shown})
    return EventPage(
        items=[EventItem.of(event, names) for event in shown],
        next=encode_cursor(shown[-1].event_id) if len(events) > limit else None,
    )


@router.delete("/events", status_code=204, summary="Forget all of an organisation's events")
def forget_events(
    me: SignedIn,
    db: Db,
    organisation_id: Annotated[UUID, Query(description="Whose events are to be forgotten.")],
) -> Response:
    """Forget everything that an organisation has sent until now, and what was learnt from it.

    This can't be undone. What it sends from now on is learnt from, unless learning from it is stopped too.
    """
    forgetting.forget_source(db, me.customer.customer_id, organisation_id, now())
    return Response(status_code=204)


@router.delete("/events/{event_id}", status_code=204, summary="Forget an event")
def forget_event(event_id: UUID, me: SignedIn, db: Db) -> Response:
    """Forget one event, and exactly what was learnt from it. Repeating it changes nothing.

    This can't be undone: only the message id is kept, so that the event is not taken in again, and so that
    its sender can't tell.
    """
    forgetting.forget_event(db, me.customer.customer_id, event_id, now())
    return Response(status_code=204)


@router.get("/sources", summary="Who sends what I do")
def get_sources(me: SignedIn, db: Db, limit: Limit = 50, cursor: Cursor = None) -> SourcePage:
    """List the organisations that have sent events about you, with whether anything is learnt from them."""
    found = events_store.sources(db, me.customer.customer_id, after=decode_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    names = organisation_names(db, {source.organisation_id for source in shown})
    return SourcePage(
        items=[SourceItem.of(source, names) for source in shown],
        next=encode_cursor(shown[-1].organisation_id) if len(found) > limit else None,
    )


@router.delete("/sources/{organisation_id}/learning", status_code=204, summary="Don't learn from this one")
def stop_learning(organisation_id: UUID, me: SignedIn, db: Db) -> Response:
    """Take out at once what was learnt from an organisation, and learn nothing more from it.

    Its events are kept for you to see, and it can't tell. Repeating it changes nothing.
    """
    forgetting.stop_learning(db, me.customer.customer_id, organisation_id, now())
    return Response(status_code=204)


@router.put("/sources/{organisation_id}/learning", status_code=204, summary="Learn from this one again")
def resume_learning(organisation_id: UUID, me: SignedIn, db: Db) -> Response:
    """Bring back what had been learnt from an organisation before, and learn from what it sends from now on.

    What came while learning was stopped is not learnt afterwards. Repeating it changes nothing.
    """
    forgetting.resume_learning(db, me.customer.customer_id, organisation_id, now())
    return Response(status_code=204)


def named(event: str | None, default: str | None) -> frozenset[str] | None:
    """Return the names of the events that are asked for; None: all."""
    if default is None:
        return None if event is None else frozenset({event})
    CATALOGUE.require(default)
    return heard_by(default) if event is None else heard_by(default) & {event}
