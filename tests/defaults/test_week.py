"""Hours of the week: the customer's own windows are found among what strays, and named as the catalogue wants."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ccx_broker.defaults.rules import ESTIMATORS, learn_from
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import Population, cells_of_others
from ccx_broker.defaults.rules.week import DAYS, HOURS, HoursOfWeek, as_value
from ccx_broker.profile.catalogue import check_value
from tests.defaults.behaviour import did, guessed, outcome, served
from tests.defaults.examples import NEW_YORK

Hours = frozenset[tuple[int, int]]
OF = {e.key: e for e in ESTIMATORS if isinstance(e, HoursOfWeek)}
MONDAY = datetime(2026, 3, 9, tzinfo=ZoneInfo(NEW_YORK))


def hours_of(value: Any) -> Hours:
    """Return the calendar hours of a value as the catalogue writes it."""
    found = set()
    for window in value:
        first, last = int(window["from"][:2]), int(window["to"][:2])
        length = (last - first) % 24 or 24
        for day in window["days"]:
            found |= {((DAYS.index(day) + (first + n) // 24) % 7, (first + n) % 24) for n in range(length)}
    return frozenset(found)


def evenings(days: Sequence[int], first: int, length: int) -> Hours:
    return frozenset(((d + (first + n) // 24) % 7, (first + n) % 24) for d in days for n in range(length))


def at(week: int, day: int, hour: int) -> datetime:
    return MONDAY + timedelta(weeks=week, days=day, hours=hour, minutes=20)


def event(key: str, week: int, day: int, hour: int) -> Observation:
    """Return an event by which a customer shows this hour."""
    moment = at(week, day, hour)
    if key == "contact.hours":
        return did("Message Opened", moment, channel="push")
    if key == "support.callback_window":
        return did("Callback Requested", at(week, 0, 0), at=moment.replace(tzinfo=None).isoformat())
    start = moment.replace(minute=0, tzinfo=None)
    end = start + timedelta(hours=1)
    return did("Delivery Slot Chosen", at(week, 0, 0), **{"from": start.isoformat(), "to": end.isoformat()})


def precision(value: Any, truth: Hours) -> float:
    """Return which share of the hours named are the customer's."""
    named = hours_of(value)
    return len(named & truth) / len(named)


def customer(key: str, events: int) -> Callable[[Random], tuple[Hours, Sequence[Observation]]]:
    """Return a maker of customers with a window from Monday to Friday and one at the weekend."""
    stray = OF[key].stray

    def make(random: Random) -> tuple[Hours, Sequence[Observation]]:
        truth: set[tuple[int, int]] = set()
        observations = []
        for part in ((0, 1, 2, 3, 4), (5, 6)):
            days = part if random.random() < 0.5 else (random.choice(part),)
            length = random.choice((1, 2, 3, 4, 5, 6, 8, 10, 12))
            first = random.randrange(HOURS.start, HOURS.stop - length + 1)
            window = [(day, first + n) for day in days for n in range(length)]
            others = [(day, hour) for day in part for hour in HOURS if (day, hour) not in window]
            truth |= evenings(days, first, length)
            for _ in range(events * len(part) // 7 + 1):
                day, hour = random.choice(others if random.random() < stray else window)
                observations.append(event(key, random.randrange(8), day, hour))
        return frozenset(truth), observations

    return make


@pytest.mark.parametrize("key", OF)
def test_an_evening_on_weekdays_and_a_morning_at_the_weekend_are_told_apart(key: str) -> None:
    shown = [event(key, week, day, 18 + (week + day) % 3) for week in range(6) for day in range(5)]
    shown += [event(key, week, day, 9 + week % 2) for week in range(6) for day in (5, 6)]
    value = served(key, shown)
    assert value == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "18:00", "to": "21:00"},
        {"days": ["sat", "sun"], "from": "09:00", "to": "11:00"},
    ]
    check_value(key, value)


@pytest.mark.parametrize("key", OF)
def test_a_single_day_is_found(key: str) -> None:
    assert served(key, [event(key, week, 2, 14) for week in range(8)]) == [
        {"days": ["wed"], "from": "14:00", "to": "15:00"}
    ]


def test_an_evening_that_runs_over_midnight_stays_one() -> None:
    late = [event("contact.hours", week, day, 22 + week % 4) for week in range(12) for day in range(5)]
    assert served("contact.hours", late) == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "22:00", "to": "02:00"}
    ]


@pytest.mark.parametrize("key", OF)
def test_hours_all_over_the_week_have_no_window_worth_telling(key: str) -> None:
    random = Random(1)
    anywhere = [event(key, random.randrange(9), random.randrange(7), random.randrange(24)) for _ in range(80)]
    found = guessed(key, anywhere)
    value = served(key, anywhere)
    assert found is not None
    assert value is None or len(hours_of(value)) > 60
    assert guessed(key, []) is None


@pytest.mark.parametrize("events", [5, 15, 40])
@pytest.mark.parametrize("key", OF)
def test_hours_are_as_sure_as_they_are_right(key: str, events: int) -> None:
    found = outcome(key, customer(key, events), customers=150, is_right=precision)
    assert found.confidence == pytest.approx(found.right, abs=0.07)


@pytest.mark.parametrize("key", OF)
def test_with_enough_events_the_hours_named_are_the_customers(key: str) -> None:
    found = outcome(key, customer(key, 80), customers=100, is_right=precision)
    assert found.told_right >= 0.85
    assert found.told >= 0.8


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        (
            {"from": "2026-03-14T18:00", "to": "2026-03-14T20:00"},
            {"days": ["sat"], "from": "18:00", "to": "20:00"},
        ),
        (
            {"from": "18:00", "to": "20:00", "days": ["tue"]},
            {"days": ["tue"], "from": "18:00", "to": "20:00"},
        ),
        (
            {"from": "22:00", "to": "24:00", "days": ["sun"]},
            {"days": ["sun"], "from": "22:00", "to": "24:00"},
        ),
        ({"from": "09:30", "to": "11:00"}, {"days": ["mon"], "from": "09:00", "to": "11:00"}),
        (
            {"from": "23:00", "to": "01:00", "days": ["fri"]},
            {"days": ["fri"], "from": "23:00", "to": "01:00"},
        ),
    ],
)
def test_slots_are_read_in_each_form(properties: dict[str, Any], value: dict[str, Any]) -> None:
    slots = [did("Delivery Slot Chosen", at(week, 0, 12), **properties) for week in range(10)]
    assert served("deliver.window", slots) == [value]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"from": "18:00"},
        {"from": "soon", "to": "later"},
        {"from": "08:00", "to": "22:00"},
        {"from": "18:00", "to": "18:00"},
        {"from": "25:00", "to": "26:00"},
        {"from": "18:00", "to": "20:00", "days": ["someday"]},
        {"from": 18, "to": 20},
    ],
)
def test_slots_that_say_nothing_teach_nothing(properties: dict[str, Any]) -> None:
    assert guessed("deliver.window", [did("Delivery Slot Chosen", at(0, 0, 12), **properties)]) is None


def test_without_a_local_clock_no_hour_is_learnt() -> None:
    from ccx_broker.defaults.rules.observation import observe

    seen = observe("Message Opened", "shop", datetime(2026, 3, 9, 18, tzinfo=UTC), {"channel": "sms"}, {})
    assert seen is not None
    assert guessed("contact.hours", [seen]) is None


def test_when_others_do_it_is_learnt_and_told() -> None:
    of = OF["contact.hours"]
    made = [
        (i % 4, learn_from({}, [event("contact.hours", week, 1, 18 + i // 4 % 2) for week in range(4)]))
        for i in range(120)
    ]
    cells = cells_of_others((fold, of.census(states)) for fold, states in made)
    typical = of.distil(cells[0])
    assert typical == {"hours": {"tue 18": 0.5, "tue 19": 0.5}}
    view = Population(120, ({of.key: typical},) * 4, {}).view(0)
    found = guessed(of.key, [event(of.key, week, 1, 18) for week in range(8)], view)
    assert found is not None
    assert found.evidence["sentence"] == (
        "You opened or answered 8 of 8 messages in these hours, between 10 March 2026 and 28 April 2026."
        " On average, others do 50 % of it in these hours."
    )


def test_days_with_the_same_hours_share_a_window() -> None:
    assert as_value([(0, 9), (0, 10), (1, 9), (1, 10), (2, 20)]) == [
        {"days": ["mon", "tue"], "from": "09:00", "to": "11:00"},
        {"days": ["wed"], "from": "20:00", "to": "21:00"},
    ]
    assert as_value([(6, hour) for hour in HOURS]) == [{"days": ["sun"], "from": "04:00", "to": "04:00"}]
