"""SQL of the throttle and of what is good for one use."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ccx_broker.accounts.rules.attempts import Attempts
from ccx_broker.accounts.tables import SpentChallengeRow, ThrottleRow

THROTTLES_KEPT = timedelta(days=1)


def lock_attempts(session: Session, buckets: Iterable[bytes], now: datetime) -> dict[bytes, Attempts]:
    """Return what each bucket counts, locked until the transaction ends; a new bucket counts nothing.

    One statement that takes the rows in the order of their keys, so that two requests can't wait for
    each other.
    """
    wanted = [{"bucket": bucket, "failures": 0, "last_at": now} for bucket in sorted(buckets)]
    statement = upsert(ThrottleRow).values(wanted)
    rows = session.execute(
        statement.on_conflict_do_update(
            index_elements=[ThrottleRow.bucket], set_={"bucket": statement.excluded.bucket}
        ).returning(ThrottleRow.bucket, ThrottleRow.failures, ThrottleRow.last_at)
    )
    return {row.bucket: Attempts(row.failures, row.last_at) for row in rows}


def save_attempts(session: Session, attempts: Mapping[bytes, Attempts]) -> None:
    """Write what each (locked) bucket counts now."""
    for bucket, counted in attempts.items():
        session.execute(
            update(ThrottleRow)
            .where(ThrottleRow.bucket == bucket)
            .values(failures=counted.count, last_at=counted.at)
        )


def forget_old_attempts(session: Session, now: datetime) -> None:
    """Delete a few counts that no longer matter; rows in use are left for another time."""
    old = (
        select(ThrottleRow.bucket)
        .where(ThrottleRow.last_at < now - THROTTLES_KEPT)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(ThrottleRow).where(ThrottleRow.bucket.in_(old)))


def spend_challenge(session: Session, challenge_hash: bytes, expires_at: datetime, now: datetime) -> bool:
    """Mark a challenge as answered; False if it was before. Of two at once the second waits for the first."""
    old = (
        select(SpentChallengeRow.challenge_hash)
        .where(SpentChallengeRow.expires_at < now)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(SpentChallengeRow).where(SpentChallengeRow.challenge_hash.in_(old)))
    spent = session.scalar(
        upsert(SpentChallengeRow)
        .values(challenge_hash=challenge_hash, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(SpentChallengeRow.challenge_hash)
    )
    return spent is not None
