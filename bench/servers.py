"""The servers that are compared, each in a process of its own: `python -m bench.servers WHICH PORT …`.

All run in one uvicorn with the same options, on the first of the two cores.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI, Response
from psycopg_pool import AsyncConnectionPool

from ccx_broker.app import create_app
from ccx_broker.disclosure import store
from ccx_broker.disclosure.rules import decide
from ccx_broker.disclosure.service import Outcome, Reader, ledger_line, question
from ccx_broker.ledger import store as ledger
from ccx_broker.oauth.rules.proofs import Flawed, Proof
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.settings import load_settings

SERVER_CORE, LOAD_CORE = 0, 1
# All of the load is one client and one network address.
LIMITS = ("CCX_LIMIT_FAILURES", "CCX_LIMIT_STARTS", "CCX_LIMIT_REQUESTS")


def bare(port: int, answer: str) -> FastAPI:
    """FastAPI alone, answering with the bytes of the file `answer`, kept in memory."""
    body = Path(answer).read_bytes()
    app = FastAPI()

    @app.get("/v1/preferences")
    async def preferences() -> Response:
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    return app


def as_built(port: int, url: str) -> FastAPI:
    """The broker as it is."""
    environment = {
        "CCX_ISSUER": f"http://127.0.0.1:{port}",
        "CCX_SECRET_KEY": "bench-secret-key-0123456789abcdef012345678",
        "CCX_PASSWORD_KEY": "bench-password-key-0123456789abcdef0123456",
        **dict.fromkeys(LIMITS, "999999999"),
    }
    return create_app(load_settings(environment), url)


class OneByOne(Reader):
    """The same look-up, decision and ledger line, but a transaction for each read, as one would write it."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        super().__init__(pool)
        self.pool = pool

    async def read(
        self, token: str, subject: str | None = None, proof: Proof | Flawed | None = None
    ) -> Outcome:
        if self.pool.closed:  # the very first read, sent before the measurement
            await self.pool.open(wait=True)
        async with self.pool.connection() as connection:
            (facts,) = await store.look_up(connection, [question(token, subject, proof)])
            outcome = decide(facts, CATALOGUE.inferable)
            line = ledger_line(outcome)
            await ledger.record(connection, [line] if line else [])
        return outcome


async def prepare(connection: psycopg.AsyncConnection) -> None:
    """Set a connection up like the broker's own, but for transactions."""
    await store.prepare(connection)
    await connection.set_autocommit(False)


def one_by_one(port: int, url: str) -> FastAPI:
    """The broker with a reader that gathers nothing; with more connections it gets no faster."""
    app = as_built(port, url)
    pool = AsyncConnectionPool(url, min_size=8, max_size=8, open=False, configure=prepare)
    app.state.reader = OneByOne(pool)
    return app


SERVERS: dict[str, Any] = {"bare": bare, "one-by-one": one_by_one, "as-built": as_built}


def main(arguments: Sequence[str]) -> None:
    """Serve until told to stop."""
    which, port, source = arguments
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {SERVER_CORE})
    uvicorn.run(
        SERVERS[which](int(port), source),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
