"""The look-up of introspection: clients, tokens and grants of a whole group, in one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from ccx_broker.consent.rules import Detail, Grant
from ccx_broker.oauth.rules import AccessToken
from ccx_broker.oauth.rules.inspection import Facts

TOKEN_COLUMNS = [field.name for field in fields(AccessToken)]
GRANT_COLUMNS = [field.name for field in fields(Grant)]
TOKEN_FROM, GRANT_FROM = 4, 4 + len(TOKEN_COLUMNS)

LOOK_UP = f"""
SELECT now(), a.organisation_id, a.auth_method, a.secret_hash,
       {", ".join(f"t.{name}" for name in TOKEN_COLUMNS)},
       {", ".join(f"g.{name}" for name in GRANT_COLUMNS)}
  FROM (SELECT j ->> 0 AS client_id, decode(j ->> 1, 'hex') AS token_hash, place
          FROM json_array_elements(%s::json) WITH ORDINALITY AS asked (j, place)) AS q
  LEFT JOIN applications a ON a.client_id = q.client_id AND a.ended_at IS NULL
  LEFT JOIN access_tokens t ON t.token_hash = q.token_hash AND t.revoked_at IS NULL
  LEFT JOIN grants g ON g.customer_id = t.customer_id AND g.grant_id = t.grant_id
 ORDER BY q.place + 0
"""  # noqa: S608 (the names are those of our own fields)


class Question(NamedTuple):
    """Who asks, with which secret, about which token."""

    client_id: str
    secret_hash: bytes
    token_hash: bytes


async def look_up(connection: AsyncConnection, questions: Sequence[Question]) -> list[Facts]:
    """Return the facts of each question, in the order of the questions."""
    asked = orjson.dumps([(q.client_id, q.token_hash.hex()) for q in questions]).decode()
    cursor = await connection.execute(LOOK_UP, (asked,), prepare=True, binary=True)
    return [_facts(row, q) for q, row in zip(questions, await cursor.fetchall(), strict=True)]


def _facts(row: tuple[Any, ...], question: Question) -> Facts:
    at, organisation_id, auth_method, secret_hash = row[:TOKEN_FROM]
    token, grant = row[TOKEN_FROM:GRANT_FROM], row[GRANT_FROM:]
    return Facts(
        at=at,
        given_secret_hash=question.secret_hash,
        organisation_id=organisation_id,
        auth_method=auth_method,
        secret_hash=secret_hash,
        token=None if token[0] is None else _token(*token),
        grant=None if grant[0] is None else Grant(*grant),
    )


def _token(
    client_id: str,
    organisation_id: UUID,
    customer_id: UUID | None,
    grant_id: UUID | None,
    scopes: list[str],
    keys: list[str],
    issued_at: datetime,
    expires_at: datetime,
    audience: str,
    details: list[dict[str, Any]] | None,
    jkt: str | None,
) -> AccessToken:
    return AccessToken(
        client_id,
        organisation_id,
        customer_id,
        grant_id,
        frozenset(scopes),
        tuple(keys),
        issued_at,
        expires_at,
        audience,
        tuple(
            Detail(tuple(each["keys"]), tuple(each["purposes"]), each["include_defaults"])
            for each in details or ()
        ),
        jkt,
    )
