"""How long the server takes for a page of a customer at whom organisations have looked often.

python -m bench.pages
"""

import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psycopg

from bench.__main__ import place
from bench.processes import server
from bench.seed import seed

RESULTS = Path(__file__).parent / "pages.md"
FEW, MANY = 1_000, 1_000_000
"""Lines in the log."""

TIMES = 40
LIMIT_MS, LIMIT_BYTES = 20, 60_000
PAGES = (
    "/", "/preferences", "/preferences/deliver.window", "/guesses", "/observed", "/sharing", "/log",
    "/log?outcome=refused", "/messages", "/account", "/start/1",
)  # fmt: skip


def customer(port: int, url: str, lines: int) -> httpx2.Client:
    """Return the browser of a new customer with so many lines in the log."""
    browser = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    who = {"email": f"log-{lines}@bench.example", "password": "three blue herons"}
    browser.post("/v1/accounts", json=who | {"name": "Ada"}).raise_for_status()
    token = browser.post("/v1/sessions", json=who).raise_for_status().json()["token"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO disclosures SELECT c.customer_id, uuidv7(g * interval '-1 minute'),"
            " now() - g * interval '1 minute', o.organisation_id, 'bench', NULL,"
            " CASE g %% 50 WHEN 0 THEN 'refused' ELSE 'disclosed' END, NULL, '{buy.store,buy.coupons}', '{}'"
            " FROM customers c, organisations o, generate_series(1, %s) g WHERE c.email = %s",
            [lines, who["email"]],
        )
        connection.execute("VACUUM ANALYZE disclosures")
    browser.cookies.set("ccx_session", token)
    return browser


def measure(browser: httpx2.Client, page: str) -> tuple[float, int]:
    """Return the median milliseconds until a page is there, and its bytes."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        answer = browser.get(page)
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            sys.exit(f"{page} answered {answer.status_code}")
    return statistics.median(taken), len(answer.content)


def main() -> None:
    """Measure, print and keep the figures."""
    with place() as (_, cluster):
        url = seed(cluster, 10, name="pages")
        with server("as-built", url) as (port, _):
            few, many = (customer(port, url, lines) for lines in (FEW, MANY))
            rows = [(page, *measure(few, page), measure(many, page)[0]) for page in PAGES]
    text = [
        "# How long a page takes",
        "",
        f"Measured by `python -m bench.pages` on {datetime.now(UTC):%Y-%m-%d}, from the outside, one page at a time: medians of {TIMES}. "
        f"The limits are {LIMIT_MS} ms at {FEW:,} lines in the log, and {LIMIT_BYTES / 1000:.0f} kB.",
        "",
        f"| page | ms at {FEW:,} lines | bytes | at {MANY:,} lines / at {FEW:,} |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {page} | {ms:.1f} | {size:,} | {late / ms:.2f} |" for page, ms, size, late in rows),
    ]
    RESULTS.write_text("\n".join(text) + "\n", "utf-8")
    print(*text, sep="\n")
    over = [page for page, ms, size, _ in rows if ms > LIMIT_MS or size > LIMIT_BYTES]
    sys.exit(f"over the limit: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
