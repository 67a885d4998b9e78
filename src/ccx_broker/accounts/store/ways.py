"""SQL of the ways in: what a customer changes about how they sign in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ccx_broker.accounts.rules.passkeys import Passkey, WaysIn
from ccx_broker.accounts.rules.recovery import RecoverySet
from ccx_broker.accounts.tables import (
    CredentialRow,
    CustomerRow,
    PasskeyRow,
    RecoveryCodeRow,
    RecoverySetRow,
)


def lock_customer(session: Session, customer_id: UUID) -> None:
    """Let one change of the ways in be decided after the other, so that no two take away the last two."""
    session.execute(
        select(CustomerRow.customer_id).where(CustomerRow.customer_id == customer_id).with_for_update()
    )


def set_name(session: Session, customer_id: UUID, name: str) -> None:
    """Write what the customer is called."""
    session.execute(update(CustomerRow).where(CustomerRow.customer_id == customer_id).values(name=name))


def set_email(session: Session, customer_id: UUID, email: str) -> None:
    """Write the customer's address."""
    session.execute(update(CustomerRow).where(CustomerRow.customer_id == customer_id).values(email=email))


def ways_in(session: Session, customer_id: UUID, email_key: bytes) -> WaysIn:
    """Return whether the customer has a password (under this address) and how many passkeys."""
    password = select(CredentialRow.customer_id).where(
        CredentialRow.email_key == email_key, CredentialRow.customer_id == customer_id
    )
    passkeys = select(func.count()).where(PasskeyRow.customer_id == customer_id)
    row = session.execute(select(password.exists(), passkeys.scalar_subquery())).one()
    return WaysIn(bool(row[0]), row[1])


def drop_password(session: Session, customer_id: UUID, email_key: bytes, *, but: bytes | None = None) -> None:
    """Delete the customer's passwords under an address, all but the one with the verifier `but`."""
    mine = delete(CredentialRow).where(
        CredentialRow.email_key == email_key, CredentialRow.customer_id == customer_id
    )
    session.execute(mine if but is None else mine.where(CredentialRow.verifier != but))


def add_passkey(session: Session, customer_id: UUID, passkey: Passkey) -> bool:
    """Write a new passkey; False if the customer has it already."""
    made = session.scalar(
        upsert(PasskeyRow)
        .values(
            customer_id=customer_id,
            passkey_id=passkey.passkey_id,
            credential_id=passkey.credential_id,
            public_key=passkey.public_key,
            sign_count=passkey.sign_count,
            name=passkey.name,
            created_at=passkey.created_at,
        )
        .on_conflict_do_nothing()
        .returning(PasskeyRow.passkey_id)
    )
    return made is not None


def passkeys_of(session: Session, customer_id: UUID) -> list[Passkey]:
    """Return the customer's passkeys, the oldest first."""
    rows = session.execute(
        select(
            PasskeyRow.passkey_id,
            PasskeyRow.name,
            PasskeyRow.created_at,
            PasskeyRow.last_used_at,
            PasskeyRow.credential_id,
            PasskeyRow.public_key,
            PasskeyRow.sign_count,
        )
        .where(PasskeyRow.customer_id == customer_id)
        .order_by(PasskeyRow.passkey_id)
    )
    return [Passkey(*row) for row in rows]


def use_passkey(session: Session, customer_id: UUID, passkey_id: UUID, count: int, now: datetime) -> bool:
    """Note a use with the counter that the device gave; False if the counter did not go up (WebAuthn §6.1.1).

    One statement, so that of two uses of one count at once the second finds it taken.
    """
    counts = (PasskeyRow.sign_count < count) | ((PasskeyRow.sign_count == 0) & (count == 0))
    used = session.scalar(
        update(PasskeyRow)
        .where(PasskeyRow.customer_id == customer_id, PasskeyRow.passkey_id == passkey_id, counts)
        .values(sign_count=count, last_used_at=now)
        .returning(PasskeyRow.passkey_id)
    )
    return used is not None


def rename_passkey(session: Session, customer_id: UUID, passkey_id: UUID, name: str) -> bool:
    """Call a passkey otherwise; False if the customer has no such one."""
    renamed = session.scalar(
        update(PasskeyRow)
        .where(PasskeyRow.customer_id == customer_id, PasskeyRow.passkey_id == passkey_id)
        .values(name=name)
        .returning(PasskeyRow.passkey_id)
    )
    return renamed is not None


def remove_passkey(session: Session, customer_id: UUID, passkey_id: UUID) -> bool:
    """Delete a passkey; False if the customer has no such one."""
    removed = session.scalar(
        delete(PasskeyRow)
        .where(PasskeyRow.customer_id == customer_id, PasskeyRow.passkey_id == passkey_id)
        .returning(PasskeyRow.passkey_id)
    )
    return removed is not None


def recovery_set(session: Session, customer_id: UUID) -> RecoverySet | None:
    """Return how many recovery codes are left, or None if there never were any."""
    row = session.execute(
        select(func.cardinality(RecoverySetRow.code_hashes), RecoverySetRow.made_at).where(
            RecoverySetRow.customer_id == customer_id
        )
    ).one_or_none()
    return RecoverySet(*row) if row else None


def replace_recovery_codes(
    session: Session, customer_id: UUID, code_hashes: Sequence[bytes], now: datetime
) -> None:
    """Make these the customer's recovery codes and end all earlier ones; the customer is locked."""
    old = session.scalar(select(RecoverySetRow.code_hashes).where(RecoverySetRow.customer_id == customer_id))
    if old:
        session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.code_hash.in_(old)))
    new = {"code_hashes": list(code_hashes), "made_at": now}
    session.execute(
        upsert(RecoverySetRow)
        .values(customer_id=customer_id, **new)
        .on_conflict_do_update(index_elements=[RecoverySetRow.customer_id], set_=new)
    )
    session.execute(
        insert(RecoveryCodeRow),
        [{"code_hash": code_hash, "customer_id": customer_id} for code_hash in code_hashes],
    )


def owner_of_recovery_code(session: Session, code_hash: bytes) -> UUID | None:
    """Return whose code this may be."""
    return session.scalar(select(RecoveryCodeRow.customer_id).where(RecoveryCodeRow.code_hash == code_hash))


def use_recovery_code(session: Session, customer_id: UUID, code_hash: bytes) -> bool:
    """Use a code up; False if it is no good (any more).

    The second of two at once waits for the row, looks again and finds the code gone.
    """
    used = session.scalar(
        update(RecoverySetRow)
        .where(RecoverySetRow.customer_id == customer_id, RecoverySetRow.code_hashes.any_() == code_hash)
        .values(code_hashes=func.array_remove(RecoverySetRow.code_hashes, code_hash))
        .returning(RecoverySetRow.customer_id)
    )
    if used is None:
        return False
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.code_hash == code_hash))
    return True
