"""What a group of reads costs, and that sharing a group shares nothing else."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.disclosure.rules import Disclosed, Reason, Refused
from ccx_broker.disclosure.service import Reader
from ccx_broker.disclosure.store import LOOK_UP, prepare
from ccx_broker.kit.clock import now
from ccx_broker.kit.ids import new_id, new_token, token_hash
from ccx_broker.profile import service as profile
from tests.consent.support import new_application, new_customer


class Counting(psycopg.AsyncConnection[Any]):
    """A real connection that counts the statements it is given."""

    statements = 0

    async def execute(self, *given: Any, **options: Any) -> Any:
        Counting.statements += 1
        return await super().execute(*given, **options)


def shared(sessions: sessionmaker[Session], values: dict[str, Any]) -> str:
    """Make a customer who states `values` and shares just those with a new shop; return its token."""
    token = new_token("ccxa")
    with sessions.begin() as session:
        customer_id, application = new_customer(session), new_application(session)
        for key, value in values.items():
            profile.set_preference(session, customer_id, key, value, now=now())
        ids = {
            "customer": customer_id,
            "grant": new_id(),
            "organisation": application.organisation_id,
            "client": application.client_id,
            "family": new_id(),
            "keys": list(values),
            "hash": token_hash(token),
            "expires": now() + timedelta(hours=1),
        }
        session.execute(
            text(
                "INSERT INTO grants VALUES (:customer, :grant, :organisation, :client, 'ccxu_x', 1, :keys,"
                " '{}', true, false, now(), :expires, NULL, NULL)"
            ),
            ids,
        )
        session.execute(
            text(
                "INSERT INTO access_tokens (token_hash, client_id, organisation_id, customer_id, grant_id,"
                " family_id, scopes, keys, audience, issued_at, expires_at) VALUES (:hash, :client,"
                " :organisation, :customer, :grant, :family, '{}', :keys, 'api', now(), :expires)"
            ),
            ids,
        )
    return token


def read_together(database_url: str, tokens: Sequence[str]) -> tuple[list[Disclosed | Refused], int]:
    """Read with all tokens at once; return the outcomes and how many statements that took."""

    async def play() -> tuple[list[Disclosed | Refused], int]:
        pool = AsyncConnectionPool(
            database_url, connection_class=Counting, min_size=1, max_size=1, open=False, configure=prepare
        )
        async with pool:
            reader = Reader(pool)
            await pool.wait()
            before = Counting.statements
            outcomes = await asyncio.gather(*(reader.read(token) for token in tokens))
            return list(outcomes), Counting.statements - before

    return asyncio.run(play())


VALUES = {"buy.store": "367", "buy.coupons": "offer", "pay.receipt": "email", "contact.channel": "email"}


@pytest.mark.parametrize(("customers", "keys"), [(1, 1), (1, 4), (25, 1), (25, 4)])
def test_a_group_takes_two_statements_however_many_reads_and_keys(
    sessions: sessionmaker[Session], database_url: str, customers: int, keys: int
) -> None:
    values = dict(list(VALUES.items())[:keys])
    outcomes, statements = read_together(database_url, [shared(sessions, values) for _ in range(customers)])
    assert all(isinstance(o, Disclosed) and len(o.values) == keys for o in outcomes)
    assert statements == 2


def test_each_read_of_a_group_gets_its_own_decision_and_values(
    sessions: sessionmaker[Session], database_url: str
) -> None:
    tokens = [shared(sessions, {"buy.store": str(n)}) for n in range(10)]
    with sessions.begin() as session:
        session.execute(
            text("UPDATE access_tokens SET revoked_at = now() WHERE token_hash = :hash"),
            {"hash": token_hash(tokens[4])},
        )
    outcomes, _ = read_together(database_url, [*tokens, "ccxa_unknown", tokens[0]])
    told = [o.values[0].value if isinstance(o, Disclosed) else o.reason for o in outcomes]
    expected: list[str] = [str(n) for n in range(10)]
    expected[4] = Reason.TOKEN_REVOKED
    assert told == [*expected, Reason.TOKEN_UNKNOWN, "0"]


def test_every_read_of_a_group_has_its_line(sessions: sessionmaker[Session], database_url: str) -> None:
    tokens = [shared(sessions, {"buy.store": "1"}) for _ in range(5)]
    outcomes, _ = read_together(database_url, tokens * 3)
    customers = [o.grant.customer_id for o in outcomes if isinstance(o, Disclosed)]
    with sessions() as session:
        lines = session.execute(
            text("SELECT customer_id, count(*) FROM disclosures WHERE customer_id = ANY (:ids) GROUP BY 1"),
            {"ids": customers},
        ).all()
    assert {tuple(line) for line in lines} == {(customer_id, 3) for customer_id in customers}


def test_the_look_up_walks_indexes_only(database_url: str) -> None:
    """A plan that scanned a table would cost more with every customer that signs up."""

    async def plan() -> str:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await prepare(connection)
            explain = "EXPLAIN " + LOOK_UP.replace("%s", """'[["00", null], ["01", "ccxu_x"]]'""")
            rows = await (await connection.execute(explain)).fetchall()
            return "\n".join(row[0] for row in rows)

    steps = asyncio.run(plan())
    assert "Seq Scan" not in steps
    assert "Hash Join" not in steps
    assert "Merge Join" not in steps
