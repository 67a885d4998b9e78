"""All SQL of what is good for one use: the ids (`jti`) of proofs and assertions, by their hashes."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from psycopg import AsyncConnection
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.oauth.tables import SpentIdRow

# In the order of the hashes, so that two processes with the same ones wait for each other, not both.
SPEND_ALL = """
INSERT INTO spent_ids (id_hash, expires_at)
SELECT decode(j ->> 0, 'hex') AS id_hash, (j ->> 1)::timestamptz FROM json_array_elements(%s::json) AS s (j)
 ORDER BY id_hash
ON CONFLICT DO NOTHING
RETURNING id_hash
"""


def spend(session: Session, id_hash: bytes, expires_at: datetime) -> bool:
    """Use one up; False if it was used before."""
    made = session.scalar(
        insert(SpentIdRow)
        .values(id_hash=id_hash, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(SpentIdRow.id_hash)
    )
    return made is not None


async def spend_all(connection: AsyncConnection, spent: Mapping[bytes, datetime]) -> set[bytes]:
    """Use many up in one statement; return those that were not used before."""
    asked = orjson.dumps([(id_hash.hex(), expires_at) for id_hash, expires_at in spent.items()]).decode()
    cursor = await connection.execute(SPEND_ALL, (asked,), prepare=True, binary=True)
    return {bytes(id_hash) for (id_hash,) in await cursor.fetchall()}


def delete_expired(session: Session, now: datetime, limit: int) -> int:
    """Delete up to `limit` that nobody could use any more anyway; return how many."""
    old = (
        select(SpentIdRow.id_hash)
        .where(SpentIdRow.expires_at < now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = session.scalars(
        delete(SpentIdRow).where(SpentIdRow.id_hash.in_(old)).returning(SpentIdRow.id_hash)
    )
    return len(gone.all())
