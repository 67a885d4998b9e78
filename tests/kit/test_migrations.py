"""A database that can't be used is said to be so, in a sentence, and stays as it was."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ccx_broker.defaults.rules.prices import latest_lines
from ccx_broker.kit.migrations import check_database, migrate, migrations_folder
from ccx_broker.kit.unusable import Unusable
from tests.support import new_database


@pytest.fixture
def someone(database_url: str) -> str:
    """The address of an empty database, for a user who may make nothing in it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ccx_someone")
        connection.execute("DROP ROLE IF EXISTS ccx_someone")
        connection.execute("CREATE ROLE ccx_someone LOGIN")
        connection.execute("CREATE DATABASE ccx_someone")
    before, _, after = database_url.partition("ccx@/")
    return f"{before}ccx_someone@/ccx_someone?{after.partition('?')[2]}"


def test_a_migrated_database_is_left_alone(database_url: str) -> None:
    check_database(database_url)
    migrate(database_url)


def test_a_user_who_may_not_make_tables_is_told_so(someone: str) -> None:
    check_database(someone)
    with pytest.raises(Unusable, match=r"permission denied.*the right to make tables"):
        migrate(someone)


def test_a_newer_brokers_database_is_not_touched(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        before = connection.execute("UPDATE alembic_version SET version_num = '9999' RETURNING 1").fetchall()
        assert len(before) == 1
    try:
        with pytest.raises(Unusable, match="belongs to a newer broker"):
            migrate(database_url)
    finally:
        with psycopg.connect(database_url) as connection:
            head = ScriptDirectory(str(migrations_folder())).get_current_head()
            connection.execute("UPDATE alembic_version SET version_num = %s", [head])


def test_remembered_prices_keep_their_value_in_the_new_shape_and_back(
    worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database(f"ccx_older_{worker_id}")
    monkeypatch.setenv("CCX_DATABASE_URL", url)
    command.downgrade(Config("alembic.ini"), "0015")
    before = {
        "prices": {"first": "2026-03-02", "of": {"USD/TEA": [2, 99, [[29541780, 25000], [29541781, 7]]]}},
        "visits": {"w": 2**70},
    }
    others = [(uuid4(), {"visits": {"n": n}}) for n in range(1200)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for who, state in [(uuid4(), before), *others]:
            cursor.execute(
                "INSERT INTO customers (customer_id, email, name, created_at) VALUES (%s, %s, 'Kim', now())",
                (who, f"{who}@example.com"),
            )
            cursor.execute(
                "INSERT INTO estimator_states (customer_id, state, unconcluded, updated_at)"
                " VALUES (%s, %s, '{}', now())",
                (who, json.dumps(state)),
            )
    migrate(url)
    (after,) = (state for state in states(url) if "prices" in state)
    assert latest_lines(after["prices"]["of"]["USD/TEA"]) == [(29541780, 25000), (29541781, 7)]
    assert after["prices"]["of"]["USD/TEA"][:2] == [2, 99]
    assert after["visits"] == before["visits"]
    command.downgrade(Config("alembic.ini"), "0015")
    assert before in states(url)
    assert len(states(url)) == 1201


def states(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        return [json.loads(state) for (state,) in connection.execute("SELECT state FROM estimator_states")]
