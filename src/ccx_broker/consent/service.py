"""Giving, changing and ending grants. Every step leaves a line in the grant's history.

Withdrawing is one row: tokens are not hunted down, since every use of one looks at its grant.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent import store
from ccx_broker.consent.rules import (
    NOTICE,
    Answer,
    Ask,
    Change,
    Ended,
    Grant,
    Refusal,
    Terms,
    decide_change,
    decide_grant,
    notice_from,
)
from ccx_broker.kit import audit
from ccx_broker.kit.clock import rfc3339
from ccx_broker.kit.errors import Changed, Conflict, Invalid, NotFound
from ccx_broker.kit.ids import new_id
from ccx_broker.messages import service as messages
from ccx_broker.messages.rules import Kind
from ccx_broker.organisations import service as organisations
from ccx_broker.organisations.rules import Application
from ccx_broker.words import say

End = tuple[datetime, UUID]
"""A place in the order in which grants end: when, and which."""


def give(
    session: Session, customer_id: UUID, application: Application, ask: Ask, answer: Answer, *, now: datetime
) -> Grant | Refusal:
    """Turn a customer's answer into the one live grant of the application's organisation.

    Two at once end in one grant that holds what the later of them decided. A request that names a grant
    is refused (`no_such_grant`) unless that is the live one between the two.
    """
    while True:
        present = store.open_grant(session, customer_id, application.organisation_id, lock=True)
        if present is not None and not present.is_live(now):
            _write_end(session, present, present.expires_at, "expired")
            present = None
        terms = decide_grant(ask, answer, present, now)
        if isinstance(terms, Refusal):
            return terms
        if present is not None and ask.mode == "create":
            _write_end(session, present, now, "replaced")
            present = None
        if present is not None:
            amended = replace(present.with_terms(terms), client_id=application.client_id)
            store.update_grant(session, amended)
            _record(session, amended, "amended", now)
            _tell(session, "grant_amended", amended, now)
            return amended
        grant = _new_grant(session, customer_id, application, terms, now)
        if store.insert_grant(session, grant):
            _record(session, grant, "granted", now)
            _tell(session, "grant_given", grant, now)
            messages.expect_look(session, customer_id, grant.organisation_id, grant.grant_id)
            return grant


def amend(
    session: Session,
    customer_id: UUID,
    grant_id: UUID,
    change: Change,
    *,
    if_match: frozenset[int] | None,
    now: datetime,
) -> Grant:
    """Narrow, shorten or extend a live grant; `if_match` has the versions that the caller expects, if any.

    Raises `NotFound`, `Conflict` (it has ended), `Changed` and `Invalid`.
    """
    grant = _locked(session, customer_id, grant_id)
    if if_match is not None and grant.version not in if_match:
        raise Changed(f"This grant is at version {grant.version} by now. Load it again, then change it.")
    steps = decide_change(grant, change, now)
    if isinstance(steps, Refusal):
        raise _problem(steps)
    for action, terms in steps:
        grant = grant.with_terms(terms)
        _record(session, grant, action, now)
    if steps:
        store.update_grant(session, grant)
    return grant


def withdraw(session: Session, customer_id: UUID, grant_id: UUID, now: datetime) -> Grant:
    """End a grant for good; one that has ended stays as it is. Raises `NotFound`."""
    return _end(session, _locked(session, customer_id, grant_id), now, "withdrawn")


def grant_of_organisation(
    session: Session, organisation_id: UUID, grant_id: UUID, now: datetime
) -> Grant | None:
    """Return a live grant by its id alone, if it is this organisation's; whatever else is None."""
    customer_id = store.customer_of_grant(session, organisation_id, grant_id)
    grant = None if customer_id is None else store.find_grant(session, customer_id, grant_id)
    return grant if grant is not None and grant.is_live(now) else None


def give_back(session: Session, organisation_id: UUID, grant_id: UUID, now: datetime) -> bool:
    """End a grant that its organisation wants no more; False if it has no such live grant."""
    customer_id = store.customer_of_grant(session, organisation_id, grant_id)
    grant = None if customer_id is None else store.find_grant(session, customer_id, grant_id, lock=True)
    if grant is None or not grant.is_live(now):
        return False
    _end(session, grant, now, "returned")
    return True


def record_reuse(session: Session, customer_id: UUID, grant_id: UUID, now: datetime) -> None:
    """Tell the customer, in the grant's history, that tokens under it were ended since one came twice."""
    grant = _locked(session, customer_id, grant_id)
    noted = grant.with_terms(grant.terms)
    store.update_grant(session, noted)
    _record(session, noted, "token_reuse", now)
    _tell(session, "token_reuse", noted, now)


def record_expired(session: Session, now: datetime, limit: int) -> int:
    """Write down the end of up to `limit` grants whose time is over; return how many there were."""
    grants = store.expired_unended(session, now, limit)
    for grant in grants:
        _write_end(session, grant, grant.expires_at, "expired")
    return len(grants)


def tell_of_ends(session: Session, now: datetime, after: End | None, limit: int) -> End | None:
    """Say which grants are about to end, once for each end; return where to go on, None behind the last.

    Looks at up to `limit` grants whose end comes after `after`.
    """
    grants = store.ending(session, now, now + NOTICE, after, limit)
    for grant in grants:
        if notice_from(grant) <= now:
            end = rfc3339(grant.expires_at)
            once = f"grant_ending:{grant.grant_id}:{end}"
            _tell(session, "grant_ending", grant, now, once=once, ends=end)
    return (grants[-1].expires_at, grants[-1].grant_id) if len(grants) == limit else None


def _end(session: Session, grant: Grant, now: datetime, reason: Ended) -> Grant:
    if grant.ended_at is not None:
        return grant
    if not grant.is_live(now):
        return _write_end(session, grant, grant.expires_at, "expired")
    return _write_end(session, grant, now, reason)


def _locked(session: Session, customer_id: UUID, grant_id: UUID) -> Grant:
    grant = store.find_grant(session, customer_id, grant_id, lock=True)
    if grant is None:
        raise NotFound(say("You have no grant of this id."))
    return grant


def _write_end(session: Session, grant: Grant, at: datetime, reason: Ended) -> Grant:
    ended = grant.ended(at, reason)
    store.update_grant(session, ended)
    _record(session, ended, reason, at)
    messages.expect_no_look(session, grant.customer_id, grant.organisation_id, at)
    return ended


def _new_grant(
    session: Session, customer_id: UUID, application: Application, terms: Terms, now: datetime
) -> Grant:
    return Grant(
        customer_id=customer_id,
        grant_id=new_id(),
        organisation_id=application.organisation_id,
        client_id=application.client_id,
        subject=organisations.subject_for(session, customer_id, application.organisation_id),
        version=1,
        keys=terms.keys,
        purposes=terms.purposes,
        include_defaults=terms.include_defaults,
        allow_events=terms.allow_events,
        granted_at=now,
        expires_at=terms.expires_at,
        ended_at=None,
        ended_reason=None,
    )


def _problem(refusal: Refusal) -> Conflict | Invalid:
    match refusal.reason:
        case "ended":
            return Conflict(
                say("This grant has ended and can't be changed. The organisation may ask again."),
                slug="grant-ended",
            )
        case "wider":
            what = f"keys that are not in it ({', '.join(refusal.keys)})" if refusal.keys else "behaviour"
            return _invalid(
                "keys" if refusal.keys else "allow_events",
                f"A grant can't be widened to {what} here: the organisation has to ask, and say why.",
            )
        case "empty":
            return _invalid("keys", "Nothing would be left. Withdraw the grant with DELETE instead.")
        case "in_the_past":
            return _invalid("expires_at", "That time is over. Withdraw the grant with DELETE instead.")
        case _:
            return _invalid("expires_at", "A grant reaches at most one year (365 days) from now.")


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(reason, errors=[{"field": field, "reason": reason}])


def _tell(
    session: Session, kind: Kind, grant: Grant, now: datetime, *, once: str | None = None, **values: str
) -> None:
    values |= {"grant_id": str(grant.grant_id), "organisation_id": str(grant.organisation_id)}
    messages.tell(session, grant.customer_id, kind, now, once=once, **values)


def _record(session: Session, grant: Grant, action: str, at: datetime) -> None:
    store.append_history(session, grant, action, at)
    audit.event(
        "grant_changed",
        action=action,
        grant_id=grant.grant_id,
        organisation_id=grant.organisation_id,
        client_id=grant.client_id,
    )
