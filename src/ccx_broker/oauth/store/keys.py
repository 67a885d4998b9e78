"""All SQL of signing keys."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from ccx_broker.oauth.rules.keys import SigningKey
from ccx_broker.oauth.tables import SigningKeyRow


def all_keys(session: Session) -> list[SigningKey]:
    """Return every key that ever was; there are a few a year."""
    return [
        SigningKey(row.kid, row.public_jwk, row.sealed, row.active_from, row.withdrawn_at)
        for row in session.scalars(select(SigningKeyRow).execution_options(populate_existing=True))
    ]


def lock_keys(session: Session) -> None:
    """Let nobody else add or change a key until the transaction ends; reading goes on."""
    session.execute(text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))


def insert_key(session: Session, key: SigningKey) -> None:
    """Write a new key."""
    session.execute(
        insert(SigningKeyRow).values(
            kid=key.kid, public_jwk=dict(key.public_jwk), sealed=key.sealed, active_from=key.active_from
        )
    )


def forget_private_parts(session: Session, kids: Collection[str]) -> None:
    """Delete the private parts of keys that will never sign again."""
    session.execute(update(SigningKeyRow).where(SigningKeyRow.kid.in_(kids)).values(sealed=None))


def withdraw_keys(session: Session, now: datetime) -> None:
    """Trust no key any more, nor keep its private part."""
    session.execute(
        update(SigningKeyRow)
        .where(SigningKeyRow.withdrawn_at.is_(None))
        .values(withdrawn_at=now, sealed=None)
    )
