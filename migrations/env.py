"""Runs migrations one at a time, and gives up rather than queue behind a long transaction."""

import os
from importlib import import_module

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from ccx_broker.kit.db import Base, sqlalchemy_url

FEATURES = ("accounts", "organisations", "profile", "defaults", "consent", "ledger", "messages", "oauth")
MIGRATION_LOCK = 0x434358  # "CCX": whoever holds it migrates, the others wait and find nothing to do

for feature in FEATURES:
    import_module(f"ccx_broker.{feature}.tables")


def run(connection: Connection) -> None:
    """Migrate over `connection`, in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        # A migration that waits for a lock makes everyone behind it wait too: fail and try again instead.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = sqlalchemy_url(os.environ["CCX_DATABASE_URL"])
    with create_engine(url, poolclass=pool.NullPool).connect() as opened:
        run(opened)
