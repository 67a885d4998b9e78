"""THE HOT PATH: one consented read, from the token to the durable ledger line. Read it top to bottom."""

from collections.abc import Sequence
from dataclasses import replace

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ccx_broker.disclosure import store
from ccx_broker.disclosure.rules import Disclosed, Facts, Reason, Refused, decide, proof_to_spend
from ccx_broker.disclosure.store import Question
from ccx_broker.kit.coalescer import Coalescer
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.ledger import store as ledger
from ccx_broker.ledger.rules import Disclosure
from ccx_broker.oauth.rules.proofs import Flawed, Proof
from ccx_broker.oauth.store import spent
from ccx_broker.profile.catalogue import CATALOGUE

Outcome = Disclosed | Refused


class Reader:
    """Answers reads. Those that arrive together are looked up, decided and recorded together."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._gathered = Coalescer(self._answer, largest=256, at_once=2, most_waiting=20_000)

    async def read(
        self, token: str, subject: str | None = None, proof: Proof | Flawed | None = None
    ) -> Outcome:
        """Read the token's customer, or the one whom its organisation knows as `subject`.

        `proof` came with the token (RFC 9449); its signature was checked, whether it fits is decided here.

        Whatever this returns stands in the ledger, committed. Raises `kit.coalescer.Overloaded`, or the
        database's error if the line could not be written: then nothing may leave.
        """
        return await self._gathered.ask(question(token, subject, proof))

    async def read_many(
        self, token: str, subjects: Sequence[str], proof: Proof | Flawed | None = None
    ) -> list[Outcome]:
        """Read several subjects; each is decided and recorded by itself."""
        questions = [question(token, subject, proof) for subject in subjects]
        if proof is None:
            asked = [self._gathered.ask(each) for each in questions]
            return [await answer for answer in asked]
        # One proof for all of them: the first question uses it up, the others stand and fall with it.
        first = await self._gathered.ask(questions[0])
        fresh = isinstance(first, Disclosed) or first.reason is not Reason.PROOF_USED_BEFORE
        asked = [self._gathered.ask(each._replace(fresh=fresh)) for each in questions[1:]]
        return [first, *[await answer for answer in asked]]

    async def _answer(self, questions: Sequence[Question]) -> list[Outcome]:
        """Look up once, decide each, write once. The write's commit comes before any answer."""
        async with self._pool.connection() as connection:
            facts = await store.look_up(connection, questions)
            if any(each.proof for each in questions):
                facts = await with_proofs_spent(connection, questions, facts)
            outcomes = [decide(each, CATALOGUE.inferable) for each in facts]
            await ledger.record(connection, [line for o in outcomes if (line := ledger_line(o))])
        return outcomes


async def with_proofs_spent(
    connection: AsyncConnection, questions: Sequence[Question], facts: Sequence[Facts]
) -> list[Facts]:
    """Use up the proofs of a group, and mark those that were used before: in one statement for all."""
    asked = [
        proof_to_spend(each) if q.fresh is None else None for q, each in zip(questions, facts, strict=True)
    ]
    left = await spent.spend_all(connection, {p.id_hash: p.expires_at for p in asked if p})
    marked = []
    for proof, each in zip(asked, facts, strict=True):
        was_used = proof is not None and proof.id_hash not in left
        marked.append(replace(each, fresh=False) if was_used else each)
        if proof:
            left.discard(proof.id_hash)  # of two in one group with the same proof, the first has it
    return marked


def question(token: str, subject: str | None, proof: Proof | Flawed | None = None) -> Question:
    """Return what to ask. A name that no subject can have becomes the empty one, which nobody has."""
    if subject is not None and not (subject.isascii() and subject.isprintable()):
        subject = ""
    return Question(token_hash(token), subject, proof)


def ledger_line(outcome: Outcome) -> Disclosure | None:
    """Return what the customer's log will say of it; None where no customer was named."""
    refused = outcome if isinstance(outcome, Refused) else None
    who = outcome if isinstance(outcome, Refused) else outcome.grant
    if who.customer_id is None or outcome.token is None:
        return None
    return Disclosure(
        customer_id=who.customer_id,
        disclosure_id=new_id(),
        at=outcome.at,
        organisation_id=outcome.token.organisation_id,
        client_id=outcome.token.client_id,
        grant_id=who.grant_id,
        outcome="refused" if refused else "disclosed",
        reason=refused.reason if refused else None,
        keys=() if isinstance(outcome, Refused) else tuple(held.key for held in outcome.values),
        purposes=() if isinstance(who, Refused) else who.purposes,
    )
