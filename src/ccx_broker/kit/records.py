"""Many rows in one parameter, so that a statement is the same whatever the number of rows."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Text, cast, column, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine


def records(alias: str, rows: Iterable[Mapping[str, Any]], /, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """Return `rows` as a table of these columns, to select from or to join.

    They travel as one JSON text (`jsonb_to_recordset`). Against `INSERT … VALUES` of many rows that saves
    building the statement anew for each number of rows, and against arrays the escaping of every text.
    A JSON null in a jsonb column arrives as SQL's NULL.
    """
    return (
        func.jsonb_to_recordset(cast(literal(_text(list(rows)), Text()), JSONB()))
        .table_valued(*(column(name, kind) for name, kind in columns.items()))
        .render_derived(name=alias, with_types=True)
    )


def _text(rows: list[Mapping[str, Any]]) -> str:
    """Write rows as JSON, UUIDs and times as text; the quick way if no number in them is longer than 64 bits."""
    try:
        return orjson.dumps(rows).decode()
    except orjson.JSONEncodeError:
        return json.dumps(rows, separators=(",", ":"), default=str)
