"""All SQL of codes and tokens. Each is found by its hash; claiming one is a single statement."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from ccx_broker.consent.rules import Detail
from ccx_broker.oauth.rules import AccessToken, Authorisation, StoredRefreshToken
from ccx_broker.oauth.tables import (
    AccessTokenRow,
    AuthorizationCodeRow,
    DeviceRequestRow,
    PushedRequestRow,
    RefreshTokenRow,
)


def insert_code(
    session: Session,
    code_hash: bytes,
    authorisation: Authorisation,
    *,
    redirect_uri: str,
    code_challenge: str,
    expires_at: datetime,
) -> None:
    """Keep a new code, bound to where it is sent and to the PKCE challenge (RFC 7636 §4.4)."""
    session.execute(
        insert(AuthorizationCodeRow).values(
            code_hash=code_hash,
            **_authorisation_columns(authorisation),
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            nonce=authorisation.nonce,
            auth_time=authorisation.auth_time,
            expires_at=expires_at,
        )
    )


def claim_code(
    session: Session,
    code_hash: bytes,
    *,
    client_id: str,
    redirect_uri: str,
    code_challenge: str,
    jkt: str | None = None,
    now: datetime,
) -> Authorisation | None:
    """Take a code for its one exchange; None unless all that it is bound to fits.

    Since that is part of the statement, a wrong client or verifier doesn't use the code up. Of many at
    once one gets it; the others wait for that one's end, and get it only if it was rolled back.
    """
    row = session.scalar(
        update(AuthorizationCodeRow)
        .where(
            AuthorizationCodeRow.code_hash == code_hash,
            AuthorizationCodeRow.client_id == client_id,
            AuthorizationCodeRow.redirect_uri == redirect_uri,
            AuthorizationCodeRow.code_challenge == code_challenge,
            or_(AuthorizationCodeRow.jkt.is_(None), AuthorizationCodeRow.jkt == jkt),
            AuthorizationCodeRow.expires_at > now,
            AuthorizationCodeRow.claimed_at.is_(None),
        )
        .values(claimed_at=now)
        .returning(AuthorizationCodeRow)
    )
    return None if row is None else replace(_authorisation(row), nonce=row.nonce, auth_time=row.auth_time)


def code_claimed_before(
    session: Session, code_hash: bytes, client_id: str, code_challenge: str, before: datetime
) -> Authorisation | None:
    """Return what a code stood for that its own client has exchanged before that time."""
    row = session.scalar(
        select(AuthorizationCodeRow).where(
            AuthorizationCodeRow.code_hash == code_hash,
            AuthorizationCodeRow.client_id == client_id,
            AuthorizationCodeRow.code_challenge == code_challenge,
            AuthorizationCodeRow.claimed_at < before,
        )
    )
    return None if row is None else _authorisation(row)


def insert_refresh_token(
    session: Session,
    token_hash: bytes,
    authorisation: Authorisation,
    expires_at: datetime,
    parent_hash: bytes | None = None,
) -> None:
    """Keep a new refresh token; `parent_hash` is the one that was exchanged for it."""
    session.execute(
        insert(RefreshTokenRow).values(
            token_hash=token_hash,
            **_authorisation_columns(authorisation),
            expires_at=expires_at,
            parent_hash=parent_hash,
        )
    )


def claim_refresh_token(
    session: Session, token_hash: bytes, client_id: str, jkt: str | None, now: datetime
) -> Authorisation | None:
    """Take a refresh token for its one exchange; None if it isn't this client's and key's, live and unused."""
    row = session.scalar(
        update(RefreshTokenRow)
        .where(
            RefreshTokenRow.token_hash == token_hash,
            RefreshTokenRow.client_id == client_id,
            or_(RefreshTokenRow.jkt.is_(None), RefreshTokenRow.jkt == jkt),
            RefreshTokenRow.expires_at > now,
            RefreshTokenRow.claimed_at.is_(None),
            RefreshTokenRow.revoked_at.is_(None),
        )
        .values(claimed_at=now)
        .returning(RefreshTokenRow)
    )
    return None if row is None else _authorisation(row)


def find_refresh_token(session: Session, token_hash: bytes) -> StoredRefreshToken | None:
    """Return a refresh token in whatever state it is."""
    row = session.get(RefreshTokenRow, token_hash, populate_existing=True)
    if row is None:
        return None
    return StoredRefreshToken(_authorisation(row), row.expires_at, row.claimed_at, row.revoked_at)


def insert_access_token(session: Session, token_hash: bytes, token: AccessToken, family_id: UUID) -> None:
    """Keep a new access token."""
    session.execute(
        insert(AccessTokenRow).values(
            token_hash=token_hash,
            client_id=token.client_id,
            organisation_id=token.organisation_id,
            customer_id=token.customer_id,
            grant_id=token.grant_id,
            family_id=family_id,
            scopes=sorted(token.scopes),
            keys=list(token.keys),
            audience=token.audience,
            details=_details_column(token.details),
            jkt=token.jkt,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
        )
    )


def find_access_token(session: Session, token_hash: bytes, now: datetime) -> AccessToken | None:
    """Return an access token that is neither over nor revoked; its grant has yet to be looked at."""
    row = session.scalar(
        select(AccessTokenRow).where(
            AccessTokenRow.token_hash == token_hash,
            AccessTokenRow.expires_at > now,
            AccessTokenRow.revoked_at.is_(None),
        )
    )
    if row is None:
        return None
    return AccessToken(
        client_id=row.client_id,
        organisation_id=row.organisation_id,
        customer_id=row.customer_id,
        grant_id=row.grant_id,
        scopes=frozenset(row.scopes),
        keys=tuple(row.keys),
        jkt=row.jkt,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        audience=row.audience,
        details=_details(row.details),
    )


def access_token_owner(session: Session, token_hash: bytes) -> str | None:
    """Return the client that an access token was given to, whatever its state."""
    return session.scalar(select(AccessTokenRow.client_id).where(AccessTokenRow.token_hash == token_hash))


def revoke_access_token(session: Session, token_hash: bytes, now: datetime) -> None:
    """End one access token."""
    session.execute(
        update(AccessTokenRow)
        .where(AccessTokenRow.token_hash == token_hash, AccessTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def end_tokens_of_client(session: Session, client_id: str, now: datetime) -> None:
    """End every access and refresh token of a client."""
    _end_refresh_tokens(session, RefreshTokenRow.client_id == client_id, now)
    session.execute(
        update(AccessTokenRow)
        .where(AccessTokenRow.client_id == client_id, AccessTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def end_family(session: Session, family_id: UUID, now: datetime) -> bool:
    """End every token of a family; False if all had ended before."""
    refresh = _end_refresh_tokens(session, RefreshTokenRow.family_id == family_id, now)
    access = session.scalars(
        update(AccessTokenRow)
        .where(AccessTokenRow.family_id == family_id, AccessTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessTokenRow.token_hash)
    ).all()
    return refresh or bool(access)


def end_refresh_tokens_of_grant(session: Session, grant_id: UUID, now: datetime) -> None:
    """End every refresh token under a grant; access tokens end by themselves, or with it."""
    _end_refresh_tokens(session, RefreshTokenRow.grant_id == grant_id, now)


def _end_refresh_tokens(session: Session, which: ColumnElement[bool], now: datetime) -> bool:
    """End them, also those that a refresh under way is just about to add; False if there were none.

    Such a refresh holds the row it claims, so the first round waits for it and the next one sees what it
    added; when a round finds nothing, no token is left that could have children.
    """
    ended = False
    while session.scalars(
        update(RefreshTokenRow)
        .where(which, RefreshTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(RefreshTokenRow.token_hash)
    ).all():
        ended = True
    return ended


def delete_expired(session: Session, before: datetime, limit: int) -> int:
    """Delete up to `limit` each of codes, tokens and pushed requests that ended before that time."""
    deleted = 0
    for table, key in (
        (AuthorizationCodeRow, AuthorizationCodeRow.code_hash),
        (AccessTokenRow, AccessTokenRow.token_hash),
        (RefreshTokenRow, RefreshTokenRow.token_hash),
        (PushedRequestRow, PushedRequestRow.uri_hash),
        (DeviceRequestRow, DeviceRequestRow.device_code_hash),
    ):
        old = select(key).where(table.expires_at < before).limit(limit).with_for_update(skip_locked=True)
        gone = session.scalars(delete(table).where(key.in_(old)).returning(key))
        deleted += len(gone.all())
    return deleted


def _authorisation_columns(authorisation: Authorisation) -> dict[str, object]:
    return {
        "client_id": authorisation.client_id,
        "customer_id": authorisation.customer_id,
        "grant_id": authorisation.grant_id,
        "family_id": authorisation.family_id,
        "scopes": list(authorisation.scopes),
        "keys": list(authorisation.keys),
        "details": _details_column(authorisation.details),
        "jkt": authorisation.jkt,
    }


def _details_column(details: tuple[Detail, ...]) -> list[dict[str, object]] | None:
    """Without `until`: once it was granted, the end is the grant's."""
    return [
        {"keys": each.keys, "purposes": each.purposes, "include_defaults": each.include_defaults}
        for each in details
    ] or None


def _details(column: list[dict[str, Any]] | None) -> tuple[Detail, ...]:
    return tuple(
        Detail(tuple(each["keys"]), tuple(each["purposes"]), each["include_defaults"])
        for each in column or ()
    )


def _authorisation(row: AuthorizationCodeRow | RefreshTokenRow) -> Authorisation:
    return Authorisation(
        client_id=row.client_id,
        customer_id=row.customer_id,
        grant_id=row.grant_id,
        family_id=row.family_id,
        scopes=tuple(row.scopes),
        keys=tuple(row.keys),
        details=_details(row.details),
        jkt=row.jkt,
    )
