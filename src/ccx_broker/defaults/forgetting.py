"""What the customer decides about what was learnt: forget a purchase, forget a shop, don't learn from it.

Taking something out is exact because it is never subtracted. What remains is learnt again from the kept
events, in the order in which they came: the result is what would be there if the rest had never come, also
where a cap has let rare names go. The customer's state is locked first, as `service.learn` does, so a batch
that arrives meanwhile waits, and is learnt on top of the outcome.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.defaults import events_store, forgetting_store, store
from ccx_broker.defaults.conclusions import conclude
from ccx_broker.defaults.rules import learn_from
from ccx_broker.kit.errors import NotFound
from ccx_broker.organisations import store as organisations


def forget_event(session: Session, customer_id: UUID, event_id: UUID, now: datetime) -> None:
    """Forget one event for good, and whatever was learnt from it. Forgetting again changes nothing.

    The message id stays, so that its sender can't send it again, nor tell that it was forgotten. Raises
    `NotFound` if the customer never had an event of this id.
    """
    _lock(session, customer_id, now)
    if not events_store.is_event(session, customer_id, event_id):
        raise NotFound("You have no event of this id. GET /v1/me/events lists them.")
    counted = forgetting_store.counts(session, customer_id, event_id=event_id)
    forgetting_store.erase(session, customer_id, event_id=event_id)
    if counted:
        _learn_anew(session, customer_id, now)


def forget_source(session: Session, customer_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """Forget everything that an organisation has sent until now, as `forget_event` does one by one."""
    _lock(session, customer_id, now)
    counted = forgetting_store.counts(session, customer_id, organisation_id=organisation_id)
    forgetting_store.erase(session, customer_id, organisation_id=organisation_id)
    if counted:
        _learn_anew(session, customer_id, now)


def stop_learning(session: Session, customer_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """Take out what was learnt from an organisation and learn nothing more from it. Its events are kept."""
    _must_exist(session, organisation_id)
    _lock(session, customer_id, now)
    if forgetting_store.mute(session, customer_id, organisation_id, now):
        _learn_anew_if_counted(session, customer_id, organisation_id, now)


def resume_learning(session: Session, customer_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """Learn from an organisation again, and bring back what had been learnt before it was muted."""
    _must_exist(session, organisation_id)
    _lock(session, customer_id, now)
    if forgetting_store.unmute(session, customer_id, organisation_id):
        _learn_anew_if_counted(session, customer_id, organisation_id, now)


def _must_exist(session: Session, organisation_id: UUID) -> None:
    if organisations.find_organisation(session, organisation_id) is None:
        raise NotFound(
            "There is no organisation of this id. GET /v1/me/sources lists those that sent something."
        )


def _lock(session: Session, customer_id: UUID, now: datetime) -> None:
    """Hold off batches about the customer; one of whom nothing was ever learnt gets a state to lock."""
    store.make_states(session, [customer_id], now)
    store.lock_states(session, [customer_id])


def _learn_anew_if_counted(session: Session, customer_id: UUID, organisation_id: UUID, now: datetime) -> None:
    if forgetting_store.counts(session, customer_id, organisation_id=organisation_id):
        _learn_anew(session, customer_id, now)


def _learn_anew(session: Session, customer_id: UUID, now: datetime) -> None:
    """Learn again from all events that count, and conclude from that; the state must be locked."""
    state: dict[str, Any] = {}
    for events in events_store.counting_events(session, customer_id):
        state = learn_from(state, [seen for event in events if (seen := event.observation())])
    store.save_states(session, [(customer_id, state)], {}, now)
    conclude(session, {customer_id: state}, now, anew=True)
