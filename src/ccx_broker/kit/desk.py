"""What the command line hands to the commands of the features."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import typer
from sqlalchemy.orm import Session, sessionmaker


@dataclass(frozen=True)
class Desk:
    """The database, opened when it is needed: one transaction, or as many as a long job takes; and the
    catalogue's keys, each with its step."""

    transaction: Callable[[], AbstractContextManager[Session]]
    sessions: Callable[[], AbstractContextManager[sessionmaker[Session]]]
    vocabulary: Callable[[], Mapping[str, str]]


def desk(context: typer.Context) -> Desk:
    """Return what `cli` put into the context."""
    found = context.find_object(Desk)
    assert found is not None  # noqa: S101
    return found
