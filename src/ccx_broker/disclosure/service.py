"""THE HOT PATH: one consented read, from the token to the durable ledger line. Read it top to bottom."""

from collections.abc import Sequence

from psycopg_pool import AsyncConnectionPool

from ccx_broker.disclosure import store
from ccx_broker.disclosure.rules import Disclosed, Refused, decide
from ccx_broker.disclosure.store import Question
from ccx_broker.kit.coalescer import Coalescer
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Disclosure
from ccx_broker.profile.catalogue import CATALOGUE

Outcome = Disclosed | Refused


class Reader:
    """Answers reads. Those that arrive together are looked up, decided and recorded together."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._gathered = Coalescer(self._answer, largest=256, at_once=1, most_waiting=20_000)

    async def read(self, token: str, subject: str | None = None) -> Outcome:
        """Read the token's customer, or the one whom its organisation knows as `subject`.

        Whatever this returns stands in the ledger, committed. Raises `kit.coalescer.Overloaded`, or the
        database's error if the line could not be written: then nothing may leave.
        """
        return await self._gathered.ask(question(token, subject))

    async def read_many(self, token: str, subjects: Sequence[str]) -> list[Outcome]:
        """Read several subjects; each is decided and recorded by itself."""
        asked = [self._gathered.ask(question(token, subject)) for subject in subjects]
        return [await answer for answer in asked]

    async def _answer(self, questions: Sequence[Question]) -> list[Outcome]:
        """Look up once, decide each, write once. The write's commit comes before any answer."""
        async with self._pool.connection() as connection:
            facts = await store.look_up(connection, questions)
            outcomes = [decide(each, CATALOGUE.inferable) for each in facts]
            await ledger.record(connection, [line for o in outcomes if (line := ledger_line(o))])
        return outcomes


def question(token: str, subject: str | None) -> Question:
    """Return what to ask. A name that no subject can have becomes the empty one, which nobody has."""
    if subject is not None and not (subject.isascii() and subject.isprintable()):
        subject = ""
    return Question(token_hash(token), subject)


def ledger_line(outcome: Outcome) -> Disclosure | None:
    """Return what the customer's log will say of it; None where no customer was named."""
    if isinstance(outcome, Disclosed):
        return Disclosure(
            customer_id=outcome.grant.customer_id,
            disclosure_id=new_id(),
            at=outcome.at,
            organisation_id=outcome.token.organisation_id,
            client_id=outcome.token.client_id,
            grant_id=outcome.grant.grant_id,
            outcome="disclosed",
            reason=None,
            keys=tuple(held.key for held in outcome.values),
            purposes=outcome.grant.purposes,
        )
    if outcome.customer_id is None or outcome.token is None:
        return None
    return Disclosure(
        customer_id=outcome.customer_id,
        disclosure_id=new_id(),
        at=outcome.at,
        organisation_id=outcome.token.organisation_id,
        client_id=outcome.token.client_id,
        grant_id=outcome.grant_id,
        outcome="refused",
        reason=outcome.reason,
        keys=(),
        purposes=(),
    )
