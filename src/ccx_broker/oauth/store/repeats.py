"""All SQL of refresh tokens that come again, after a lost answer or a theft."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ccx_broker.oauth.tables import AccessTokenRow, RefreshTokenRow


def successor_used(session: Session, family_id: UUID, token_hash: bytes) -> bool:
    """Say whether what came of this token was exchanged in its turn."""
    used = select(RefreshTokenRow.token_hash).where(
        RefreshTokenRow.family_id == family_id,
        RefreshTokenRow.parent_hash == token_hash,
        RefreshTokenRow.claimed_at.is_not(None),
        RefreshTokenRow.revoked_at.is_(None),
    )
    return session.scalars(used).first() is not None


def count_repeat(session: Session, token_hash: bytes) -> int:
    """Count one more attempt at an exchanged token; return how many there were."""
    return session.scalars(
        update(RefreshTokenRow)
        .where(RefreshTokenRow.token_hash == token_hash)
        .values(repeats=RefreshTokenRow.repeats + 1)
        .returning(RefreshTokenRow.repeats)
    ).one()


def claim_repeat(session: Session, family_id: UUID, token_hash: bytes, now: datetime) -> bool:
    """Take the one repeat that a token allows, and put an end to what its first exchange gave.

    False if others have tried too, or if the first exchange's refresh token was used or ended by now.
    """
    claimed_at = session.scalar(
        update(RefreshTokenRow)
        .where(
            RefreshTokenRow.token_hash == token_hash,
            RefreshTokenRow.repeats == 1,
            RefreshTokenRow.revoked_at.is_(None),
        )
        .values(repeats=2)
        .returning(RefreshTokenRow.claimed_at)
    )
    if claimed_at is None:
        return False
    # Marked as exchanged, too: if it ever comes, both answers have arrived, and that is a reuse.
    superseded = session.scalars(
        update(RefreshTokenRow)
        .where(
            RefreshTokenRow.family_id == family_id,
            RefreshTokenRow.parent_hash == token_hash,
            RefreshTokenRow.claimed_at.is_(None),
            RefreshTokenRow.revoked_at.is_(None),
        )
        .values(claimed_at=now, revoked_at=now)
        .returning(RefreshTokenRow.token_hash)
    ).all()
    if not superseded:
        return False
    session.execute(
        update(AccessTokenRow)
        .where(
            AccessTokenRow.family_id == family_id,
            AccessTokenRow.issued_at >= claimed_at,
            AccessTokenRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    return True
