"""Codes and tokens: giving them out, taking them in, finding what one is good for, ending them.

Nothing here knows HTTP or Authlib. A token names a grant and is only as live as that grant.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent import service as consent
from ccx_broker.consent import store as grants
from ccx_broker.consent.rules import Answer, Grant, Refusal
from ccx_broker.kit.ids import new_id, new_token, token_hash
from ccx_broker.kit.runtime import Lifetimes
from ccx_broker.oauth import store
from ccx_broker.oauth.rules import (
    API,
    AccessToken,
    Authorisation,
    AuthorizationRequest,
    Introspected,
    Issued,
    effective,
    scope_string,
)
from ccx_broker.organisations import service as organisations
from ccx_broker.organisations.rules import Application

RETRY_GRACE = timedelta(seconds=10)
"""A second exchange this soon is refused but taken for a retry, not for theft.

A client whose answer got lost asks again within seconds, and clients race themselves; ending the family
then would lock good clients out. A thief gains nothing by it: the second exchange is refused all the
same, and the next use of the stolen token that comes later than this ends the family.
"""


def authorise(
    session: Session,
    customer_id: UUID,
    application: Application,
    request: AuthorizationRequest,
    answer: Answer,
    *,
    lifetimes: Lifetimes,
    now: datetime,
) -> str | Refusal:
    """Make the grant that follows from the customer's answer, and a code for it, in one transaction."""
    grant = consent.give(session, customer_id, application, request.ask, answer, now=now)
    if isinstance(grant, Refusal):
        return grant
    code = new_token("ccxc")
    store.insert_code(
        session,
        token_hash(code),
        Authorisation(
            client_id=application.client_id,
            customer_id=customer_id,
            grant_id=grant.grant_id,
            family_id=new_id(),
            scopes=_granted_scopes(request.scopes, grant),
            keys=tuple(key for key in request.ask.keys if key in answer.keys),
        ),
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + lifetimes.code,
    )
    return code


def claim_code(
    session: Session, code: str, *, client_id: str, redirect_uri: str, code_challenge: str, now: datetime
) -> Authorisation | None:
    """Take a code for its one exchange; None unless client, address and challenge fit and it is unused."""
    return store.claim_code(
        session,
        token_hash(code),
        client_id=client_id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        now=now,
    )


def claim_refresh_token(session: Session, token: str, client_id: str, now: datetime) -> Authorisation | None:
    """Take a refresh token for its one exchange; None if it isn't this client's, live and unused."""
    return store.claim_refresh_token(session, token_hash(token), client_id, now)


def end_family_of_reused_code(
    session: Session, code: str, client_id: str, code_challenge: str, now: datetime
) -> None:
    """End the tokens of a code that is exchanged a second time (RFC 6749 §4.1.2)."""
    family_id = store.code_claimed_before(
        session, token_hash(code), client_id, code_challenge, now - RETRY_GRACE
    )
    if family_id is not None:
        store.end_family(session, family_id, now)


def end_family_of_reused_refresh_token(session: Session, token: str, client_id: str, now: datetime) -> None:
    """End the family of a refresh token that is exchanged a second time (RFC 9700 §4.14.2)."""
    stored = store.find_refresh_token(session, token_hash(token))
    if stored is None or stored.authorisation.client_id != client_id or stored.claimed_at is None:
        return
    if stored.claimed_at < now - RETRY_GRACE:
        store.end_family(session, stored.authorisation.family_id, now)


def live_grant(
    session: Session, organisation_id: UUID, authorisation: Authorisation, now: datetime
) -> Grant | None:
    """Return the grant that an authorisation names, if it is still live."""
    grant = grants.live_grants(session, organisation_id, [authorisation.customer_id], now).get(
        authorisation.customer_id
    )
    return grant if grant is not None and grant.grant_id == authorisation.grant_id else None


def issue(
    session: Session,
    organisation_id: UUID,
    authorisation: Authorisation,
    part: Authorisation,
    grant: Grant,
    *,
    lifetimes: Lifetimes,
    now: datetime,
) -> Issued:
    """Give out an access token for `part` of an authorisation, and a refresh token for all of it.

    There is a refresh token only where `offline_access` was asked for. `part` differs from the whole
    when a refresh asked for less (RFC 6749 §6).
    """
    expires_at = min(now + lifetimes.access_token, grant.expires_at)
    token = AccessToken(
        client_id=authorisation.client_id,
        organisation_id=organisation_id,
        customer_id=authorisation.customer_id,
        grant_id=authorisation.grant_id,
        scopes=frozenset(part.scopes),
        keys=part.keys,
        issued_at=now,
        expires_at=expires_at,
    )
    issued = _issue_access_token(session, token, authorisation.family_id, grant)
    if "offline_access" not in authorisation.scopes:
        return issued
    refresh_token = new_token("ccxr")
    store.insert_refresh_token(
        session, token_hash(refresh_token), authorisation, now + lifetimes.refresh_token
    )
    return replace(issued, refresh_token=refresh_token)


def issue_to_organisation(
    session: Session,
    application: Application,
    scopes: Collection[str],
    *,
    lifetimes: Lifetimes,
    now: datetime,
) -> Issued:
    """Give out an access token for an organisation's own work (RFC 6749 §4.4)."""
    token = AccessToken(
        client_id=application.client_id,
        organisation_id=application.organisation_id,
        customer_id=None,
        grant_id=None,
        scopes=frozenset(scopes),
        keys=(),
        issued_at=now,
        expires_at=now + lifetimes.access_token,
    )
    return _issue_access_token(session, token, new_id(), None)


def find_token(
    session: Session, token: str, now: datetime, *, audience: str | None = API
) -> AccessToken | None:
    """Return what an access token is good for now; None if it or its grant is not live.

    So is one that was given out for another `audience` (RFC 8707 §2); None: whatever it was given out for.
    """
    found = store.find_access_token(session, token_hash(token), now)
    if found is None or audience not in (None, found.audience):
        return None
    if found.customer_id is None:
        return found
    live = grants.live_grants(session, found.organisation_id, [found.customer_id], now)
    grant = live.get(found.customer_id)
    return effective(found, grant) if grant is not None and grant.grant_id == found.grant_id else None


def introspect(session: Session, token: str, organisation_id: UUID, now: datetime) -> Introspected | None:
    """Return what an organisation may learn about a token; None unless it is live and its own."""
    access = find_token(session, token, now, audience=None)
    if access is not None:
        if access.organisation_id != organisation_id:
            return None
        return Introspected(
            client_id=access.client_id,
            scope=scope_string(access.keys, access.scopes),
            token_type="Bearer",  # noqa: S106
            subject=None
            if access.customer_id is None
            else organisations.subject_for(session, access.customer_id, organisation_id),
            grant_id=access.grant_id,
            issued_at=access.issued_at,
            expires_at=access.expires_at,
            audience=access.audience,
        )
    stored = store.find_refresh_token(session, token_hash(token))
    if stored is None or not stored.is_live(now):
        return None
    grant = live_grant(session, organisation_id, stored.authorisation, now)
    if grant is None:
        return None
    return Introspected(
        client_id=stored.authorisation.client_id,
        scope=scope_string(stored.authorisation.keys, stored.authorisation.scopes),
        token_type=None,
        subject=grant.subject,
        grant_id=grant.grant_id,
        issued_at=None,
        expires_at=stored.expires_at,
    )


def owner_of(session: Session, token: str) -> str | None:
    """Return the client that an access or refresh token was given to, whatever its state."""
    hashed = token_hash(token)
    stored = store.find_refresh_token(session, hashed)
    return store.access_token_owner(session, hashed) if stored is None else stored.authorisation.client_id


def revoke(session: Session, token: str, now: datetime) -> None:
    """End an access token, or a refresh token with all that came and could come of it (RFC 7009 §2.1)."""
    hashed = token_hash(token)
    stored = store.find_refresh_token(session, hashed)
    if stored is None:
        store.revoke_access_token(session, hashed, now)
    else:
        store.end_family(session, stored.authorisation.family_id, now)


def delete_expired(session: Session, now: datetime, limit: int) -> int:
    """Delete up to `limit` each of codes and tokens that have been over for a day; return how many.

    A day longer than they are good for, so that a code or token that is tried again is still recognised.
    """
    return store.delete_expired(session, now - timedelta(days=1), limit)


def _granted_scopes(asked: Collection[str], grant: Grant) -> tuple[str, ...]:
    others = [scope for scope in asked if not scope.startswith("pref:")]
    return tuple(scope for scope in others if scope != "events:write" or grant.allow_events)


def _issue_access_token(session: Session, token: AccessToken, family_id: UUID, grant: Grant | None) -> Issued:
    access_token = new_token("ccxa")
    store.insert_access_token(session, token_hash(access_token), token, family_id)
    now_good_for = token if grant is None else effective(token, grant)
    return Issued(
        access_token=access_token,
        expires_in=int((token.expires_at - token.issued_at).total_seconds()),
        scope=scope_string(now_good_for.keys, now_good_for.scopes),
        grant_id=token.grant_id,
    )
