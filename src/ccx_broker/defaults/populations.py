"""The population that counts now, and the job that learns a new one from everybody's past."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.defaults import events_store, store
from ccx_broker.defaults.calibration import History, calibrate, shipped
from ccx_broker.defaults.rules.interface import Progress
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import Population, fold_of
from ccx_broker.defaults.rules.silence import bar
from ccx_broker.kit.ids import new_id
from ccx_broker.profile.catalogue import CATALOGUE

BARS = {
    item.key: bar(item.guess["wrong"], item.guess["silent"]) for item in CATALOGUE.items if item.inferable
}
"""How likely a guess must be right to be told, by key: from the costs in the catalogue."""

MOST_CUSTOMERS = 2_000
"""Customers whose past is looked at. More would make the numbers no better, only the job longer."""

MOST_EVENTS = 2_000
"""Events of one customer that are looked at, the latest ones."""


# A population never changes (a newer one has another id), so a process reads it once.
_loaded: dict[UUID, Population] = {}


def current_population(session: Session) -> Population:
    """Return what was learnt last, or what came with the program if nothing was yet.

    One statement, and a second one when there is a new population.
    """
    newest = store.newest_population(session)
    if newest is None:
        return shipped()
    if newest not in _loaded:
        population = store.load_population(session, newest)
        _loaded.clear()
        _loaded[newest] = population
    return _loaded[newest]


def recalibrate(session: Session, now: datetime, progress: Progress) -> Population:
    """Learn anew from a random part of the customers, and keep the outcome."""
    histories: list[History] = []
    for customer_id in (sample := store.some_customers(session, MOST_CUSTOMERS)):
        progress("reading", len(histories), len(sample))
        histories.append(History(fold_of(customer_id.bytes), list(_observations(session, customer_id))))
    population = calibrate([history for history in histories if history.observations], progress)
    store.add_population(session, new_id(), population, now)
    return population


def _observations(session: Session, customer_id: UUID) -> Iterator[Observation]:
    for event in events_store.latest_counting_events(session, customer_id, MOST_EVENTS):
        if (observation := event.observation()) is not None:
            yield observation
