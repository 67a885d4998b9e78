"""What a caller is told has been committed (decision 0002)."""

import asyncio
from types import SimpleNamespace

import httpx2
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.db import Db


def test_a_commit_that_fails_is_no_success_to_the_caller(sessions: sessionmaker[Session]) -> None:
    """The constraint is looked at by the commit, when the door has long returned."""
    app = FastAPI()
    app.state.runtime = SimpleNamespace(sessions=sessions)

    @app.post("/fine")
    def fine(db: Db) -> str:
        db.execute(text("SELECT 1"))
        return "done"

    @app.post("/doomed")
    def doomed(db: Db) -> str:
        db.execute(
            text("CREATE TEMP TABLE doomed (x int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
        )
        db.execute(text("INSERT INTO doomed VALUES (1), (1)"))
        return "done"

    async def ask(path: str) -> int:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://broker") as client:
            return (await client.post(path)).status_code

    assert asyncio.run(ask("/fine")) == 200
    assert asyncio.run(ask("/doomed")) == 500
