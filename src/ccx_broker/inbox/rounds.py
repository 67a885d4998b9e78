"""What a running broker does for messages by itself, every few seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.inbox import mailing, service
from ccx_broker.inbox.mailing import PostOffice

ENDS_EVERY = timedelta(hours=1)


class Round:
    """Looks for first looks and mails what is due; for coming ends too, once an hour.

    Reads pay nothing for it. Several processes may do it beside each other.
    """

    def __init__(
        self, sessions: sessionmaker[Session], post: PostOffice | None, clock: Callable[[], datetime]
    ) -> None:
        self.sessions, self.post, self.clock = sessions, post, clock
        self.ends_told_at: datetime | None = None

    def __call__(self) -> bool:
        """Do one round, which leaves nothing to do at once."""
        now = self.clock()
        service.tell_of_first_looks(self.sessions, now)
        if self.ends_told_at is None or now - self.ends_told_at >= ENDS_EVERY:
            service.tell_of_ends(self.sessions, now)
            mailing.give_up(self.sessions, now)
            self.ends_told_at = now
        if self.post is not None:
            mailing.deliver(self.sessions, self.post, now)
        return False
