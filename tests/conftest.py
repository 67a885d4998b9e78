"""One PostgreSQL cluster a run, one database a worker, one real server a worker that is asked over HTTP."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import settings
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.db import make_engine, make_sessions
from ccx_broker.kit.embedded import EmbeddedPostgres
from ccx_broker.kit.migrations import migrate
from tests.support import CLUSTER, Broker, new_database, start_broker

# A busy machine is no fault of what is tested. Where a change is judged, it is by the same cases each time;
# on a developer's machine every run looks for new ones.
settings.register_profile("search", deadline=None)
settings.register_profile("judge", deadline=None, derandomize=True)
settings.load_profile("judge" if os.environ.get("CCX_TEST_REQUIRE") else "search")


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster in the controlling process; workers find it in the environment."""
    if hasattr(config, "workerinput") or CLUSTER in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="ccx-tests-"))
    # Nobody needs this data after a power cut; everything else is as the program has it.
    cluster = EmbeddedPostgres(folder, {"fsync": "off", "max_connections": "400"})
    url = cluster.__enter__()
    migrate(url)
    os.environ[CLUSTER] = url

    def stop() -> None:
        del os.environ[CLUSTER]
        cluster.__exit__(None, None, None)
        shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(stop)


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> str:
    """The address of this worker's own, migrated database: a copy of the cluster's first one."""
    return new_database(f"ccx_{worker_id}")


@pytest.fixture(scope="session")
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Makes sessions on the worker's database, for tests of services and stores."""
    engine = make_engine(database_url, connections=20)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One transaction, taken back when the test ends."""
    with sessions() as opened:
        yield opened
        opened.rollback()


@pytest.fixture(scope="session")
def broker(database_url: str) -> Iterator[Broker]:
    """The real server, in a process of its own, over the worker's database."""
    with start_broker(database_url) as started:
        yield started


@pytest.fixture
def http(broker: Broker) -> Iterator[httpx2.Client]:
    """A client without any cookie or token."""
    with httpx2.Client(base_url=broker.url, timeout=30) as client:
        yield client
