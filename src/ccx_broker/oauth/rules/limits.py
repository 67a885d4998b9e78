"""How much one network address or client may ask of the OAuth endpoints in a minute. Pure, and in memory.

Windows are fixed and the same for every process: the minutes of the clock. Decision 11 says why so.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(minutes=1)

GUESSED = frozenset({"invalid_client", "invalid_grant", "invalid_token"})
"""The errors (RFC 6749 §5.2, RFC 6750 §3.1) that whoever guesses secrets, codes or tokens gets.

An honest client gets them now and then. The others are mistakes of a kind that guessing doesn't make.
"""

STARTING = frozenset({"/oauth/authorize", "/oauth/par", "/oauth/device_authorization", "/oauth/register"})
"""Where something begins that is kept until it is over; the others use up or look up what there is."""


@dataclass(frozen=True)
class Limits:
    """How many are allowed in one window."""

    failures: int
    starts: int
    requests: int


def window_of(now: datetime) -> datetime:
    """Return when the window of `now` began."""
    length = int(WINDOW.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


def seconds_left(now: datetime) -> int:
    """Return the whole seconds until the next window, at least 1 (RFC 9110 §10.2.3, Retry-After)."""
    return max(1, int((window_of(now) + WINDOW - now).total_seconds()))


@dataclass
class Table:
    """Counts of one window, for at most `most` names; the oldest name gives way to a new one.

    Names that are over their limit are kept apart, so that nobody gets rid of a refusal by coming from
    many addresses. When that is full as well, the oldest refusal goes: memory is bounded in any case.
    """

    most: int = 20_000
    window: datetime | None = None
    counts: dict[Hashable, int] = field(default_factory=dict)
    refused: dict[Hashable, None] = field(default_factory=dict)

    def count(self, name: Hashable, limit: int, now: datetime) -> bool:
        """Count one more of `name`; False if that is more than `limit`."""
        self._begin(now)
        if name in self.refused:
            return False
        count = self.counts.pop(name, 0) + 1
        if count > limit:
            self.refuse(name, now)
            return False
        _make_room(self.counts, self.most)
        self.counts[name] = count
        return True

    def refuse(self, name: Hashable, now: datetime) -> None:
        """Refuse `name` for the rest of the window."""
        self._begin(now)
        _make_room(self.refused, self.most)
        self.refused[name] = None

    def refuses(self, name: Hashable, now: datetime) -> bool:
        """Say whether `name` is over its limit, without counting."""
        self._begin(now)
        return name in self.refused

    def _begin(self, now: datetime) -> None:
        window = window_of(now)
        if window != self.window:
            self.window = window
            self.counts.clear()
            self.refused.clear()


def _make_room(table: dict[Hashable, int] | dict[Hashable, None], most: int) -> None:
    if len(table) >= most:
        del table[next(iter(table))]
