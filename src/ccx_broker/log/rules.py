"""The chart of the log: bars for weeks, a row for each organisation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from ccx_broker.ledger.rules import Week

WEEKS = 12


@dataclass(frozen=True)
class Bar:
    """One week of one organisation. Heights are parts of 100, of the tallest week of all."""

    monday: date
    disclosed: int
    refused: int
    height: int
    refused_height: int


@dataclass(frozen=True)
class Row:
    """One organisation's weeks, the oldest first."""

    organisation_id: UUID
    bars: tuple[Bar, ...]

    @property
    def looks(self) -> int:
        """Return how often it was handed something in these weeks."""
        return sum(bar.disclosed for bar in self.bars)

    @property
    def refusals(self) -> int:
        """Return how often it was refused in these weeks."""
        return sum(bar.refused for bar in self.bars)


def mondays(now: datetime) -> tuple[date, ...]:
    """Return the Mondays (UTC) on which the weeks of the chart begin, this week's last."""
    this = now.date() - timedelta(days=now.weekday())
    return tuple(this - timedelta(weeks=WEEKS - 1 - i) for i in range(WEEKS))


def chart(weeks: Sequence[Week], now: datetime) -> list[Row]:
    """Return a row for each organisation that looked in the weeks of the chart, the busiest first."""
    counted: dict[UUID, dict[date, Week]] = defaultdict(dict)
    for week in weeks:
        counted[week.organisation_id][week.monday] = week
    tallest = max((week.disclosed + week.refused for week in weeks), default=0)
    rows = [
        Row(
            organisation_id,
            tuple(
                _bar(monday, of.get(monday) or Week(organisation_id, monday, 0, 0), tallest)
                for monday in mondays(now)
            ),
        )
        for organisation_id, of in counted.items()
    ]
    return sorted(rows, key=lambda row: (-row.looks - row.refusals, row.organisation_id))


def _bar(monday: date, week: Week, tallest: int) -> Bar:
    def height(count: int) -> int:
        return 0 if not count else max(4, round(100 * count / tallest))  # one look is to be seen, too

    return Bar(
        monday, week.disclosed, week.refused, height(week.disclosed + week.refused), height(week.refused)
    )
