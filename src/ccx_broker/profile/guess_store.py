"""All SQL that writes guesses: made, taken back, answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Float, Text, Uuid, and_, delete, select, true, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from ccx_broker.kit.records import records
from ccx_broker.profile.rules import Default, Offer
from ccx_broker.profile.store import default_of
from ccx_broker.profile.tables import DefaultRow


def lock_default(session: Session, customer_id: UUID, key: str) -> Default | None:
    """Return a guess in whatever state it is, locked until the transaction ends."""
    row = session.execute(
        select(*DefaultRow.__table__.columns)
        .where(DefaultRow.customer_id == customer_id, DefaultRow.key == key)
        .with_for_update()
    ).one_or_none()
    return None if row is None else default_of(row)


def set_default_state(session: Session, customer_id: UUID, key: str, state: str) -> None:
    """Note the customer's answer to a locked guess."""
    session.execute(
        update(DefaultRow)
        .where(DefaultRow.customer_id == customer_id, DefaultRow.key == key)
        .values(state=state)
    )


def reopen_default(session: Session, customer_id: UUID, key: str) -> None:
    """Let an accepted guess be a guess again: the statement that it had become is gone."""
    session.execute(
        update(DefaultRow)
        .where(DefaultRow.customer_id == customer_id, DefaultRow.key == key, DefaultRow.state == "accepted")
        .values(state="offered")
    )


def put_defaults(
    session: Session,
    offers: Mapping[tuple[UUID, str], Offer],
    now: datetime,
    *,
    dismissed_too: bool = False,
) -> None:
    """Store guesses that have something to say; the customer's answer stays, whatever it was.

    What a dismissed one says is left as it is, unless it is to be written anew too. One statement. In the order of the primary key, so that two of these never wait for each other in a
    circle.
    """
    rows = [
        {
            "customer_id": customer_id,
            "key": key,
            "state": "offered",
            "value": offer.value,
            "confidence": offer.confidence,
            "evidence": dict(offer.evidence),
            "computed_at": now,
        }
        for (customer_id, key), offer in sorted(offers.items(), key=lambda pair: pair[0])
    ]
    sent = records(
        "offered",
        rows,
        customer_id=Uuid(),
        key=Text(),
        state=Text(),
        value=JSONB(),
        confidence=Float(),
        evidence=JSONB(),
        computed_at=DateTime(timezone=True),
    )
    new = insert(DefaultRow).from_select(list(sent.c.keys()), select(*sent.c))
    session.execute(
        new.on_conflict_do_update(
            index_elements=["customer_id", "key"],
            set_={name: new.excluded[name] for name in ("value", "confidence", "evidence", "computed_at")},
            where=true() if dismissed_too else DefaultRow.state != "dismissed",
        )
    )


def take_defaults_back(
    session: Session, pairs: Sequence[tuple[UUID, str]], *, dismissed_too: bool = False
) -> None:
    """Forget guesses about which there is nothing to say any more, unless the customer has answered.

    An accepted one keeps its row, without a value or a reason: the answer was given. So does a dismissed
    one if that is asked for. Two statements.
    """
    rows = [{"customer_id": customer_id, "key": key} for customer_id, key in sorted(pairs)]
    sent = records("silent", rows, customer_id=Uuid(), key=Text())
    named = and_(DefaultRow.customer_id == sent.c.customer_id, DefaultRow.key == sent.c.key)
    answered = ["accepted", "dismissed"] if dismissed_too else ["accepted"]
    plain = {"synchronize_session": False}
    session.execute(delete(DefaultRow).where(named, DefaultRow.state == "offered").execution_options(**plain))
    session.execute(
        update(DefaultRow)
        .where(named, DefaultRow.state.in_(answered))
        .values(value=None, confidence=0, evidence={})
        .execution_options(**plain)
    )
