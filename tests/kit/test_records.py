from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import DateTime, Float, Text, Uuid, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from ccx_broker.kit.records import records, texts


def test_rows_come_back_as_they_were_sent(session: Session) -> None:
    sent: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "at": datetime(2026, 3, 2, 17, 0, 0, 123456, tzinfo=UTC),
            "text": text,
            "number": 0.1 + 0.2,
            "body": {"big": 2**200, "text": text, "none": None, "list": [1, [2]]},
        }
        for text in ("", "plain", "quote \" ' \\ { } , NULL", "two\nlines ✓ 😀", ":bound %s %%")
    ]
    kinds = {"id": Uuid(), "at": DateTime(timezone=True), "text": Text(), "number": Float(), "body": JSONB()}
    table = records("sent", sent, **kinds)
    assert [dict(row) for row in session.execute(select(*table.c)).mappings()] == sent


ODD = ("", "plain", "quote \" ' \\ { } , NULL", "two\nlines ✓ 😀", ":bound %s %%", "x" * 2_000_000)


def test_columns_of_texts_come_back_as_they_were_sent(session: Session) -> None:
    table = texts("sent", one=ODD, other=(text[::-1] for text in ODD))
    found = session.execute(select(table.c.one, table.c.other)).all()
    assert [tuple(row) for row in found] == [(text, text[::-1]) for text in ODD]


def test_a_statement_about_texts_is_the_same_for_any_number(session: Session) -> None:
    for many in (0, 1, 300):
        table = texts("sent", one=["x"] * many)
        assert len(session.execute(select(table.c.one)).all()) == many


def test_no_rows_are_no_rows(session: Session) -> None:
    table = records("sent", [], id=Uuid())
    assert session.execute(select(*table.c)).all() == []


def test_a_missing_value_is_null(session: Session) -> None:
    table = records("sent", [{"text": None, "body": None}, {}], text=Text(), body=JSONB())
    assert session.execute(select(*table.c)).all() == [(None, None), (None, None)]
