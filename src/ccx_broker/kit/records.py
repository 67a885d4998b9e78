"""Many rows in one parameter, so that a statement is the same whatever the number of rows."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Text, bindparam, cast, column, func, literal
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import NullType, TypeEngine

from ccx_broker.kit.jsons import dumps


def records(alias: str, rows: Iterable[Mapping[str, Any]], /, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """Return `rows` as a table of these columns, to select from or to join.

    They travel as one JSON text (`jsonb_to_recordset`). Against `INSERT … VALUES` of many rows that saves
    building the statement anew for each number of rows, and against arrays the escaping of every text.
    A JSON null in a jsonb column arrives as SQL's NULL.
    """
    return (
        func.jsonb_to_recordset(cast(literal(dumps(list(rows)), Text()), JSONB()))
        .table_valued(*(column(name, kind) for name, kind in columns.items()))
        .render_derived(name=alias, with_types=True)
    )


class _Texts(list[str]):
    """Texts for the database, which are sent as a binary array: nothing in them is escaped."""


psycopg.adapters.register_dumper(_Texts, ListBinaryDumper)


def texts(alias: str, /, **columns: Iterable[str]) -> TableValuedAlias:
    """Return equally long columns of texts as a table, for texts so long that `records` would be slow.

    As JSON, each would be escaped here and read twice there: for 1.5 MB of states in a statement that was as
    much work as writing them.
    """
    arrays = [
        cast(bindparam(None, _Texts(values), type_=NullType(), unique=True), ARRAY(Text()))
        for values in columns.values()
    ]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(name, Text()) for name in columns))
        .render_derived(name=alias)
    )
