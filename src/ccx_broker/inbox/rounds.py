"""What a running broker does for messages by itself, every few seconds, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.inbox import mailing, service
from ccx_broker.inbox.mailing import PostOffice

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two rounds."""
ENDS_EVERY = timedelta(hours=1)


class Rounds:
    """Looks for first looks and mails what is due every ten seconds, and for coming ends every hour.

    Reads pay nothing for it. Several processes may do it beside each other.
    """

    def __init__(
        self, sessions: sessionmaker[Session], post: PostOffice | None, clock: Callable[[], datetime]
    ) -> None:
        self.sessions, self.post, self.clock = sessions, post, clock
        self.stopping = threading.Event()
        self.ends_told_at: datetime | None = None
        self.failing: str | None = None
        self.thread = threading.Thread(target=self._run, name="messages", daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def stop(self) -> None:
        """End, at the latest after a few seconds; what a slow mail server has not taken is sent again later."""
        self.stopping.set()
        self.thread.join(3)

    def once(self) -> None:
        """Do one round."""
        now = self.clock()
        service.tell_of_first_looks(self.sessions, now)
        if self.ends_told_at is None or now - self.ends_told_at >= ENDS_EVERY:
            service.tell_of_ends(self.sessions, now)
            mailing.give_up(self.sessions, now)
            self.ends_told_at = now
        if self.post is not None:
            mailing.deliver(self.sessions, self.post, now)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.once()
                self.failing = None
            except Exception as error:  # the next round may succeed: a database or mail server comes back
                failing = type(error).__name__
                if failing != self.failing and not self.stopping.is_set():
                    log.warning("Messages wait: %s. It is tried again every %d seconds.", failing, EVERY)
                self.failing = failing
            self.stopping.wait(EVERY)
