"""All SQL of what was learnt and is still to be concluded from."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import cast, exists, literal, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from ccx_broker.defaults.store import States
from ccx_broker.defaults.tables import UNCONCLUDED, EstimatorStateRow


class Due(NamedTuple):
    """Customers of whom more was learnt than was concluded: their states, and the names of the events heard."""

    states: States
    heard: Mapping[UUID, Sequence[str]]


def lock_due(session: Session, after: UUID | None, most: int) -> Due:
    """Return the next customers about whom conclusions are due, in the order of their ids, locked.

    Those whose state somebody else holds are left out: a batch that is being taken in, after which they are
    due all the same, or another process that is concluding about them already.
    """
    found = list(
        session.execute(
            select(EstimatorStateRow.customer_id, EstimatorStateRow.state, EstimatorStateRow.unconcluded)
            .where(UNCONCLUDED, true() if after is None else EstimatorStateRow.customer_id > after)
            .order_by(EstimatorStateRow.customer_id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
    )
    return Due(
        States({row.customer_id: row.state for row in found}),
        {row.customer_id: row.unconcluded for row in found},
    )


def settle(session: Session, customer_ids: Collection[UUID]) -> None:
    """Note of locked customers that everything learnt of them has been concluded from."""
    session.execute(
        update(EstimatorStateRow)
        .where(EstimatorStateRow.customer_id.in_(customer_ids))
        .values(unconcluded=cast(literal("{}"), ARRAY(Text())))
        .execution_options(synchronize_session=False)
    )


def is_due(session: Session, customer_id: UUID) -> bool:
    """Tell whether something was learnt of a customer that was not concluded from yet."""
    due = exists().where(EstimatorStateRow.customer_id == customer_id, UNCONCLUDED)
    return bool(session.scalar(select(due)))
