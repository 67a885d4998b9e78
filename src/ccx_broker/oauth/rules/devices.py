"""The device flow's codes and what a poll is told (RFC 8628). Pure decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

LIFETIME = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two polls at first (§3.2), and what `slow_down` adds to them (§3.5)."""

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words; no digits, so no 0 and O (§6.1). Eight of them are 34 bits."""

GUESSES = 10
"""How many codes one session may type in one `GUESS_WINDOW`."""
GUESSES_OF_NETWORK = 100
"""The same for a network address, which many people may share."""
GUESS_WINDOW = timedelta(minutes=10)

Verdict = Literal["unknown", "expired", "denied", "slow_down", "pending", "used"]


@dataclass(frozen=True)
class DeviceRequest:
    """What a device has asked for, as it is kept; with `code_hash` the customer has agreed."""

    client_id: str
    parameters: Mapping[str, str]
    interval: int
    polled_at: datetime | None
    expires_at: datetime
    answered_at: datetime | None
    code_hash: bytes | None


def normal_user_code(typed: str) -> str | None:
    """Return the eight letters that somebody typed, in whatever case and with whatever between (§6.1)."""
    letters = "".join(each for each in typed.upper() if each.isalnum())
    return letters if len(letters) == 8 and set(letters) <= set(ALPHABET) else None


def shown_user_code(letters: str) -> str:
    """Write a user code as people read it: `WDJB-MJHT`."""
    return f"{letters[:4]}-{letters[4:]}"


def judge_poll(found: DeviceRequest | None, client_id: str, now: datetime) -> Verdict:
    """Say why a poll gets no token (§3.5); another client's device code is as unknown as none."""
    if found is None or found.client_id != client_id:
        return "unknown"
    if found.answered_at is not None:
        return "denied" if found.code_hash is None else "used"
    if found.expires_at <= now:
        return "expired"
    too_soon = found.polled_at is not None and now < found.polled_at + timedelta(seconds=found.interval)
    return "slow_down" if too_soon else "pending"


def guess_window(now: datetime) -> datetime:
    """Return when the window of `now` began, in which typed codes are counted."""
    length = int(GUESS_WINDOW.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, now.tzinfo)
