"""What the page of one grant shows: what an organisation sees of a customer, with the very values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent import store
from ccx_broker.consent.rules import Grant, GrantEvent
from ccx_broker.consent.view import link_to, question_of
from ccx_broker.defaults.naming import describer
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Looks
from ccx_broker.organisations import store as organisations
from ccx_broker.organisations.rules import Application, Purpose
from ccx_broker.profile import store as profile
from ccx_broker.profile.catalogue import CATALOGUE, STEPS
from ccx_broker.words import say

LATELY = timedelta(days=30)
MOST_COUNTED = 1000
"""Looks are counted up to here; beyond it the page says "more than"."""

NEW_ENDS: Mapping[str, tuple[str, timedelta]] = {
    "day": (say("Tomorrow at this time"), timedelta(days=1)),
    "month": (say("In 30 days"), timedelta(days=30)),
    "quarter": (say("In 90 days"), timedelta(days=90)),
    "year": (say("In one year"), timedelta(days=365)),
}

ACTIONS: Mapping[str, str] = {
    "granted": say("You agreed"),
    "amended": say("It asked again, and you agreed"),
    "narrowed": say("You took something out"),
    "shortened": say("You made it shorter"),
    "extended": say("You made it longer"),
    "withdrawn": say("You ended it"),
    "expired": say("Its time was over"),
    "returned": say("It gave back what it had"),
    "replaced": say("A new agreement took its place"),
    "token_reuse": say("A key came twice, as a stolen one would, so its access was cut off"),
}


@dataclass(frozen=True)
class Seen:
    """One line that an organisation may see. `value` None: you have said nothing, so it sees nothing."""

    key: str
    question: str
    step: str
    value: str | None
    source: str | None
    sure: int | None
    special: bool


@dataclass(frozen=True)
class GrantView:
    """Everything on the page."""

    grant: Grant
    application: Application
    purposes: tuple[Purpose, ...]
    complaints_link: str | None
    seen: tuple[Seen, ...]
    looks: Looks | None
    history: tuple[GrantEvent, ...]


def grant_view(session: Session, customer_id: UUID, grant_id: UUID, now: datetime) -> GrantView | None:
    """Put the page together; None if the customer has no such grant."""
    grant = store.find_grant(session, customer_id, grant_id)
    application = organisations.find_application(session, grant.client_id) if grant else None
    if grant is None or application is None:
        return None
    looks = ledger.looks_of(session, customer_id, [grant.organisation_id], now - LATELY, MOST_COUNTED)
    return GrantView(
        grant=grant.as_seen(now),
        application=application,
        purposes=tuple(p for p in application.purposes if p.purpose in grant.purposes),
        complaints_link=link_to(application.complaints),
        seen=_seen(session, grant),
        looks=looks.get(grant.organisation_id),
        history=tuple(store.grant_history(session, customer_id, grant_id))[::-1],
    )


def _seen(session: Session, grant: Grant) -> tuple[Seen, ...]:
    held = profile.effective_values(session, grant.customer_id, grant.keys)
    in_words = describer(session, grant.customer_id, {key: there.value for key, there in held.items()})
    lines = []
    for key in grant.keys:
        item, there = CATALOGUE.get(key), held.get(key)
        if there is not None and there.source == "default" and not grant.include_defaults:
            there = None
        sure = there.confidence if there else None
        lines.append(
            Seen(
                key=key,
                question=question_of(key),
                step=STEPS.get(item.step, item.step) if item else key,
                value=in_words(key, there.value) if there else None,
                source=there.source if there else None,
                sure=None if sure is None else round(sure * 100),
                special=bool(item and item.special),
            )
        )
    return tuple(lines)
