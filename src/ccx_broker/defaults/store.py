"""All SQL of taking events in, of estimator states and of populations. Each function is one statement, however many rows it is about."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Exists,
    SmallInteger,
    Text,
    Uuid,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, insert
from sqlalchemy.orm import Session

from ccx_broker.defaults.rules.events import ReceivedEvent
from ccx_broker.defaults.rules.population import Population
from ccx_broker.defaults.tables import EstimatorStateRow, EventRow, MutedSourceRow, PopulationRow
from ccx_broker.kit.jsons import dumps, loads
from ccx_broker.kit.records import records, texts

State = dict[str, Any]
"""What the estimators remember of a customer, by memory."""

MARKER = ""
"""The name of an event of which only the message id is kept, since its customer forbids more."""


def make_states(session: Session, customer_ids: Sequence[UUID], now: datetime) -> None:
    """Give each customer an empty state who has none; in the order given, so that two calls can't deadlock."""
    rows = records("fresh", [{"customer_id": i} for i in customer_ids], customer_id=Uuid())
    session.execute(
        insert(EstimatorStateRow)
        .from_select(
            ["customer_id", "state", "unconcluded", "updated_at"],
            select(
                rows.c.customer_id,
                literal(dumps({}), Text()),
                cast(literal("{}"), ARRAY(Text())),
                literal(now, TIMESTAMP(timezone=True)),
            ),
        )
        .on_conflict_do_nothing()
    )


class States(Mapping[UUID, State]):
    """Customers' states as the database keeps them; each is decoded when it is asked for.

    So a loop that learns from one after the other has one at a time in its hands, which fits into the
    processor's nearest memory. A batch of a hundred decoded beforehand took two and a half times as long.
    """

    def __init__(self, kept: Mapping[UUID, str]) -> None:
        self._kept = kept

    def __getitem__(self, customer_id: UUID) -> State:
        state: State = loads(self._kept[customer_id])
        return state

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def lock_states(session: Session, customer_ids: Collection[UUID]) -> States:
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
    return States({row.customer_id: row.state for row in found})


def save_states(
    session: Session,
    states: Iterable[tuple[UUID, State]],
    heard: Mapping[UUID, Collection[str]],
    now: datetime,
) -> None:
    """Write locked states back, and note the names of the events whose conclusions are now due, by customer."""
    changed = {customer_id: dumps(state) for customer_id, state in states}
    rows = texts(
        "learnt",
        customer_id=map(str, changed),
        state=changed.values(),
        heard=("\n".join(sorted(heard.get(customer_id, ()))) for customer_id in changed),
    )
    name = func.unnest(
        EstimatorStateRow.unconcluded.concat(func.string_to_array(rows.c.heard, "\n"))
    ).column_valued("name")
    each_once = select(name).distinct().scalar_subquery()
    session.execute(
        update(EstimatorStateRow)
        .where(EstimatorStateRow.customer_id == cast(rows.c.customer_id, Uuid()))
        .values(state=rows.c.state, unconcluded=func.array(each_once), updated_at=now)
        .execution_options(synchronize_session=False)
    )


def insert_events(
    session: Session,
    events: Mapping[UUID, ReceivedEvent],
    markers: Collection[UUID],
    telling: Collection[UUID],
    now: datetime,
) -> dict[UUID, bool]:
    """Keep the events, by event_id, that are new; return for each of these whether it is learnt from.

    It is, if it is among those that have something to tell and its customer has not muted the sender. Of
    those in `markers` only the message id is kept: enough to tell a repetition, and nothing else.
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
                "learnt": event_id in telling,
                "utc_offset": 0 if event_id in bare else event.utc_offset,
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
        learnt=Boolean(),
        utc_offset=SmallInteger(),
    )
    kept = [
        and_(rows.c.learnt, ~muted(rows.c.customer_id, rows.c.organisation_id))
        if name == "learnt"
        else column
        for name, column in rows.c.items()
    ]
    statement = (
        insert(EventRow)
        .from_select(list(rows.c.keys()), select(*kept))
        .on_conflict_do_nothing()
        .returning(EventRow.event_id, EventRow.learnt)
    )
    return {row.event_id: row.learnt for row in session.execute(statement)}


def muted(customer_id: Any, organisation_id: Any) -> Exists:
    """Return the condition that the customer wants nothing learnt from the organisation."""
    return exists().where(
        MutedSourceRow.customer_id == customer_id, MutedSourceRow.organisation_id == organisation_id
    )


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
