"""Brings a database to the newest schema; safe to call from any number of processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool

from ccx_broker.kit.db import sqlalchemy_url


def migrations_folder() -> Path:
    """Return the folder of the migrations: inside an installed package, beside `src` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def migrate(url: str) -> None:
    """Apply every migration that `url` lacks, in one transaction: all of them or none."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    with create_engine(sqlalchemy_url(url), poolclass=pool.NullPool).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
