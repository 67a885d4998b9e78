"""These tests guess wrong on purpose, and all tests come from one network address: nobody else shall wait for it."""

from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture(autouse=True)
def nobody_waits(database_url: str) -> Iterator[None]:
    """Forget the attempts that a test made."""
    yield
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM throttles")
