"""The quick way of introspection: a secret by HTTP Basic and a live access token, a group in one statement.

It only ever says yes. Whatever it does not settle (another way of authentication, a wrong secret, a token
that is over or a refresh token) goes the way of all OAuth requests, which counts failures and words refusals.
Nothing is cached: a token that ends is inactive for whoever asks after that.
"""

import base64
from collections.abc import Sequence

from psycopg_pool import AsyncConnectionPool

from ccx_broker.kit.coalescer import Coalescer
from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.rules import Introspected
from ccx_broker.oauth.rules.inspection import inspect
from ccx_broker.oauth.store import inspection as store
from ccx_broker.oauth.store.inspection import Question
from ccx_broker.organisations.rules import AUTH_METHODS

BASIC = "client_secret_basic"
OF_ANOTHER_WAY = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}


class Inspector:
    """Answers introspection requests that arrive together, together."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._gathered = Coalescer(self._answer, largest=256, at_once=1, most_waiting=20_000)

    async def inspect(self, asked: Question) -> Introspected | None:
        """Return what the client may learn; None if this way does not settle it."""
        return await self._gathered.ask(asked)

    async def _answer(self, questions: Sequence[Question]) -> list[Introspected | None]:
        async with self._pool.connection() as connection:
            facts = await store.look_up(connection, questions)
        return [inspect(each, BASIC in AUTH_METHODS.get(each.auth_method or "", ())) for each in facts]


def question(received: Received) -> Question | None:
    """Read the request; None if it is not of the plain kind (RFC 6749 §2.3.1, RFC 7662 §2.1)."""
    kind, _, credentials = received.headers.get("authorization", "").partition(" ")
    token = received.parameters.get("token", "")
    if kind.lower() != "basic" or not token.isascii() or OF_ANOTHER_WAY & received.parameters.keys():
        return None
    try:
        client_id, colon, secret = base64.b64decode(credentials, validate=True).decode("ascii").partition(":")
    except ValueError:
        return None
    plain = (
        colon and "%" not in client_id + secret and "+" not in client_id + secret and "\0" not in client_id
    )
    return Question(client_id, token_hash(secret), token_hash(token)) if plain else None
