"""One customer lives on one shard: tables begin their key with `customer_id`, and ids are never counted up."""

from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Table

from ccx_broker.kit.db import Base

PACKAGE = Path(__file__).parents[2] / "src" / "ccx_broker"
for tables in sorted(PACKAGE.glob("*/tables.py")):
    import_module(f"ccx_broker.{tables.parent.name}.tables")

TABLES = sorted(Base.metadata.tables.values(), key=lambda table: table.name)

# What is looked up before anybody knows the customer has a table of its own, distributed by what it is
# looked up by (or, where it belongs to organisations, copied to every shard).
OTHERWISE = {
    "access_tokens": "looked up by the hash of a token",
    "applications": "belongs to an organisation",
    "authorization_codes": "looked up by the hash of the code",
    "credentials": "looked up by the hash of an e-mail address",
    "device_requests": "looked up by the hash of a code; is no customer's yet",
    "grant_owners": "looked up by the id of the grant, which is all that its organisation names",
    "oauth_failures": "counts failures of addresses and clients, which belong to nobody",
    "organisations": "is no customer's",
    "populations": "holds sums over many customers, and is nobody's",
    "pushed_requests": "looked up by the hash of its URI; is no customer's yet",
    "recovery_codes": "looked up by the hash of a code",
    "refresh_tokens": "looked up by the hash of a token",
    "registration_tokens": "belongs to an organisation",
    "signing_keys": "is the broker's own",
    "spent_challenges": "looked up by the hash of a challenge that is good for one answer",
    "spent_ids": "looked up by the hash of an id that is good for one use",
    "subjects": "looked up by the name under which an organisation knows somebody",
    "throttles": "counts attempts, also for addresses that belong to nobody",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_key_begins_with_the_customer(table: Table) -> None:
    first = next(iter(table.primary_key.columns)).name
    assert first == "customer_id" or table.name in OTHERWISE, (
        f"{table.name}'s key begins with {first}: begin it with customer_id, or give a reason in OTHERWISE"
    )


def test_every_exception_is_a_table_that_needs_one() -> None:
    keys = {table.name: next(iter(table.primary_key.columns)).name for table in TABLES}
    assert {name for name, first in keys.items() if first != "customer_id"} == set(OTHERWISE)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_unique_indexes_of_a_customers_table_hold_the_customer(table: Table) -> None:
    if table.name in OTHERWISE:
        return
    uniques = [index for index in table.indexes if index.unique]
    uniques += [c for c in table.constraints if type(c).__name__ == "UniqueConstraint"]  # type: ignore[misc]
    for unique in uniques:
        assert "customer_id" in [column.name for column in unique.columns], f"{unique.name} can't be sharded"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_id_is_counted_up(table: Table) -> None:
    """A sequence is one place that all shards would have to ask."""
    for column in table.columns:
        assert column.identity is None, f"{table.name}.{column.name}"
        assert column is not table.autoincrement_column, f"{table.name}.{column.name}"
