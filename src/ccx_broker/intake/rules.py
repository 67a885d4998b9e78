"""Which events are taken in. Each refusal is a sentence that tells a developer what to change."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

MOST_EVENTS = 500
MOST_BYTES = 1024 * 1024
MOST_EVENT_BYTES = 128 * 1024
DEEPEST = 20
LONGEST_ID = 100
AHEAD = timedelta(days=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CONTENT = {"track": "properties", "identify": "traits"}
"""The types that are taken in, and where each has its content."""

# One sentence for all of them: which of them it is would tell who is a customer here, or was.
NOT_YOURS = "no live grant of a customer with this userId lets your organisation send behaviour"

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """An event whose form is right; whether its subject may be written about is not known yet."""

    index: int
    subject: str
    message_id: str
    name: str
    at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """An event that is not taken in: which, why, and the field to change."""

    index: int
    message_id: str | None
    field: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """The outcome of a batch; the numbers and the refusals add up to its length."""

    accepted: int
    duplicates: int
    refused: tuple[Refused, ...]


class _Wrong(Exception):
    """A field is wrong; `args` are the field and the reason."""


def check_event(index: int, event: object, size: int, now: datetime) -> Checked | Refused:
    """Check the form of one event of a batch; `size` is its JSON's, in bytes."""
    message_id = event.get("messageId") if isinstance(event, dict) else None
    try:
        return _checked(index, event, size, now)
    except _Wrong as wrong:
        field, reason = wrong.args
        known = message_id if isinstance(message_id, str) and len(message_id) <= LONGEST_ID else None
        return Refused(index, known, field, reason)


def _checked(index: int, event: object, size: int, now: datetime) -> Checked:
    if not isinstance(event, dict):
        raise _Wrong("", "an event is a JSON object")
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in CONTENT:
        raise _Wrong("type", f"use one of: {', '.join(CONTENT)}")
    message_id = _identifier(event, "messageId")
    subject = _identifier(event, "userId")
    name = _identifier(event, "event") if kind == "track" else kind
    at = _moment(event.get("timestamp"), now)
    content, context = event.get(CONTENT[kind], {}), event.get("context", {})
    body = {"type": kind, CONTENT[kind]: content, "context": context}
    for field, value in ((CONTENT[kind], content), ("context", context)):
        if not isinstance(value, dict):
            raise _Wrong(field, "use a JSON object")
    if not _can_be_kept(body, DEEPEST):
        raise _Wrong(CONTENT[kind], f"leave out U+0000 and endless numbers, nest at most {DEEPEST} deep")
    if size > MOST_EVENT_BYTES:
        raise _Wrong(CONTENT[kind], f"at most {MOST_EVENT_BYTES // 1024} KiB an event, context included")
    return Checked(index, subject, message_id, name, at, body)


def _identifier(event: Mapping[str, Any], field: str) -> str:
    """Return a short text of one line."""
    value = event.get(field)
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_ID or not value.isprintable():
        raise _Wrong(field, f"use a text of 1 to {LONGEST_ID} characters, without control characters")
    return value


def _moment(value: object, now: datetime) -> datetime:
    """Return a time that says its offset and lies in the past, not too far back."""
    wrong = _Wrong("timestamp", "use RFC 3339 with a time zone, such as 2026-11-24T14:06:23.123Z")
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        raise wrong
    try:
        at = datetime.fromisoformat(value.upper())
    except ValueError:
        raise wrong from None
    if at < EARLIEST:
        raise _Wrong("timestamp", "it lies before the year 2000; nothing is learnt from so long ago")
    if at - now > AHEAD:
        raise _Wrong("timestamp", "it lies more than a day ahead; send what has happened")
    return at


def _can_be_kept(value: dict[str, Any] | list[Any], deeper: int) -> bool:
    """Tell whether JSON has nothing in it that PostgreSQL's jsonb can't hold."""
    if isinstance(value, dict):
        if "\0" in "".join(value):
            return False
        parts: Iterable[Any] = value.values()
    else:
        parts = value
    for part in parts:
        if isinstance(part, str):
            if "\0" in part:
                return False
        elif isinstance(part, float):
            if not isfinite(part):
                return False
        elif isinstance(part, dict | list) and not (deeper > 0 and _can_be_kept(part, deeper - 1)):
            return False
    return True
