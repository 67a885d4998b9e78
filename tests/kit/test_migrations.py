"""A database that can't be used is said to be so, in a sentence, and stays as it was."""

import psycopg
import pytest
from alembic.script import ScriptDirectory

from ccx_broker.kit.migrations import check_database, migrate, migrations_folder
from ccx_broker.kit.unusable import Unusable


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
