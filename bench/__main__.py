"""Measure: bare FastAPI, a consented read one by one, and as built, with few and with many customers.

Of the server as built, with few: also a token, an introspection, and a read with a key-bound token.

One interleaved run: every round asks each server in turn, so that whatever else the machine does falls
on all of them alike.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import uvloop
from joserfc.jwk import ECKey

from bench import report
from bench.load import Round, load
from bench.questions import BoundRead, Introspection, Question, Read, Token
from bench.seed import ledger_lines, seed
from bench.servers import LOAD_CORE
from ccx_broker.kit.embedded import EmbeddedPostgres
from ccx_broker.kit.listening import bound_socket

RESULTS = Path(__file__).parent / "results.md"
# Reads are of every customer alike, so the tables should fit in memory, as they would in production.
POSTGRES = {"shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "100"}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with bound_socket("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


def ask(port: int) -> bytes:
    """Read the first customer; raises until the server is up."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/preferences", headers={"Authorization": "Bearer ccxa_bench1"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
        return body


@contextmanager
def server(which: str, source: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run one of `bench.servers` until the block ends; gives its port and process once it answers."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.servers", which, str(port), source])
    try:
        for _ in range(300):
            try:
                ask(port)
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"the server {which} ended with {process.returncode}")
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def measure(few: int, many: int, *, rounds: int, seconds: float, connections: int) -> dict[str, list[Round]]:
    """Run all of it; exits with a sentence if an answer was wrong or a ledger line is missing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccx-bench-")))
        folder.chmod(0o755)  # PostgreSQL's own account passes through it
        cluster = stack.enter_context(EmbeddedPostgres(folder / "data", POSTGRES))
        key, urls = ECKey.generate_key("P-256"), {}
        for customers in (few, many):
            print(f"making {customers:,} customers …", flush=True)
            urls[customers] = seed(cluster, customers, key.thumbprint() if customers == few else None)
        slow = stack.enter_context(server("one-by-one", urls[few]))
        small = stack.enter_context(server("as-built", urls[few]))
        large = stack.enter_context(server("as-built", urls[many]))
        bytes_of_one = folder / "answer.json"
        bytes_of_one.write_bytes(ask(small[0]))
        bare = stack.enter_context(server("bare", str(bytes_of_one)))
        asked: dict[str, tuple[tuple[int, psutil.Process], Question]] = {
            "bare FastAPI": (bare, Read(few, checked=False)),
            f"one by one, {few:,}": (slow, Read(few)),
            f"as built, {few:,}": (small, Read(few)),
            f"as built, {many:,}": (large, Read(many)),
            "token": (small, Token()),
            "introspection": (small, Introspection(few)),
            "DPoP-bound read": (small, BoundRead(small[0], few, key)),
        }
        before = {customers: ledger_lines(url) for customers, url in urls.items()}
        measured: dict[str, list[Round]] = {name: [] for name in asked}
        answered = dict.fromkeys(urls, 0)
        for turn in range(rounds + 1):  # the first warms up and does not count
            for name, ((port, process), question) in asked.items():
                question.prepare()
                before_it = sum(process.cpu_times()[:2])
                one = uvloop.run(load(port, question, connections=connections, seconds=seconds))
                one.processor = sum(process.cpu_times()[:2]) - before_it
                if one.wrong:
                    sys.exit(f"{name}: {len(one.wrong)} wrong answers, the first:\n{one.wrong[0].decode()}")
                if isinstance(question, Read) and question.checked:
                    answered[question.customers] += len(one.latencies)
                if turn:
                    measured[name].append(one)
                    print(f"round {turn} of {rounds}: {name}: {one.rate:,.0f} requests/s", flush=True)
        for customers, url in urls.items():
            if ledger_lines(url) - before[customers] != answered[customers]:
                sys.exit(
                    f"{answered[customers]} answers left, but the ledger of {customers:,} has another number"
                )
        print(f"every answer stands in the ledger: {sum(answered.values()):,} lines")
        return measured


def main() -> None:
    """Measure, print and keep the figures."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=2.0, help="of one server's turn in a round")
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--few", type=int, default=1_000, help="customers in the small database")
    options.add_argument("--many", type=int, default=200_000, help="customers in the large one")
    options.add_argument("--results", type=Path, default=RESULTS)
    given = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {LOAD_CORE})  # PostgreSQL inherits it, the servers choose theirs
    measured = measure(
        given.few,
        given.many,
        rounds=given.rounds,
        seconds=given.seconds,
        connections=given.connections,
    )
    print()
    for line in [*report.table(measured), "", *report.ratios(measured)]:
        print(line)
    report.write(given.results, measured, connections=given.connections, seconds=given.seconds)


if __name__ == "__main__":
    main()
