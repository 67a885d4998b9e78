"""Behaviour taken in over HTTP, next to the same computation without a server or a database, in turns."""

import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import psycopg
import uvloop

from bench.learning import Learning
from bench.load import Round, load
from bench.orders import BATCH, Queue
from bench.processes import server
from bench.questions import Question
from bench.seed import seed
from ccx_broker.defaults import store
from ccx_broker.kit.db import make_engine, make_sessions
from ccx_broker.kit.ids import new_id

SENDERS = 2
OVER_HTTP, CONCLUDED = "over HTTP", "until the last conclusion"
LEARNING, ALONE = "learning alone", "learning and concluding alone"
ROWS = (OVER_HTTP, CONCLUDED, LEARNING, ALONE)
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ccxa_shop\r\nContent-Type: application/json\r\n"
TAKEN = orjson.dumps({"accepted": BATCH, "duplicates": 0, "refused": []})


class Ingest(Question):
    """A batch of orders. They are written down before a round, half as many again as the last one took."""

    def __init__(self, queue: Queue) -> None:
        self.batches = queue.batches()
        self.ready: deque[bytes] = deque()
        self.taken = 20

    def prepare(self) -> None:
        self.ready.extend(self.write() for _ in range(self.taken * 3 // 2 - len(self.ready)))
        self.taken = 0

    def ask(self) -> tuple[bytes, int]:
        self.taken += 1
        return self.ready.popleft() if self.ready else self.write(), 0

    def write(self) -> bytes:
        """Return the next request."""
        body = orjson.dumps({"batch": next(self.batches)})
        return b"%sContent-Length: %d\r\n\r\n%s" % (HEAD, len(body), body)

    def is_right(self, body: bytes, customer: int) -> bool:
        return body == TAKEN


@dataclass(frozen=True)
class Behaviour:
    """What was measured. `growth`: what a customer's 10,000th order costs against the 10th (`Learning.growth`)."""

    rounds: Mapping[str, list[Round]]
    customers: int
    lines: float
    growth: tuple[float, float]


def measure(cluster: str, customers: int, *, rounds: int, seconds: float) -> Behaviour:
    """Run it; exits with a sentence if a batch was not taken in completely, or an order is missing afterwards."""
    print(f"learning half a year of {customers:,} customers' orders …", flush=True)
    queue = Queue(customers)
    learning = Learning(queue)
    url = seed(cluster, customers, name="ingest")
    know(url, learning)
    measured: dict[str, list[Round]] = {name: [] for name in ROWS}
    question, sent = Ingest(queue), 0
    with server("as-built", url) as (port, process):
        for turn in range(rounds + 1):  # the first warms up and does not count
            question.prepare()
            before = sum(process.cpu_times()[:2])
            begun = time.perf_counter()
            one = uvloop.run(load(port, question, connections=SENDERS, seconds=seconds))
            one.processor = sum(process.cpu_times()[:2]) - before
            wait_for_conclusions(url)
            whole = Round(time.perf_counter() - begun, sum(process.cpu_times()[:2]) - before, one.latencies)
            if one.wrong:
                sys.exit(f"{len(one.wrong)} batches were not taken in, the first:\n{one.wrong[0].decode()}")
            sent += len(one.latencies) * BATCH
            alone = [learning.measure(seconds, concluding=concluding) for concluding in (False, True)]
            if turn:
                for name, each in zip(ROWS, (one, whole, *alone), strict=True):
                    measured[name].append(each)
                    print(f"round {turn} of {rounds}: {name}: {each.rate * BATCH:,.0f} orders/s", flush=True)
    if (kept := events(url)) != sent:
        sys.exit(f"{sent} orders were taken in, but the database has {kept}")
    print(f"every order stands in the database: {sent:,}")
    lines = sum(len(order["properties"]["products"]) for order in queue.coming) / len(queue.coming)
    return Behaviour(measured, customers, lines, learning.growth())


def know(url: str, learning: Learning) -> None:
    """Give a database's customers their past, and the broker what all of them teach."""
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        customers = {
            int(name): i for name, i in connection.execute("SELECT name, customer_id FROM customers")
        }
    engine = make_engine(url, connections=1)
    with make_sessions(engine).begin() as session:
        store.add_population(session, new_id(), learning.population, now)
        store.make_states(session, list(customers.values()), now)
        store.save_states(
            session, ((customers[number], state) for number, state in learning.states.items()), {}, now
        )
    engine.dispose()


def wait_for_conclusions(url: str) -> None:
    """Return when everything that was learnt has been concluded from."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT FROM estimator_states WHERE unconcluded <> '{}' LIMIT 1").rowcount:
            time.sleep(0.01)


def events(url: str) -> int:
    """Count the events that are kept."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM events").fetchone()
    assert row is not None
    count: int = row[0]
    return count
