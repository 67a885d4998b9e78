"""How long to wait after wrong guesses, and how often one place may sign up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil


@dataclass(frozen=True)
class Attempts:
    """How often something was tried: wrong guesses and the last one, or uses and the first of the hour."""

    count: int
    at: datetime


@dataclass(frozen=True)
class Wait:
    """Not now; try again at `until`."""

    until: datetime

    def seconds(self, now: datetime) -> int:
        """Whole seconds to wait from `now`, at least 1 (RFC 9110 §10.2.3, Retry-After)."""
        return max(1, ceil((self.until - now).total_seconds()))


@dataclass(frozen=True)
class Backoff:
    """`free` wrong guesses cost nothing, each further one doubles the wait from a second to `longest`."""

    free: int
    longest: timedelta
    forgets_after: timedelta = timedelta(hours=1)

    def delay(self, count: int) -> timedelta:
        """How long nobody may try after `count` wrong guesses."""
        if count < self.free:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(count - self.free, 40)), self.longest)

    def claim(self, attempts: Attempts, now: datetime) -> Attempts | Wait:
        """Count a guess before it is checked, so that many at once are not all free; or say until when to wait."""
        if now - attempts.at >= self.forgets_after:
            return Attempts(1, now)
        delay = self.delay(attempts.count)
        # Requests that wait for the row come with times from before it: without a delay none is too early.
        if delay and now < attempts.at + delay:
            return Wait(attempts.at + delay)
        return Attempts(attempts.count + 1, max(now, attempts.at))


@dataclass(frozen=True)
class Quota:
    """At most `most` uses within `length` of the first."""

    most: int
    length: timedelta = timedelta(hours=1)

    def claim(self, attempts: Attempts, now: datetime) -> Attempts | Wait:
        """Count a use, or say when the next one is allowed."""
        if attempts.count == 0 or now - attempts.at >= self.length:
            return Attempts(1, now)
        if attempts.count < self.most:
            return Attempts(attempts.count + 1, attempts.at)
        return Wait(attempts.at + self.length)


def refund(attempts: Attempts) -> Attempts:
    """Take one's own guess back, since it was right.

    Only one's own: an address is a label that anybody may sign up with (decision 0006), so if a success
    wiped the count, a guesser would sign in to an account of their own in between.
    """
    return Attempts(max(0, attempts.count - 1), attempts.at)
