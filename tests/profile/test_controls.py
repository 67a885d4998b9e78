"""Every question has a control, and what a form shows is what it sends back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.profile.catalogue import CATALOGUE, check_value
from ccx_broker.profile.controls import Control, control, hours_of, kind_of, read, spans_of
from ccx_broker.profile.wording import DAYS

HOURS = [f"{day}-{hour:02d}" for day in DAYS for hour in range(24)]


def sent_by(shown: Control) -> dict[str, list[str]]:
    """Return what a browser sends when such a control is left as it is."""
    value: Any = shown.value
    if value is None:
        return {}
    match shown.kind:
        case "week" | "ticks" | "ranks" | "chips":
            return {"value": value}
        case "slot":
            return {name: [value[name] or ""] for name in ("day", "slot")}
        case "days_map" | "texts_map":
            return {"name": [*value, ""], "value": [*map(str, value.values()), ""]}
        case "prices_map":
            columns = {
                p: [str(v.get(p, "")) for v in value.values()] for p in ("usual", "highest", "currency")
            }
            return {"name": list(value)} | columns
        case _:
            return {"value": [str(value)]}


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda item: item.key)
def test_a_form_left_as_it_is_changes_nothing(item: Any) -> None:
    import json

    examples = [*item.schema.get("examples", ()), *item.schema.get("enum", ())]
    if item.schema["type"] == "boolean":
        examples = [True, False]
    assert examples, "an example in the catalogue shows what is meant, and is tried here"
    for frozen in examples:
        value = json.loads(json.dumps(frozen, default=lambda v: dict(v) if hasattr(v, "keys") else list(v)))
        back = read(item, sent_by(control(item, value)))
        if kind_of(item) == "week":  # whole hours, rounded outwards
            assert set(hours_of(back)) == set(hours_of(value))
        else:
            assert back == value
        check_value(item.key, back)


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda item: item.key)
def test_an_empty_form_means_nothing(item: Any) -> None:
    assert read(item, {}) is None
    assert read(item, sent_by(control(item, None))) is None


@given(st.sets(st.sampled_from(HOURS)))
def test_hours_come_back_from_spans(cells: set[str]) -> None:
    spans = spans_of(sorted(cells))
    assert hours_of(spans) == sorted(cells)
    if 0 < len(spans) <= 21:
        check_value("contact.hours", spans)


def test_spans_over_midnight_and_half_hours_are_shown_in_full() -> None:
    assert hours_of([{"days": ["sun"], "from": "22:30", "to": "01:15"}]) == [
        "mon-00",
        "mon-01",
        "sun-22",
        "sun-23",
    ]


@given(st.lists(st.text(max_size=8), max_size=5))
def test_nonsense_cells_are_no_hours(cells: list[str]) -> None:
    assert set(hours_of(spans_of(cells))) <= set(HOURS)


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("2,5", 2.5), (" 1 000 ", 1000), ("many", "many"), ("", None)]
)
def test_numbers_are_read_as_people_write_them(text: str, number: Any) -> None:
    assert read(CATALOGUE.require("buy.substitution_max_uplift"), {"value": [text]}) == number


def test_what_is_added_comes_last_and_once() -> None:
    item = CATALOGUE.require("discover.brands_avoid")
    assert read(item, {"value": ["Acme"], "value_add": ["Initech, Acme,, Hooli "]}) == [
        "Acme",
        "Initech",
        "Hooli",
    ]


def test_a_row_without_a_name_or_a_value_is_left_out() -> None:
    item = CATALOGUE.require("buy.replenish")
    assert read(item, {"name": ["Coffee", "", "Tea"], "value": ["14", "3", ""]}) == {"Coffee": 14}
