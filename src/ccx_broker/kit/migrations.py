"""Brings a database to the newest schema; safe to call from any number of processes at once."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from ccx_broker.kit.db import sqlalchemy_url
from ccx_broker.kit.unusable import Unusable

OLDEST_POSTGRES = 15


def migrations_folder() -> Path:
    """Return the folder of the migrations: inside an installed package, beside `src` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def check_database(url: str) -> None:
    """Raise `Unusable` unless a PostgreSQL that is new enough answers at `url`."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        raise Unusable(
            f"The database can't be reached: start it or correct CCX_DATABASE_URL ({str(error).strip()})."
        ) from error
    if version < OLDEST_POSTGRES:
        raise Unusable(f"The database is PostgreSQL {version}: upgrade it to {OLDEST_POSTGRES} or newer.")


def migrate(url: str) -> None:
    """Apply every migration that `url` lacks, in one transaction: all of them or none; raises `Unusable`."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    try:
        with create_engine(sqlalchemy_url(url), poolclass=pool.NullPool).connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise Unusable(f"The database belongs to a newer broker: run that one ({error}).") from error
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise Unusable(
            f"The database was not migrated, and nothing was changed: {reason}. If something "
            "held a lock, try again; else give the user in CCX_DATABASE_URL the right to make tables."
        ) from error
