"""The form of an event: what is taken, and what is refused with which reason."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.defaults.rules.observation import observe
from ccx_broker.intake.rules import Checked, Refused, check_event

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "subject",
        "messageId": "m-1",
        "timestamp": "2026-11-24T11:59:00.000Z",
        "properties": {"products": []},
    } | changes


def check(index: int, event: object) -> Checked | Refused:
    return check_event(index, event, len(json.dumps(event)), NOW)


def test_a_good_event_is_taken_as_it_is() -> None:
    checked = check(3, an_event(context={"timezone": "Europe/Zurich"}, channel="server"))
    assert checked == Checked(
        index=3,
        subject="subject",
        message_id="m-1",
        name="Order Completed",
        at=datetime(2026, 11, 24, 11, 59, tzinfo=UTC),
        body={"type": "track", "properties": {"products": []}, "context": {"timezone": "Europe/Zurich"}},
    )


def test_an_identify_event_has_traits_and_no_name() -> None:
    identify = {k: v for k, v in an_event(type="identify", traits={"age": "35-44"}).items() if k != "event"}
    checked = check(0, identify)
    assert isinstance(checked, Checked)
    assert checked.name == "identify"
    assert checked.body["traits"] == {"age": "35-44"}


@pytest.mark.parametrize("name", ["Anything Else", "Zahlung erledigt ✓"])
def test_unknown_event_names_are_kept(name: str) -> None:
    assert isinstance(check(0, an_event(event=name)), Checked)


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-11-24T11:59:00Z",
        "2026-11-24t11:59:00.123456z",
        "2026-11-24T06:59:00-05:00",
        "2026-11-25T11:59:00Z",
    ],
)
def test_any_time_with_a_zone_is_taken(timestamp: str) -> None:
    assert isinstance(check(0, an_event(timestamp=timestamp)), Checked)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("type", "page", "track, identify"),
        ("type", ["track"], "track, identify"),
        ("event", "", "1 to 100"),
        ("event", None, "1 to 100"),
        ("userId", 7, "1 to 100"),
        ("userId", "x" * 101, "1 to 100"),
        ("messageId", "", "1 to 100"),
        ("messageId", "a\0b", "control"),
        ("timestamp", None, "RFC 3339"),
        ("timestamp", "2026-11-24", "RFC 3339"),
        ("timestamp", "2026-11-24T11:59:00", "RFC 3339"),
        ("timestamp", "2026-02-30T11:59:00Z", "RFC 3339"),
        ("timestamp", "2026-W10-1T11:59:00Z", "RFC 3339"),
        ("timestamp", "0001-01-01T00:00:00+23:59", "2000"),
        ("timestamp", "1999-12-31T23:59:59Z", "2000"),
        ("timestamp", "2026-11-25T12:00:01Z", "ahead"),
        ("properties", [], "object"),
        ("context", "x", "object"),
        ("properties", {"a": "x" * 200_000}, "KiB"),
        ("properties", {"a": ["\0"]}, "U+0000"),
        ("properties", {"\0": 1}, "U+0000"),
        ("properties", {"a": float("inf")}, "endless"),
    ],
)
def test_a_bad_event_is_refused_with_field_and_reason(field: str, value: Any, says: str) -> None:
    refused = check(5, an_event(**{field: value}))
    assert isinstance(refused, Refused)
    assert (refused.index, refused.field) == (5, "properties" if field == "context" and not says else field)
    assert says in refused.reason
    assert refused.message_id == (value if field == "messageId" else "m-1")


@pytest.mark.parametrize("event", [None, 3, "x", [], [{}]])
def test_what_is_no_object_is_refused(event: Any) -> None:
    refused = check(0, event)
    assert isinstance(refused, Refused)
    assert (refused.message_id, refused.reason) == (None, "an event is a JSON object")


def test_deep_nesting_is_refused() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = {"a": deep}
    refused = check(0, an_event(properties=deep))
    assert isinstance(refused, Refused)
    assert "deep" in refused.reason


def test_an_order_of_200_products_fits() -> None:
    line = {
        "product_id": "1095275", "sku": "1095275", "name": "FACIAL TISSUE & PAPER HANDKERCHIEFS", "quantity": 1,
        "category": "FACIAL TISS/DNR NAPKIN", "department": "GROCERY", "brand": "Private", "price": 0.99,
        "manufacturer_id": "69", "package_size": "85 CT", "position": 1, "discount": 0.1, "coupon_discount": 0.0,
    }  # fmt: skip
    assert isinstance(check(0, an_event(properties={"products": [line] * 200})), Checked)


def test_the_documented_example_is_taken_and_learnt_from() -> None:
    text = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    (example,) = json.loads(text.split("```json")[1].split("```")[0])["batch"]
    checked = check(0, example)
    assert isinstance(checked, Checked)
    seen = observe(checked.name, "shop", checked.at, checked.body["properties"], checked.body["context"])
    assert seen is not None
    assert (seen.store, seen.local and seen.local.hour, len(seen.lines)) == ("330", 17, 1)
    assert seen.lines[0].own_brand


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(list(an_event())), json_values).map(lambda d: an_event(**d)) | json_values
)
def test_whatever_comes_is_taken_or_refused(event: Any) -> None:
    outcome = check(0, event)
    assert outcome.index == 0
    if isinstance(outcome, Checked):
        assert outcome.at.utcoffset() is not None
        assert outcome.at - NOW <= timedelta(days=1)
