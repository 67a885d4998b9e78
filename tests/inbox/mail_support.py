"""A mail server on a socket, which can be told to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import store as accounts
from ccx_broker.accounts.rules import Customer
from ccx_broker.inbox.mailing import PostOffice
from ccx_broker.kit.ids import new_id
from ccx_broker.kit.runtime import Keys
from ccx_broker.kit.smtp import mail_server
from ccx_broker.messages import service as messages
from ccx_broker.messages.rules import Kind
from tests.support import free_port

ISSUER = "https://ccx.example.org"
SENDER = "ccx@example.org"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Letterbox:
    """What arrived, to whom, in order; `answer` is what the server says to the next mails."""

    port: int = 0
    scheme: str = "smtp://127.0.0.1:{}"
    answer: str = "250 OK"
    arrived: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        """Take a mail, or refuse it."""
        if self.answer.startswith("250"):
            message = BytesParser(policy=default).parsebytes(envelope.content or b"")  # type: ignore[arg-type]
            self.arrived.extend((to, message) for to in envelope.rcpt_tos)  # type: ignore[misc]
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return what arrived for an address: the database is shared by many tests."""
        return [message for to, message in self.arrived if to == address]

    @property
    def post(self) -> PostOffice:
        """Return how a broker hands its mail over here."""
        return PostOffice(mail_server(self.url), SENDER, ISSUER, Keys(b"s" * 32, b"p" * 32))

    @property
    def url(self) -> str:
        """The setting that names this server."""
        return self.scheme.format(self.port)


@contextmanager
def letterbox(**more: Any) -> Iterator[Letterbox]:
    """Run a mail server until the block ends; `more` is for aiosmtpd's controller."""
    box = Letterbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **more)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def forget_mails(sessions: sessionmaker[Session]) -> None:
    """Empty the outbox of what other tests have left in it."""
    with sessions.begin() as session:
        session.execute(text("DELETE FROM mails"))


def somebody(sessions: sessionmaker[Session]) -> Customer:
    """Make a customer."""
    customer = Customer(new_id(), f"{uuid4().hex}@example.org", "Ada", NOW)
    with sessions.begin() as session:
        accounts.add_customer(session, customer)
    return customer


def tell(
    sessions: sessionmaker[Session],
    customer: Customer,
    kind: Kind = "grant_given",
    *,
    also_to: str | None = None,
) -> None:
    """Tell the customer something."""
    values = {"grant_id": str(new_id()), "organisation_id": str(new_id()), "device": "Lynx"}
    with sessions.begin() as session:
        messages.tell(session, customer.customer_id, kind, NOW, also_to=also_to, **values)
