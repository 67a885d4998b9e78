"""Many rows in one parameter, so that a statement is the same whatever the number of rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Text, cast, column, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

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
