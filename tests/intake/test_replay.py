"""Real purchases over real HTTP lead to the same guesses as the engine by itself, however they come in."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
from sqlalchemy.orm import Session, sessionmaker

from bench.evaluation.data import OUTER, load
from bench.evaluation.export import Few, export
from ccx_broker.defaults import store
from ccx_broker.defaults.populations import BARS, current_population
from ccx_broker.defaults.replay import read
from ccx_broker.defaults.rules import conclude_all, learn_from
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import fold_of
from ccx_broker.profile.store import load_defaults
from tests.consent.support import new_customer
from tests.intake.test_api import Shop, give, open_shop, post
from tests.support import Broker

HOUSEHOLDS = 12
BATCH = 100

Event = dict[str, Any]
Guesses = dict[str, tuple[Any, float, Mapping[str, Any]]]


@dataclass(frozen=True)
class Known:
    """One household of the data as a customer of this broker."""

    customer_id: UUID
    subject: str


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history of some households as behaviour, in the order of time across all of them."""
    whole = load("dev", OUTER)
    path = tmp_path_factory.mktemp("purchases") / "history.jsonl"
    return export(whole, whole.households(HOUSEHOLDS), path).path


@pytest.fixture(scope="module")
def short(purchases: Path) -> Path:
    """The end of each history, so short that no memory outgrows its cap: what it then lets go is a matter of order."""
    whole = load("dev", OUTER)
    path = purchases.with_name("short.jsonl")
    return export(whole, whole.households(HOUSEHOLDS), path, Few(lines=150, bucket=1)).path


@pytest.fixture
def shop(sessions: sessionmaker[Session]) -> Shop:
    with sessions.begin() as session:
        return open_shop(session)


@pytest.fixture
def known(sessions: sessionmaker[Session], shop: Shop, purchases: Path) -> dict[str, Known]:
    """Customers, by the name that the file gives them, who let the shop send what they buy."""
    with sessions.begin() as session:
        grants = {who: give(session, new_customer(session), shop) for who in read(purchases)}
    return {who: Known(grant.customer_id, grant.subject) for who, grant in grants.items()}


def addressed(purchases: Path, known: Mapping[str, Known]) -> list[Event]:
    """Return the events as the shop sends them: by the names under which it knows the customers."""
    events = [orjson.loads(line) for line in purchases.read_bytes().splitlines()]
    return [event | {"userId": known[event["userId"]].subject} for event in events]


def send(http: httpx2.Client, shop: Shop, events: Sequence[Event], *, senders: int) -> tuple[int, int]:
    """Send the events in batches, by so many at once; return how many were new, and how many weren't."""
    batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
    with ThreadPoolExecutor(senders) as pool:
        answers = [answer.json() for answer in pool.map(lambda batch: post(http, shop.token, batch), batches)]
    assert not any(answer["refused"] for answer in answers)
    return sum(a["accepted"] for a in answers), sum(a["duplicates"] for a in answers)


def offline(session: Session, purchases: Path, known: Mapping[str, Known], shop: Shop) -> dict[str, Guesses]:
    """Return what the engine guesses of the file by itself, as the shop's customers."""

    def ours(seen: Sequence[Observation]) -> list[Observation]:
        mine = [replace(observation, organisation=str(shop.organisation_id)) for observation in seen]
        return sorted(mine, key=attrgetter("at"))

    population = current_population(session)
    return {
        who: {
            offer.key: (offer.value, offer.confidence, offer.evidence)
            for offer in conclude_all(
                learn_from({}, ours(seen)), population.view(fold_of(known[who].customer_id.bytes)), BARS
            )
            if offer.value is not None
        }
        for who, seen in read(purchases).items()
    }


def served(session: Session, known: Mapping[str, Known]) -> dict[str, Guesses]:
    """Return what the broker guesses of each customer."""
    return {
        who: {
            key: (default.value, default.confidence, default.evidence)
            for key, default in load_defaults(session, one.customer_id).items()
        }
        for who, one in known.items()
    }


def states(session: Session, known: Mapping[str, Known]) -> dict[UUID, dict[str, Any]]:
    return dict(store.lock_states(session, [one.customer_id for one in known.values()]))


def test_batches_over_http_teach_what_the_file_teaches(
    broker: Broker,
    http: httpx2.Client,
    sessions: sessionmaker[Session],
    shop: Shop,
    known: dict[str, Known],
    purchases: Path,
) -> None:
    """As a shop's till would send it: a batch is about many customers, and two are under way at once."""
    events = addressed(purchases, known)
    assert send(http, shop, events, senders=2) == (len(events), 0)
    broker.conclude()
    with sessions() as session:
        guesses = served(session, known)
        assert guesses == offline(session, purchases, known, shop)
        assert len({key for of in guesses.values() for key in of}) >= 4, "there must be something to compare"
        before = states(session, known)
    assert send(http, shop, events, senders=2) == (0, len(events)), "sending again is harmless"
    broker.conclude()
    with sessions() as session:
        assert served(session, known) == guesses
        assert states(session, known) == before


def test_the_order_in_which_purchases_arrive_changes_nothing(
    broker: Broker,
    http: httpx2.Client,
    sessions: sessionmaker[Session],
    shop: Shop,
    known: dict[str, Known],
    short: Path,
) -> None:
    """Late and early, some of them twice, and several batches about the same customers at once."""
    events = addressed(short, known)
    mixed = events + events[::3]
    random.Random(20170101).shuffle(mixed)
    assert send(http, shop, mixed, senders=4) == (len(events), len(mixed) - len(events))
    broker.conclude()
    with sessions() as session:
        assert served(session, known) == offline(session, short, known, shop)
