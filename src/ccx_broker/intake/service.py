"""One batch of behaviour: check each event, find whose it is, keep what a live grant allows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from ccx_broker.consent import store as consent_store
from ccx_broker.defaults import service as defaults
from ccx_broker.defaults.rules.events import ReceivedEvent
from ccx_broker.intake.rules import NOT_YOURS, Checked, Refused, Taken, check_event
from ccx_broker.oauth.rules import AccessToken
from ccx_broker.organisations import store as organisation_store


def take_in(session: Session, token: AccessToken, batch: Sequence[object], now: datetime) -> Taken:
    """Take in a batch under a token that has `events:write`, in a fixed number of statements.

    A wrong event is refused and the rest is kept. All reasons that have to do with the customer (no such
    subject, another organisation's, no grant, one that has ended or doesn't allow behaviour) are one.
    """
    looked_at = [check_event(index, event, _size(event), now) for index, event in enumerate(batch)]
    checked = [event for event in looked_at if isinstance(event, Checked)]
    allowed = _allowed(session, token, {event.subject for event in checked}, now)
    events = [
        ReceivedEvent(
            customer_id=allowed[event.subject],
            organisation_id=token.organisation_id,
            message_id=event.message_id,
            name=event.name,
            at=event.at,
            body=event.body,
        )
        for event in checked
        if event.subject in allowed
    ]
    learnt = defaults.learn(session, events, now)
    refused = [event for event in looked_at if isinstance(event, Refused)]
    refused += [
        Refused(event.index, event.message_id, "userId", NOT_YOURS)
        for event in checked
        if event.subject not in allowed
    ]
    return Taken(learnt.accepted, learnt.duplicates, tuple(sorted(refused, key=lambda r: r.index)))


def _allowed(session: Session, token: AccessToken, subjects: set[str], now: datetime) -> dict[str, UUID]:
    """Return the customers behind those subjects about whom this token may send behaviour now."""
    customers = organisation_store.resolve_subjects(session, token.organisation_id, sorted(subjects))
    if token.customer_id is not None:
        customers = {s: customer for s, customer in customers.items() if customer == token.customer_id}
    grants = consent_store.live_grants(session, token.organisation_id, list(customers.values()), now)
    return {
        subject: customer
        for subject, customer in customers.items()
        if (grant := grants.get(customer)) is not None and grant.allow_events
    }


def _size(event: object) -> int:
    """Return the bytes of an event's JSON; 0 if it is too deep to be written, which `check_event` sees."""
    try:
        return len(orjson.dumps(event))
    except orjson.JSONEncodeError:
        return 0
