"""Evidence in plain words."""

from datetime import date


def a_day(day: date) -> str:
    """Return `3 March 2017`."""
    return f"{day.day} {day:%B %Y}"


def period(first: str, last: str) -> str:
    """Return `between 3 March and 12 October 2017` from two ISO days, naming the year once if it is one."""
    since, until = date.fromisoformat(first), date.fromisoformat(last)
    if since == until:
        return f"on {a_day(since)}"
    start = f"{since.day} {since:%B}" if since.year == until.year else a_day(since)
    return f"between {start} and {a_day(until)}"


def listed(names: list[str]) -> str:
    """Return `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
