"""A price in the memory of prices is one number instead of a list of two: `minute · 2³⁸ + price`"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from msgspec import json

revision = "0016"
down_revision = "0015"

BITS = 38
AT_ONCE = 500

Cell = list[Any]


def flat(cell: Cell) -> Cell:
    """Return `[lines, logs, [[minute, price], …]]` as `[lines, logs, number, …]`; dearer prices are let go."""
    lines, logs, ring = cell
    return [lines, logs, *(minute << BITS | price for minute, price in ring if price < 1 << BITS)]


def nested(cell: Cell) -> Cell:
    """Return it as it was."""
    lines, logs, *ring = cell
    return [lines, logs, [[number >> BITS, number & (1 << BITS) - 1] for number in ring]]


def rewrite(shape: Callable[[Cell], Cell]) -> None:
    """Give every remembered category another shape, some customers at a time."""
    connection, after = op.get_bind(), None
    following = sa.text(
        "SELECT customer_id, state FROM estimator_states"
        " WHERE CAST(:after AS uuid) IS NULL OR customer_id > :after"
        " ORDER BY customer_id LIMIT :most"
    )
    put = sa.text("UPDATE estimator_states SET state = :state WHERE customer_id = :customer_id")
    while rows := connection.execute(following, {"after": after, "most": AT_ONCE}).all():
        after = rows[-1].customer_id
        changed = []
        for row in rows:
            state = json.decode(row.state)
            if "prices" in state:
                of = state["prices"]["of"]
                state["prices"]["of"] = {
                    name: cell for name, old in of.items() if len(cell := shape(old)) > 2 and cell[2]
                }
                changed.append({"customer_id": row.customer_id, "state": json.encode(state).decode()})
        if changed:
            connection.execute(put, changed)


def upgrade() -> None:
    rewrite(flat)


def downgrade() -> None:
    rewrite(nested)
