"""The one place that asks what time it is, so that rules are handed a time instead of taking one."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds: `2026-11-24T14:06:23.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
