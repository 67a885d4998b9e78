"""The outbox: each mail goes out at least once, and in normal running once, however many processes there are.

A mail is claimed before it is sent: it is due again later, so whoever dies over it only delays it. Sent, it
is taken out. One that can't be delivered waits twice as long with every try, and after three days is given up.
"""

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import store as accounts
from ccx_broker.accounts.rules import normal_email
from ccx_broker.accounts.rules.attempts import Quota, Wait
from ccx_broker.accounts.store import limits
from ccx_broker.inbox.letters import letter
from ccx_broker.kit.language import best, language
from ccx_broker.kit.runtime import Keys
from ccx_broker.kit.smtp import MailServer
from ccx_broker.messages import store
from ccx_broker.messages.rules import SECURITY, Mail
from ccx_broker.profile import store as profile

log = logging.getLogger(__name__)

BATCH = 10
"""So many mails are claimed at once; even a slow server takes them before they are due again."""
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP = timedelta(days=3)
PER_ADDRESS = Quota(10)
"""Mails to one address in an hour. Anybody may sign up with anybody's address, as often as they like."""


_Letter = tuple[Mail, tuple[str, EmailMessage] | None]
"""A mail with its address and text; None if it is not wanted any more."""


@dataclass(frozen=True)
class PostOffice:
    """How mail leaves: over which server, as whom, and the address of the broker that it leads to."""

    server: MailServer
    sender: str
    issuer: str
    keys: Keys


def deliver(sessions: sessionmaker[Session], post: PostOffice, now: datetime) -> int:
    """Send what is due at `now`; return how many mails were sent. Raises `OSError` if the server is away."""
    with sessions.begin() as session:
        if not store.is_mail_due(session, now):
            return 0
    sent = 0
    with post.server.connect() as smtp:
        while True:
            # The transaction is over before anything is sent: no lock is held while a server thinks.
            with sessions.begin() as session:
                claimed = store.claim_mails(session, now, BATCH, FIRST_WAIT, LONGEST_WAIT)
                letters = [(mail, _letter(session, mail, post)) for mail in claimed]
                letters = _allowed(session, letters, post.keys, now)
            if not claimed:
                return sent
            sent += _send(sessions, smtp, post.sender, letters)


def give_up(sessions: sessionmaker[Session], now: datetime) -> None:
    """Forget mails that nobody could deliver; the messages stay in the inbox."""
    while True:
        with sessions.begin() as session:
            if not store.drop_old_mails(session, now - GIVE_UP, 1000):
                return


def _send(
    sessions: sessionmaker[Session],
    smtp: smtplib.SMTP,
    sender: str,
    letters: Sequence[_Letter],
) -> int:
    sent = 0
    for mail, addressed in letters:
        if addressed is not None:
            address, message = addressed
            try:
                smtp.send_message(message, sender, [address])
                sent += 1
            except smtplib.SMTPServerDisconnected:
                raise
            except smtplib.SMTPException as error:
                log.warning("A mail was refused (%s); its id is %s.", _code(error), mail.mail_id)
                if not _is_final(error):
                    continue
        with sessions.begin() as session:
            store.drop_mail(session, mail)
    return sent


def _letter(session: Session, mail: Mail, post: PostOffice) -> tuple[str, EmailMessage] | None:
    """Return to whom the mail goes, and the mail; None if it is not wanted or can't be written."""
    customer = accounts.find_customer(session, mail.customer_id)
    if customer is None:
        return None
    if mail.kind not in SECURITY and not store.wants_mail(session, mail.customer_id):
        return None
    stated = profile.stated_value(session, mail.customer_id, "language")
    spoken = language(best([stated] if isinstance(stated, str) else []) or "en")
    address = mail.address or customer.email
    written = letter(mail, address, spoken, sender=post.sender, issuer=post.issuer)
    return None if written is None else (address, written)


def _allowed(session: Session, letters: Sequence[_Letter], keys: Keys, now: datetime) -> list[_Letter]:
    """Return the letters without those that are one too many for their address: they stay in the outbox.

    All addresses are locked at once, in one order, so that two processes can't wait for each other.
    """
    buckets = {a[0]: keys.mac("mails.address", normal_email(a[0])) for _, a in letters if a is not None}
    counted = limits.lock_attempts(session, set(buckets.values()), now) if buckets else {}
    allowed = []
    for mail, addressed in letters:
        if addressed is not None:
            bucket = buckets[addressed[0]]
            claim = PER_ADDRESS.claim(counted[bucket], now)
            if isinstance(claim, Wait):
                continue
            counted[bucket] = claim
        allowed.append((mail, addressed))
    limits.save_attempts(session, counted)
    return allowed


def _code(error: smtplib.SMTPException) -> int:
    """Return the code of the server's answer (RFC 5321 §4.2), or 0 if it was never asked."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _is_final(error: smtplib.SMTPException) -> bool:
    """Whether trying again is useless: a 5xx, or an address that this server can't write (RFC 6531)."""
    return isinstance(error, smtplib.SMTPNotSupportedError) or _code(error) >= 500
