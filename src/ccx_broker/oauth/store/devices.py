"""All SQL of device requests (RFC 8628): found by the hash of the device code, or by that of the user code."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ccx_broker.oauth.rules.devices import DeviceRequest
from ccx_broker.oauth.tables import DeviceRequestRow


def insert_request(
    session: Session,
    device_code_hash: bytes,
    user_code_hash: bytes,
    *,
    client_id: str,
    parameters: Mapping[str, str],
    interval: int,
    expires_at: datetime,
) -> bool:
    """Keep a device's request; False if its user code is in use."""
    made = session.scalar(
        insert(DeviceRequestRow)
        .values(
            device_code_hash=device_code_hash,
            user_code_hash=user_code_hash,
            client_id=client_id,
            parameters=dict(parameters),
            interval=interval,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing()
        .returning(DeviceRequestRow.device_code_hash)
    )
    return made is not None


def open_request(session: Session, user_code_hash: bytes, now: datetime) -> DeviceRequest | None:
    """Return a live, unanswered request by its user code, and hold it, so that it is answered once."""
    row = session.scalar(
        select(DeviceRequestRow)
        .where(
            DeviceRequestRow.user_code_hash == user_code_hash,
            DeviceRequestRow.expires_at > now,
            DeviceRequestRow.answered_at.is_(None),
        )
        .with_for_update()
    )
    return None if row is None else _request(row)


def answer_request(session: Session, user_code_hash: bytes, code_hash: bytes | None, now: datetime) -> None:
    """Note the customer's answer: the hash of the code that it gave, or None for no."""
    session.execute(
        update(DeviceRequestRow)
        .where(DeviceRequestRow.user_code_hash == user_code_hash)
        .values(code_hash=code_hash, answered_at=now)
    )


def find_request(session: Session, device_code_hash: bytes) -> DeviceRequest | None:
    """Return a request by its device code, in whatever state it is."""
    row = session.get(DeviceRequestRow, device_code_hash, populate_existing=True)
    return None if row is None else _request(row)


def note_poll(session: Session, device_code_hash: bytes, interval: int, now: datetime) -> None:
    """Note when the device has asked, and how long it has to wait from now on."""
    session.execute(
        update(DeviceRequestRow)
        .where(DeviceRequestRow.device_code_hash == device_code_hash)
        .values(polled_at=now, interval=interval)
    )


def _request(row: DeviceRequestRow) -> DeviceRequest:
    return DeviceRequest(
        client_id=row.client_id,
        parameters=row.parameters,
        interval=row.interval,
        polled_at=row.polled_at,
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        code_hash=row.code_hash,
    )
