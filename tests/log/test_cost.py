"""What the log's pages cost does not grow with the log: each statement touches as many lines as it shows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from ccx_broker.kit.ids import new_id
from ccx_broker.ledger import store
from ccx_broker.ledger.rules import Only

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MANY, RARE = UUID(int=1), UUID(int=2)
LINES = 20_000


@pytest.fixture
def customer(session: Session) -> UUID:
    """Somebody with a long log: one organisation looks all the time, another did long ago, once."""
    customer_id = uuid4()
    session.execute(
        text(
            "INSERT INTO disclosures SELECT :customer, ('00000000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,"
            " :now - g * interval '1 minute', CASE g WHEN 7 THEN cast(:rare AS uuid) ELSE cast(:many AS uuid) END,"
            " 'c', NULL, CASE g WHEN 9 THEN 'refused' ELSE 'disclosed' END, NULL, '{}', '{}'"
            " FROM generate_series(1, :lines) g"
        ),
        {"customer": customer_id, "now": NOW, "many": MANY, "rare": RARE, "lines": LINES},
    )
    session.execute(text("ANALYZE disclosures"))
    return customer_id


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def touched(session: Session, ask: Callable[[], object]) -> int:
    """Return how many lines the statements of `ask` read, as PostgreSQL counted them."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert seen
    lines = 0
    for statement, parameters in seen:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        plan = session.connection().exec_driver_sql(explain, parameters).scalar_one()[0]["Plan"]
        for node in nodes(plan):
            if node.get("Relation Name") == "disclosures":
                read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                lines += int(read * node["Actual Loops"])
    return lines


@pytest.mark.parametrize(
    "only",
    [
        Only(),
        Only(MANY),
        Only(RARE),
        Only(outcome="refused"),
        Only(RARE, "disclosed"),
        Only(MANY, "disclosed"),
    ],
    ids=["all", "who looks often", "who looked once", "refusals", "both, rare", "both, frequent"],
)
@pytest.mark.parametrize("place", [None, UUID("00000000-0000-7000-8000-000000000064")], ids=["first", "last"])
def test_a_page_reads_what_it_shows(session: Session, customer: UUID, only: Only, place: UUID | None) -> None:
    def page() -> object:
        return store.newest_first(session, customer, before=place, limit=25, only=only)

    assert touched(session, page) <= 27


def test_the_chart_reads_no_more_than_its_limit(session: Session, customer: UUID) -> None:
    since = NOW - timedelta(weeks=12)
    assert touched(session, lambda: store.weeks(session, customer, since, 500)) <= 500


def test_the_names_in_the_filter_cost_as_much_as_there_are_names(session: Session, customer: UUID) -> None:
    assert set(store.organisations_of(session, customer)) == {MANY, RARE}
    assert touched(session, lambda: store.organisations_of(session, customer)) <= 6


def test_the_last_look_is_found_without_reading_all(session: Session, customer: UUID) -> None:
    since = NOW - timedelta(days=30)

    def looks() -> object:
        return store.looks_of(session, customer, [MANY, RARE, new_id()], since, 100)

    assert touched(session, looks) <= 202
