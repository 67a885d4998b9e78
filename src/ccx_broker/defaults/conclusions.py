"""What follows from what was learnt: guesses, offered to the customer.

Not while an organisation waits for the answer to its batch: a conclusion costs more than learning an order
does, and of several orders in a row only the last one's is wanted. The batch notes with the state which
events were heard; a thread of the server (`kit.rounds`) follows a moment later. A crash in between loses
nothing, since the note stands in the same transaction as the state.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.defaults import conclusions_store, store
from ccx_broker.defaults.populations import BARS, current_population
from ccx_broker.defaults.rules import conclude_all, memories_that_hear
from ccx_broker.defaults.rules.population import fold_of
from ccx_broker.profile import service as profile
from ccx_broker.profile.rules import Offer

AT_ONCE = 25
"""Customers in one transaction. Batches about them wait for it: some 20 ms of computing."""

AT_ONCE_AGAIN = 200
"""The same in the job that goes through everybody: fewer round trips, on an hour with little to do."""


def conclude(
    session: Session,
    states: Mapping[UUID, Mapping[str, Any]],
    now: datetime,
    *,
    heard: Mapping[UUID, Collection[str]] | None = None,
    anew: bool = False,
) -> None:
    """Offer what follows from the customers' states, which must be locked.

    `heard` limits it to what can have changed since the last time: what is learnt from events of these
    names. `anew`: something was forgotten, so dismissed guesses may not keep telling of it either.
    """
    offers = [
        (customer_id, offer)
        for customer_id, offers in offers_of(session, states, heard).items()
        for offer in offers
    ]
    profile.offer_defaults(session, offers, now, anew=anew)


def offers_of(
    session: Session,
    states: Mapping[UUID, Mapping[str, Any]],
    heard: Mapping[UUID, Collection[str]] | None = None,
) -> dict[UUID, list[Offer]]:
    """Return what follows from the customers' states: for each key a guess, or that it is better to be silent."""
    population = current_population(session)
    return {
        customer_id: conclude_all(
            state,
            population.view(fold_of(customer_id.bytes)),
            BARS,
            None if heard is None else memories_that_hear(heard[customer_id]),
        )
        for customer_id, state in states.items()
    }


class Round:
    """Draws the conclusions that are due about the next few customers. Any number of processes may do it."""

    def __init__(self, sessions: sessionmaker[Session], clock: Callable[[], datetime]) -> None:
        self.sessions, self.clock = sessions, clock
        self.after: UUID | None = None

    def __call__(self) -> bool:
        """Do so; tells whether there may be more to do at once. Everybody's turn comes before anybody's second."""
        with self.sessions.begin() as session:
            done = conclude_due(session, self.after, self.clock())
        begun_anew = self.after is None
        self.after = done[-1] if len(done) == AT_ONCE else None
        return bool(done) or not begun_anew


def conclude_due(session: Session, after: UUID | None, now: datetime) -> list[UUID]:
    """Draw the conclusions that are due about the next few customers, who are returned in order."""
    due = conclusions_store.lock_due(session, after, AT_ONCE)
    customers = list(due.states)
    if customers:
        conclude(session, due.states, now, heard=due.heard)
        conclusions_store.settle(session, customers)
    return customers


def conclude_again(session: Session, after: UUID | None, now: datetime) -> UUID | None:
    """Draw all conclusions about the next few customers anew; returns the last of them, None at the end."""
    customers = store.customers_with_states(session, after, AT_ONCE_AGAIN)
    if not customers:
        return None
    conclude(session, store.lock_states(session, customers), now)
    return customers[-1]
