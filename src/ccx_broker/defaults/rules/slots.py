"""From the times that an event names to hours of the week."""

from collections.abc import Sequence
from datetime import datetime

from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.properties import Value
from ccx_broker.defaults.rules.week import DAYS, hour_name

LONGEST = 12
"""A slot of more hours than these says nothing about when."""


def slot_hours(observation: Observation) -> Sequence[str]:
    """Return the hours of the week that lie in the slot between `from` and `to`.

    Both are ISO 8601 by the clock of the place: `2026-03-07T18:00`, or `18:00` with the `days` (`["sat"]`)
    or else on the day of the event. A slot may run over midnight.
    """
    seen = observation.properties
    first, last = _minute(seen.get("from")), _minute(seen.get("to"))
    if first is None or last is None:
        return ()
    hours = -(-((last - first) % (24 * 60)) // 60)
    if not 0 < hours <= LONGEST:
        return ()
    return [
        hour_name((day + (first // 60 + n) // 24) % 7, (first // 60 + n) % 24)
        for day in _days(observation)
        for n in range(hours)
    ]


def hour_of_event(observation: Observation) -> Sequence[str]:
    """Return the hour of the week at which the event happened, by the clock of the place."""
    return _hour(observation.local)


def hour_at(observation: Observation) -> Sequence[str]:
    """Return the hour of the week of the moment `at`."""
    return _hour(_moment(observation.properties.get("at")))


def _hour(moment: datetime | None) -> Sequence[str]:
    return () if moment is None else (hour_name(moment.weekday(), moment.hour),)


def _days(observation: Observation) -> Sequence[int]:
    """Return the days of a slot: those named, those of `from`, or that of the event."""
    named = observation.properties.get("days")
    if isinstance(named, tuple):
        return [DAYS.index(day) for day in sorted(set(named)) if day in DAYS]
    moment = _moment(observation.properties.get("from")) or observation.local
    return () if moment is None else (moment.weekday(),)


def _minute(value: Value | None) -> int | None:
    """Return the minute of the day of a time, with a date or without."""
    if isinstance(value, str) and value == "24:00":
        return 24 * 60
    if isinstance(value, str) and len(value) == 5:
        value = f"2000-01-01T{value}"
    moment = _moment(value)
    return None if moment is None else moment.hour * 60 + moment.minute


def _moment(value: Value | None) -> datetime | None:
    """Return a date with a time of day; None for anything else."""
    if not isinstance(value, str) or len(value) < 16:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
