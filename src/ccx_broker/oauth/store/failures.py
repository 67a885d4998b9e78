"""All SQL of counted failures: one row a name, which counts its newest window."""

from datetime import datetime

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.oauth.tables import OAuthFailureRow


def count_failure(session: Session, bucket: bytes, window: datetime) -> int:
    """Count a failure in its window; return how many there are now, of all processes."""
    new = insert(OAuthFailureRow).values(bucket=bucket, begun_at=window, count=1)
    older = OAuthFailureRow.begun_at < new.excluded.begun_at
    return session.execute(
        new.on_conflict_do_update(
            index_elements=[OAuthFailureRow.bucket],
            set_={
                "count": case((older, 1), else_=OAuthFailureRow.count + 1),
                "begun_at": case((older, new.excluded.begun_at), else_=OAuthFailureRow.begun_at),
            },
        ).returning(OAuthFailureRow.count)
    ).scalar_one()


def take_back(session: Session, bucket: bytes) -> None:
    """Take one's own count back, since it was no failure."""
    session.execute(
        update(OAuthFailureRow)
        .where(OAuthFailureRow.bucket == bucket, OAuthFailureRow.count > 0)
        .values(count=OAuthFailureRow.count - 1)
    )


def delete_old(session: Session, before: datetime, limit: int) -> int:
    """Delete up to `limit` counts of windows that began before that time."""
    old = select(OAuthFailureRow.bucket).where(OAuthFailureRow.begun_at < before).limit(limit)
    gone = session.scalars(
        delete(OAuthFailureRow)
        .where(OAuthFailureRow.bucket.in_(old.with_for_update(skip_locked=True)))
        .returning(OAuthFailureRow.bucket)
    )
    return len(gone.all())
