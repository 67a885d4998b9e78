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
from ccx_broker.consent.rules import Answer, Grant, Refusal, covers
from ccx_broker.kit.ids import new_id, new_token, token_hash
from ccx_broker.kit.runtime import Lifetimes
from ccx_broker.oauth import store
from ccx_broker.oauth.reuse import hold
from ccx_broker.oauth.rules import (
    API,
    AccessToken,
    Authorisation,
    AuthorizationRequest,
    Issued,
    effective,
    scope_string,
    token_type,
)
from ccx_broker.oauth.rules.details import cut_down, granted
from ccx_broker.oauth.rules.proofs import Proof
from ccx_broker.oauth.store import spent
from ccx_broker.organisations.rules import Application


def authorise(
    session: Session,
    customer_id: UUID,
    application: Application,
    request: AuthorizationRequest,
    answer: Answer,
    *,
    lifetimes: Lifetimes,
    now: datetime,
    auth_time: datetime | None = None,
) -> str | Refusal:
    """Make the grant that follows from the customer's answer, and a code for it, in one transaction.

    `auth_time`: when the customer proved who they are; without it there can be no ID token.
    """
    grant = consent.give(session, customer_id, application, request.ask, answer, now=now)
    if isinstance(grant, Refusal):
        return grant
    if request.ask.grant_id is not None:
        # Grant Management §5.2: what was asked for by the grant's id replaces its refresh tokens, too.
        store.end_refresh_tokens_of_grant(session, grant.grant_id, now)
    keys = tuple(key for key in request.ask.keys if key in answer.keys)
    return _issue_code(
        session, grant, application, request, keys, auth_time=auth_time, lifetimes=lifetimes, now=now
    )


def authorise_again(
    session: Session,
    customer_id: UUID,
    application: Application,
    request: AuthorizationRequest,
    *,
    lifetimes: Lifetimes,
    now: datetime,
    auth_time: datetime,
) -> str | None:
    """Return a code without asking the customer anew; None unless nothing new is asked of them.

    That is so where a live grant, given through this very application, holds all of it. Not for an app
    that anybody could pretend to be (RFC 8252 §8.6): what it gets, the customer must see.
    """
    live = grants.live_grants(session, application.organisation_id, [customer_id], now)
    grant = live.get(customer_id)
    impersonable = application.is_public and not request.redirect_uri.startswith("https://")
    if grant is None or grant.client_id != application.client_id or impersonable:
        return None
    if not covers(grant, request.ask):
        return None
    return _issue_code(
        session,
        grant,
        application,
        request,
        request.ask.keys,
        auth_time=auth_time,
        lifetimes=lifetimes,
        now=now,
    )


def _issue_code(
    session: Session,
    grant: Grant,
    application: Application,
    request: AuthorizationRequest,
    keys: tuple[str, ...],
    *,
    auth_time: datetime | None,
    lifetimes: Lifetimes,
    now: datetime,
) -> str:
    code = new_token("ccxc")
    store.insert_code(
        session,
        token_hash(code),
        Authorisation(
            client_id=application.client_id,
            customer_id=grant.customer_id,
            grant_id=grant.grant_id,
            family_id=new_id(),
            scopes=_granted_scopes(request.scopes, grant),
            keys=keys,
            details=cut_down(request.details, keys),
            auth_time=auth_time,
            nonce=request.nonce,
            jkt=request.dpop_jkt,
        ),
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + lifetimes.code,
    )
    return code


def claim_code(
    session: Session,
    code: str,
    *,
    client_id: str,
    redirect_uri: str,
    code_challenge: str,
    jkt: str | None = None,
    now: datetime,
) -> Authorisation | None:
    """Take a code for its one exchange; None unless client, address, challenge and key fit, if unused."""
    return store.claim_code(
        session,
        token_hash(code),
        client_id=client_id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        jkt=jkt,
        now=now,
    )


def claim_refresh_token(
    session: Session, token: str, client_id: str, now: datetime, jkt: str | None = None
) -> Authorisation | None:
    """Take a refresh token for its one exchange; None if it isn't this client's and key's, live and unused."""
    return store.claim_refresh_token(session, token_hash(token), client_id, jkt, now)


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
    jkt: str | None = None,
    is_public: bool = False,
    lifetimes: Lifetimes,
    now: datetime,
    exchanged: str | None = None,
) -> Issued:
    """Give out an access token for `part` of an authorisation, and a refresh token for all of it.

    There is a refresh token only where `offline_access` was asked for. `part` differs from the whole
    when a refresh asked for less (RFC 6749 §6). `exchanged` is the refresh token that it was.
    """
    expires_at = min(now + lifetimes.access_token, grant.expires_at)
    token = AccessToken(
        client_id=authorisation.client_id,
        organisation_id=organisation_id,
        customer_id=authorisation.customer_id,
        grant_id=authorisation.grant_id,
        scopes=frozenset(part.scopes),
        keys=part.keys,
        details=part.details,
        issued_at=now,
        expires_at=expires_at,
        jkt=jkt,
    )
    issued = _issue_access_token(session, token, authorisation.family_id, grant)
    if "offline_access" not in authorisation.scopes:
        return issued
    refresh_token = new_token("ccxr")
    store.insert_refresh_token(
        session,
        token_hash(refresh_token),
        replace(authorisation, jkt=jkt if is_public else None),
        now + lifetimes.refresh_token,
        None if exchanged is None else token_hash(exchanged),
    )
    return replace(issued, refresh_token=refresh_token)


def issue_to_organisation(
    session: Session,
    application: Application,
    scopes: Collection[str],
    *,
    jkt: str | None = None,
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
        jkt=jkt,
    )
    return _issue_access_token(session, token, new_id(), None)


def find_token(
    session: Session, token: str, now: datetime, proof: Proof | None = None, *, audience: str = API
) -> AccessToken | None:
    """Return what an access token is good for now; None if it or its grant is not live.

    None, too, for one that was given out for another `audience` (RFC 8707 §2), for one that is bound to a
    key without a proof by that key (RFC 9449 §7), for one that isn't with any, and for a proof that was
    used before; a good one is used up.
    """
    found = live_token(session, token, now)
    if found is None or found.audience != audience or found.jkt != (None if proof is None else proof.jkt):
        return None
    return found if proof is None or spend(session, proof.id_hash, proof.expires_at) else None


def live_token(session: Session, token: str, now: datetime) -> AccessToken | None:
    """Return a live token, whoever sends it: for those who may ask about it, not for those who use it."""
    found = store.find_access_token(session, token_hash(token), now)
    if found is None or found.customer_id is None:
        return found
    live = grants.live_grants(session, found.organisation_id, [found.customer_id], now)
    grant = live.get(found.customer_id)
    return effective(found, grant) if grant is not None and grant.grant_id == found.grant_id else None


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
        hold(session, stored.authorisation)
        store.end_family(session, stored.authorisation.family_id, now)


def end_tokens_of_client(session: Session, client_id: str, now: datetime) -> None:
    """End every token of a client that is no more (RFC 7592 §2.3)."""
    store.end_tokens_of_client(session, client_id, now)


def delete_expired(session: Session, now: datetime, limit: int) -> int:
    """Delete up to `limit` each of codes and tokens that have been over for a day; return how many.

    A day longer than they are good for, so that a code or token that is tried again is still recognised.
    """
    gone = store.delete_expired(session, now - timedelta(days=1), limit)
    return gone + spent.delete_expired(session, now, limit)


def spend(session: Session, id_hash: bytes, expires_at: datetime) -> bool:
    """Use up an id that is good for one use until `expires_at`; False if it was used before.

    Of two requests at once, in whatever process, the second waits for the first one's end.
    """
    return spent.spend(session, id_hash, expires_at)


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
        token_type=token_type(token.jkt),
        grant_id=token.grant_id,
        authorization_details=None if grant is None else granted(token.details, token.keys, grant),
    )
