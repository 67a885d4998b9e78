"""Attacks on promises 2 and 3: withdrawal against racing reads, crashes and a ledger that can't be written."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import psycopg
import pytest

from tests.disclosure.support import Shared, log_of, own_bearer, share, withdraw
from tests.oauth_support import post
from tests.support import Broker, start_broker


@dataclass(frozen=True)
class Read:
    """One read: when it was begun, and what came of it."""

    begun: float
    status: int
    has_data: bool


def read_until(stop: threading.Event, url: str, path: str, bearer: dict[str, str]) -> list[Read]:
    """Read again and again, noting when each read was begun."""
    reads = []
    with httpx2.Client(base_url=url, headers=bearer, timeout=30) as client:
        while not stop.is_set():
            begun = time.monotonic()
            answer = client.get(path)
            reads.append(Read(begun, answer.status_code, b"367" in answer.content))
    return reads


def test_no_read_that_begins_after_the_withdrawal_was_answered_gets_anything(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    """Two server processes, two kinds of tokens, eight readers: not one late read comes through."""
    shared = share(broker, http, ["buy.store"])
    subject = http.get("/v1/preferences", headers=shared.bearer).json()["subject"]
    ways = [
        ("/v1/preferences", shared.bearer),
        (f"/v1/customers/{subject}/preferences", own_bearer(broker, shared.shop)),
    ]
    stop = threading.Event()
    with start_broker(database_url, CCX_ISSUER=broker.url) as other, ThreadPoolExecutor(8) as pool:
        runs = {
            (url, path): [pool.submit(read_until, stop, url, path, bearer) for _ in range(2)]
            for url in (broker.url, other.url)
            for path, bearer in ways
        }
        wait_for_looks(http, shared, 40)
        withdraw(http, shared.customer)
        withdrawn = time.monotonic()
        time.sleep(0.5)
        stop.set()
        results = {way: [r for run in running for r in run.result()] for way, running in runs.items()}
    for reads in results.values():
        before = [r for r in reads if r.has_data]
        after = [r for r in reads if r.begun > withdrawn]
        assert before, "the readers never got going"
        assert after, "nobody read after the withdrawal"
        assert all(r.status == 200 for r in before)
        assert {r.status for r in after} <= {401, 404}
        assert not any(r.has_data for r in after)


def wait_for_looks(http: httpx2.Client, shared: Shared, count: int) -> None:
    """Return once the customer's log shows that many looks."""
    while (
        len(http.get("/v1/me/disclosures?limit=200", headers=shared.customer.bearer).json()["items"]) < count
    ):
        time.sleep(0.05)


def test_with_the_grant_every_token_ends_at_once(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    withdraw(http, shared.customer)
    assert http.get("/v1/preferences", headers=shared.bearer).status_code == 401
    renewed = post(
        broker,
        "/oauth/token",
        shared.shop,
        {"grant_type": "refresh_token", "refresh_token": shared.token["refresh_token"]},
    )
    assert (renewed.status_code, renewed.json()["error"]) == (400, "invalid_grant")
    seen = post(broker, "/oauth/introspect", shared.shop, {"token": shared.token["access_token"]})
    assert seen.json() == {"active": False}
    newest = log_of(http, shared.customer)[0]
    assert (newest["outcome"], newest["reason"]) == ("refused", "grant_ended")


@contextmanager
def ledger_fails_for(database_url: str, customer_id: str) -> Iterator[None]:
    """Let the ledger refuse one customer's lines, as a full disk would."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            CREATE FUNCTION fail_for_test() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = 'disk_full'; END $$
            """
        )
        connection.execute(
            f"""
            CREATE TRIGGER fail_for_test BEFORE INSERT ON disclosures FOR EACH ROW
            WHEN (NEW.customer_id = '{customer_id}') EXECUTE FUNCTION fail_for_test()
            """  # type: ignore[arg-type]
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER fail_for_test ON disclosures")
            connection.execute("DROP FUNCTION fail_for_test")


def test_what_can_not_be_recorded_does_not_leave(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    subject = http.get("/v1/preferences", headers=shared.bearer).json()["subject"]
    own = own_bearer(broker, shared.shop)
    with ledger_fails_for(database_url, shared.customer.customer_id):
        answers = [
            http.get("/v1/preferences", headers=shared.bearer),
            http.get(f"/v1/customers/{subject}/preferences", headers=own),
            http.post("/v1/customers/preferences:batch", json={"subjects": [subject]}, headers=own),
        ]
    for answer in answers:
        assert answer.status_code >= 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert b"367" not in answer.content
        assert b"disk" not in answer.content
    assert http.get("/v1/preferences", headers=shared.bearer).json()["preferences"], "it recovers by itself"
    assert len(log_of(http, shared.customer)) == 2


@contextmanager
def locked_ledger(database_url: str) -> Iterator[psycopg.Connection]:
    """Hold the ledger, so that a line can't be written until the block ends."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE disclosures IN EXCLUSIVE MODE")
        yield connection


def wait_until_a_line_waits(database_url: str) -> None:
    """Return once somebody has looked up and decided, and now waits to write the line."""
    query = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO disclosures%'
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute(query).fetchone() == (0,):
            time.sleep(0.02)


def test_no_byte_leaves_before_the_line_is_committed(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    with ThreadPoolExecutor(1) as pool:
        with locked_ledger(database_url):
            reading = pool.submit(http.get, "/v1/preferences", headers=shared.bearer)
            wait_until_a_line_waits(database_url)
            time.sleep(0.2)
            assert not reading.done(), "the answer left before its line was written"
        assert reading.result().json()["preferences"][0]["value"] == "367"
    assert [line["outcome"] for line in log_of(http, shared.customer)] == ["disclosed"]


def test_a_crash_between_the_look_up_and_the_commit_gives_nothing_away(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    with start_broker(database_url, CCX_ISSUER=broker.url) as doomed, ThreadPoolExecutor(1) as pool:
        with locked_ledger(database_url):
            reading = pool.submit(
                httpx2.get, f"{doomed.url}/v1/preferences", headers=shared.bearer, timeout=30
            )
            wait_until_a_line_waits(database_url)
            doomed.process.kill()
            doomed.process.wait()
        with pytest.raises(httpx2.TransportError):
            reading.result()
    # Whatever the dead server's line came to, the log never claims less than what left: nothing did.
    assert len(log_of(http, shared.customer)) <= 1
    assert http.get("/v1/preferences", headers=shared.bearer).status_code == 200


def test_reading_recovers_by_itself_from_a_database_that_was_away(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    elsewhere = psycopg.conninfo.make_conninfo(database_url, dbname="postgres")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[arg-type]
        try:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            away = [http.get("/v1/preferences", headers=shared.bearer) for _ in range(3)]
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[arg-type]
    for answer in away:
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert b"367" not in answer.content
    back = [http.get("/v1/preferences", headers=shared.bearer).status_code for _ in range(3)]
    while back[-1] != 200 and len(back) < 40:
        time.sleep(0.5)
        back.append(http.get("/v1/preferences", headers=shared.bearer).status_code)
    assert set(back) <= {200, 503}
    assert back[-1] == 200
