"""All SQL of events and estimator states. Each function is one statement, however many rows it is about."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, case, cast, delete, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, insert
from sqlalchemy.orm import Session

from ccx_broker.defaults.rules.events import KeptEvent, ReceivedEvent
from ccx_broker.defaults.rules.population import Population
from ccx_broker.defaults.tables import EstimatorStateRow, EventRow, PopulationRow
from ccx_broker.kit.records import records

MARKER = ""
"""The name of an event of which only the message id is kept, since its customer forbids more."""


def make_states(session: Session, customer_ids: Sequence[UUID], now: datetime) -> None:
    """Give each customer an empty state who has none; in the order given, so that two calls can't deadlock."""
    rows = records("fresh", [{"customer_id": i} for i in customer_ids], customer_id=Uuid())
    session.execute(
        insert(EstimatorStateRow)
        .from_select(
            ["customer_id", "state", "updated_at"],
            select(rows.c.customer_id, literal({}, JSONB()), literal(now, TIMESTAMP(timezone=True))),
        )
        .on_conflict_do_nothing()
    )


def lock_states(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the customers' states and keep others from changing them until the transaction ends.

    Locked in the order of customer_id, whatever the batch's order: two batches about the same customers
    wait for each other, and neither can hold what the other needs.
    """
    found = session.execute(
        select(EstimatorStateRow.customer_id, EstimatorStateRow.state)
        .where(EstimatorStateRow.customer_id.in_(customer_ids))
        .order_by(EstimatorStateRow.customer_id)
        .with_for_update()
    )
    return {row.customer_id: row.state for row in found}


def save_states(session: Session, states: Mapping[UUID, Mapping[str, Any]], now: datetime) -> None:
    """Write locked states back."""
    changed = [{"customer_id": customer_id, "state": state} for customer_id, state in states.items()]
    rows = records("learnt", changed, customer_id=Uuid(), state=JSONB())
    session.execute(
        update(EstimatorStateRow)
        .where(EstimatorStateRow.customer_id == rows.c.customer_id)
        .values(state=rows.c.state, updated_at=now)
        .execution_options(synchronize_session=False)
    )


def insert_events(
    session: Session, events: Mapping[UUID, ReceivedEvent], markers: Collection[UUID], now: datetime
) -> set[UUID]:
    """Keep the events, by event_id, that are new; return the ids of those that were.

    Of those in `markers` only the message id is kept: enough to tell a repetition, and nothing else.
    """
    bare = set(markers)
    rows = records(
        "sent",
        [
            {
                "customer_id": event.customer_id,
                "organisation_id": event.organisation_id,
                "message_id": event.message_id,
                "event_id": event_id,
                "name": MARKER if event_id in bare else event.name,
                "at": now if event_id in bare else event.at,
                "received_at": now,
                "body": {} if event_id in bare else event.body,
            }
            for event_id, event in events.items()
        ],
        customer_id=Uuid(),
        organisation_id=Uuid(),
        message_id=Text(),
        event_id=Uuid(),
        name=Text(),
        at=TIMESTAMP(timezone=True),
        received_at=TIMESTAMP(timezone=True),
        body=JSONB(),
    )
    statement = (
        insert(EventRow)
        .from_select(list(rows.c.keys()), select(*rows.c))
        .on_conflict_do_nothing()
        .returning(EventRow.event_id)
    )
    return set(session.scalars(statement))


def events_page(session: Session, customer_id: UUID, *, before: UUID | None, limit: int) -> list[KeptEvent]:
    """Return a customer's events, the latest received first, from the one after `before` on."""
    properties = EventRow.body["properties"]
    products = properties["products"]
    things = case((func.jsonb_typeof(products) == "array", func.jsonb_array_length(products)))
    found = session.execute(
        select(
            EventRow.event_id,
            EventRow.organisation_id,
            EventRow.name,
            EventRow.at,
            EventRow.received_at,
            things,
            *(_short(properties[field]) for field in ("store_id", "total", "currency")),
        )
        .where(
            EventRow.customer_id == customer_id,
            EventRow.name != MARKER,
            true() if before is None else EventRow.event_id < before,
        )
        .order_by(EventRow.event_id.desc())
        .limit(limit)
    )
    return [KeptEvent(*row) for row in found]


def _short(value: ColumnElement[Any]) -> ColumnElement[str | None]:
    """Return a JSON text or number as text of at most 40 characters; anything else is NULL."""
    plain = func.jsonb_typeof(value).in_(("string", "number"))
    return case((plain, func.left(value.op("#>>", return_type=Text())(cast([], ARRAY(Text))), 40)))


def learnt_events(session: Session, customer_id: UUID, most: int) -> list[ReceivedEvent]:
    """Return the latest events that a customer was learnt from, `most` at most, in the order of time."""
    found = session.execute(
        select(EventRow.organisation_id, EventRow.message_id, EventRow.name, EventRow.at, EventRow.body)
        .where(EventRow.customer_id == customer_id, EventRow.name != MARKER)
        .order_by(EventRow.at.desc(), EventRow.event_id.desc())
        .limit(most)
    )
    return [ReceivedEvent(customer_id, *row) for row in found][::-1]


def some_customers(session: Session, most: int) -> list[UUID]:
    """Return customers of whom something was learnt, `most` at most, drawn at random."""
    return list(session.scalars(select(EstimatorStateRow.customer_id).order_by(func.random()).limit(most)))


def customers_with_states(session: Session, after: UUID | None, most: int) -> list[UUID]:
    """Return the next customers of whom something may have been learnt, in the order of their ids."""
    return list(
        session.scalars(
            select(EstimatorStateRow.customer_id)
            .where(true() if after is None else EstimatorStateRow.customer_id > after)
            .order_by(EstimatorStateRow.customer_id)
            .limit(most)
        )
    )


def newest_population(session: Session) -> UUID | None:
    """Return the id of the population that was learnt last."""
    return session.scalar(
        select(PopulationRow.population_id).order_by(PopulationRow.population_id.desc()).limit(1)
    )


def load_population(session: Session, population_id: UUID) -> Population:
    """Return a population that is there."""
    body = session.scalars(
        select(PopulationRow.body).where(PopulationRow.population_id == population_id)
    ).one()
    return Population.from_json(body)


def add_population(session: Session, population_id: UUID, population: Population, now: datetime) -> None:
    """Keep a new population beside the one before it, which others may be reading; older ones are deleted."""
    before = newest_population(session)
    session.execute(delete(PopulationRow).where(PopulationRow.population_id != before))
    session.execute(
        insert(PopulationRow).values(
            population_id=population_id,
            customers=population.customers,
            body=population.as_json(),
            made_at=now,
        )
    )
