"""The database: one engine, one kind of session, and a commit that comes before the answer."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from ccx_broker.kit.jsons import dumps, loads

# Constraint names are fixed by a convention so that a migration can name what it drops.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every feature's tables hang here, so that one migration history knows them all."""

    metadata = MetaData(naming_convention=NAMING)


def sqlalchemy_url(url: str) -> str:
    """Name the driver in a plain `postgresql://` address; SQLAlchemy would pick another."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgresql", "postgres") else url


def make_engine(url: str, *, connections: int) -> Engine:
    """Open a pool of at most `connections`: as many as there are threads that use it, so none waits twice."""
    options: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_pre_ping": True}
    return create_engine(sqlalchemy_url(url), json_serializer=dumps, json_deserializer=loads, **options)


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions hand out plain rows; nothing is reloaded behind the caller's back after a commit."""
    return sessionmaker(engine, expire_on_commit=False)


def open_session(request: Request) -> Iterator[Session]:
    """One transaction a request: committed if the endpoint returned, rolled back if it raised."""
    with request.app.state.runtime.sessions.begin() as session:
        yield session


# `scope="function"` commits *before* the body goes out: no one is told of a write that a crash could
# still take back, and nothing leaves before its ledger row is durable (promises 3 and 7).
Db = Annotated[Session, Depends(open_session, scope="function")]
