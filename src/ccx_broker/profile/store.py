"""All SQL of the profile: what was said, what it was before, and what was guessed."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import (
    PROFILING,
    Default,
    Entry,
    Held,
    Known,
    Stated,
    effective_all,
    known,
)
from ccx_broker.profile.tables import DefaultRow, PreferenceHistoryRow, PreferenceRow


def effective_values(
    session: Session, customer_id: UUID, keys: Collection[str] | None = None
) -> dict[str, Held]:
    """Return what counts for each of `keys` (None: of all) that has a value. Two statements."""
    wanted = None if keys is None else {*keys, PROFILING}
    held = effective_all(
        load_stated(session, customer_id, wanted),
        load_defaults(session, customer_id, keys),
        CATALOGUE.inferable,
    )
    return held if keys is None else {key: held[key] for key in keys if key in held}


def known_values(session: Session, customer_id: UUID, keys: Collection[str]) -> list[Known]:
    """Return each of `keys`, in their order, as its customer sees it. Two statements."""
    stated = load_stated(session, customer_id, {*keys, PROFILING})
    held = effective_all(stated, load_defaults(session, customer_id, keys), CATALOGUE.inferable)
    return [known(key, stated.get(key), held.get(key)) for key in keys]


def stated_value(session: Session, customer_id: UUID, key: str) -> Any:
    """Return what the customer said about `key`; None if nothing."""
    return session.scalar(
        select(PreferenceRow.value).where(PreferenceRow.customer_id == customer_id, PreferenceRow.key == key)
    )


def stated_values(
    session: Session, customer_ids: Collection[UUID], keys: Collection[str]
) -> dict[tuple[UUID, str], Any]:
    """Return what each of the customers said about each of `keys`, where they did. One statement."""
    rows = select(PreferenceRow.customer_id, PreferenceRow.key, PreferenceRow.value).where(
        PreferenceRow.customer_id.in_(customer_ids),
        PreferenceRow.key.in_(sorted(keys)),
        PreferenceRow.value.is_not(None),
    )
    return {(row.customer_id, row.key): row.value for row in session.execute(rows)}


def load_stated(
    session: Session, customer_id: UUID, keys: Collection[str] | None = None
) -> dict[str, Stated]:
    """Return the stated values, those that were taken back (value None) included."""
    rows = select(*PreferenceRow.__table__.columns).where(PreferenceRow.customer_id == customer_id)
    if keys is not None:
        rows = rows.where(PreferenceRow.key.in_(sorted(keys)))
    return {row.key: _stated(row) for row in session.execute(rows)}


def load_defaults(
    session: Session, customer_id: UUID, keys: Collection[str] | None = None
) -> dict[str, Default]:
    """Return the guesses in whatever state they are.

    One with nothing to say is left out, unless it was dismissed: that is still to be seen and to be undone.
    """
    rows = select(*DefaultRow.__table__.columns).where(
        DefaultRow.customer_id == customer_id,
        or_(DefaultRow.value.is_not(None), DefaultRow.state == "dismissed"),
    )
    if keys is not None:
        rows = rows.where(DefaultRow.key.in_(sorted(keys)))
    return {row.key: default_of(row) for row in session.execute(rows)}


def claim(session: Session, customer_id: UUID, key: str, now: datetime) -> Stated:
    """Return the present row of a key, locked until the transaction ends.

    A key that was never stated gets an empty row of version 0 first, since there is nothing else that
    two first writers could queue at. It stays invisible: whoever claims it goes on to write version 1,
    or fails and takes it back.
    """
    empty = {"version": 0, "value": None, "source": "stated", "rank": "want", "note": None, "set_at": now}
    session.execute(
        insert(PreferenceRow)
        .values(customer_id=customer_id, key=key, **empty)
        .on_conflict_do_nothing(index_elements=["customer_id", "key"])
    )
    found = lock(session, customer_id, key)
    if found is None:  # pragma: no cover - rows are only ever deleted together with their customer
        raise LookupError(f"the customer of {key} is gone")
    return found


def lock(session: Session, customer_id: UUID, key: str) -> Stated | None:
    """Return the present row of a key, locked until the transaction ends; None if never stated."""
    row = session.execute(
        select(*PreferenceRow.__table__.columns)
        .where(PreferenceRow.customer_id == customer_id, PreferenceRow.key == key)
        .with_for_update()
    ).one_or_none()
    return None if row is None else _stated(row)


def save(session: Session, customer_id: UUID, key: str, entry: Entry) -> None:
    """Make `entry` the present row of a locked key, and add it to the history."""
    values = {
        "version": entry.version,
        "value": entry.value,
        "source": entry.source,
        "rank": entry.rank,
        "note": entry.note,
    }
    session.execute(
        update(PreferenceRow)
        .where(PreferenceRow.customer_id == customer_id, PreferenceRow.key == key)
        .values(**values, set_at=entry.at)
    )
    session.execute(
        insert(PreferenceHistoryRow).values(
            customer_id=customer_id, key=key, action=entry.action, at=entry.at, **values
        )
    )


def load_history(
    session: Session, customer_id: UUID, key: str, *, before: int | None, limit: int
) -> list[Entry]:
    """Return at most `limit` entries of a key's history, newest first, older than version `before`."""
    rows = select(*PreferenceHistoryRow.__table__.columns).where(
        PreferenceHistoryRow.customer_id == customer_id, PreferenceHistoryRow.key == key
    )
    if before is not None:
        rows = rows.where(PreferenceHistoryRow.version < before)
    newest_first = rows.order_by(PreferenceHistoryRow.version.desc()).limit(limit)
    return [_entry(row) for row in session.execute(newest_first)]


def has_not_signalled(session: Session, customer_id: UUID, key: str) -> bool:
    """Tell whether no browser has ever answered `key`, and the customer has not said no anyway."""
    signalled = select(PreferenceHistoryRow.version).where(
        PreferenceHistoryRow.customer_id == customer_id,
        PreferenceHistoryRow.key == key,
        PreferenceHistoryRow.action == "signalled",
    )
    said_no = select(PreferenceRow.key).where(
        PreferenceRow.customer_id == customer_id,
        PreferenceRow.key == key,
        PreferenceRow.value == literal("no", JSONB()),
    )
    return bool(session.scalar(select(~exists(signalled) & ~exists(said_no))))


def find_entry(session: Session, customer_id: UUID, key: str, version: int) -> Entry | None:
    """Return one version of a key's history."""
    row = session.execute(
        select(*PreferenceHistoryRow.__table__.columns).where(
            PreferenceHistoryRow.customer_id == customer_id,
            PreferenceHistoryRow.key == key,
            PreferenceHistoryRow.version == version,
        )
    ).one_or_none()
    return None if row is None else _entry(row)


def _stated(row: Any) -> Stated:
    return Stated(row.key, row.value, row.source, row.rank, row.note, row.version, row.set_at)


def _entry(row: Any) -> Entry:
    return Entry(row.version, row.action, row.value, row.source, row.rank, row.note, row.at)


def default_of(row: Any) -> Default:
    """Return a row of guesses as what it says."""
    return Default(row.key, row.value, row.confidence, row.evidence, row.state, row.computed_at)
