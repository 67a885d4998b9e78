"""Measure: bare FastAPI, a consented read one by one, and as built, with few and with many customers.

Of the server as built, with few: also a token, an introspection, and a read with a key-bound token. Then how fast
behaviour is taken in and learnt from.

One interleaved run: every round asks each server in turn, so that whatever else the machine does falls
on all of them alike.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import uvloop
from joserfc.jwk import ECKey

from bench import ingest, report
from bench.load import Round, load
from bench.processes import ask, server
from bench.questions import BoundRead, Introspection, Question, Read, Token
from bench.seed import ledger_lines, seed
from bench.servers import LOAD_CORE
from ccx_broker.kit.embedded import EmbeddedPostgres

RESULTS = Path(__file__).parent / "results.md"
# Reads are of every customer alike, so the tables should fit in memory, as they would in production.
POSTGRES = {"shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "100"}


@contextmanager
def place() -> Iterator[tuple[Path, str]]:
    """Run a database cluster in a folder of its own until the block ends; gives the folder and the address."""
    with tempfile.TemporaryDirectory(prefix="ccx-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own account passes through it
        with EmbeddedPostgres(folder / "data", POSTGRES) as cluster:
            yield folder, cluster


def measure(
    folder: Path, cluster: str, few: int, many: int, *, rounds: int, seconds: float, connections: int
) -> dict[str, list[Round]]:
    """Run all reads; exits with a sentence if an answer was wrong or a ledger line is missing."""
    with ExitStack() as stack:
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
    options.add_argument("--households", type=int, default=1_000, help="whose real purchases are taken in")
    options.add_argument("--results", type=Path, default=RESULTS)
    given = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {LOAD_CORE})  # PostgreSQL inherits it, the servers choose theirs
    rounds, seconds, connections = given.rounds, given.seconds, given.connections
    with place() as (folder, cluster):
        measured = measure(
            folder,
            cluster,
            given.few,
            given.many,
            rounds=rounds,
            seconds=seconds,
            connections=connections,
        )
        behaviour = ingest.measure(cluster, given.households, rounds=rounds, seconds=seconds)
    print("", *report.table(measured), "", *report.ratios(measured), sep="\n")
    print("", *report.intake_table(behaviour), "", *report.intake_ratios(behaviour), sep="\n")
    report.write(given.results, measured, behaviour, connections=connections, seconds=seconds)


if __name__ == "__main__":
    main()
