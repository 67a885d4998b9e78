"""The catalogue against the agreed vocabulary, and the validation of values."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ccx_broker.kit.errors import Invalid, NotFound
from ccx_broker.profile.catalogue import CATALOGUE, check_value, describe
from ccx_broker.profile.wording import allowed

VOCABULARY = Path(__file__).parent / "vocabulary.txt"
RAW = {item["key"]: item for item in json.loads(CATALOGUE.body)["items"]}

# Words out of the schemas, so that a made-up value comes near to a right one.
words = st.sampled_from(
    ["days", "from", "to", "mon", "08:00", "day", "slot", "night", "usual", "highest", "yes", "card", "en"]
)

# A wrong value for each key; everywhere else null is wrong enough, and is tried for every key anyway.
WRONG: dict[str, Any] = {
    "language": "English please",
    "timezone": "Mars/Olympus_Mons",
    "currency": "EURO",
    "contact.channel": "fax",
    "contact.hours": [{"days": ["mon"], "from": "25:00", "to": "26:00"}],
    "contact.quiet_hours": [{"days": ["monday"], "from": "22:00", "to": "06:00"}],
    "contact.max_per_week": -1,
    "contact.email_format": "rich",
    "contact.form_of_address": "x" * 81,
    "discover.values": [],
    "discover.brands_avoid": ["Acme", "Acme"],
    "discover.categories": ["x"] * 2,
    "discover.sizes": {"shoes": 39},
    "discover.own_brand": True,
    "discover.price_sensitivity": "extreme",
    "buy.store": "",
    "buy.day_time": {"day": None, "slot": None},
    "buy.usual": [str(n) for n in range(51)],
    "buy.replenish": {"Coffee": 0},
    "buy.price_band": {"Coffee": {"usual": 3}},
    "buy.coupons": "yes",
    "buy.substitution": "surprise me",
    "buy.substitution_max_uplift": 101,
    "buy.upsell": "relevant only",
    "pay.method_order": ["card", "beads"],
    "pay.receipt": "telegram",
    "diet.pattern": ["carnivore"],
    "diet.allergens": ["cats"],
    "diet.dislikes": "Coriander",
    "access.format": ["tiny print"],
    "access.communication": ["telepathy"],
    "access.physical": "ramp",
    "access.extra_time": "yes",
    "deliver.method": "drone",
    "deliver.place": "roof",
    "deliver.window": [],
    "deliver.speed_vs_price": "slowest",
    "deliver.packaging": "lots",
    "deliver.notify": "all",
    "support.human_or_bot": "cat",
    "support.callback_window": [{"days": [], "from": "10:00", "to": "11:00"}],
    "return.method": "catapult",
    "recover.remedy_order": ["revenge"],
    "recover.proactive": "yes",
    "marketing.topics": "Wine",
    "agent.autonomy": "everything",
    "agent.terms": " leading space",
}


def test_every_key_of_the_vocabulary_is_there_with_its_step_sensitivity_and_inferable() -> None:
    lines = VOCABULARY.read_text().splitlines()
    expected = [tuple(line.split()) for line in lines if line and not line.startswith("#")]
    found = [
        (item.step, item.key, item.sensitivity, "inferable" if item.inferable else "stated-only")
        for item in CATALOGUE.items
    ]
    assert sorted(found) == sorted(expected)
    assert len({item.key for item in CATALOGUE.items}) == len(CATALOGUE.items) == 68


def test_what_is_special_revealing_or_a_consent_may_never_be_guessed() -> None:
    assert not [item.key for item in CATALOGUE.items if item.sensitivity != "ordinary" and item.inferable]
    assert CATALOGUE.inferable == {item.key for item in CATALOGUE.items if item.inferable}
    assert {item.key for item in CATALOGUE.items if item.special} == {
        item.key for item in CATALOGUE.items if item.sensitivity in ("special", "revealing")
    }


@pytest.mark.parametrize("key", RAW)
def test_each_schema_is_valid_takes_its_examples_and_refuses_what_is_wrong(key: str) -> None:
    schema = RAW[key]["schema"]
    Draft202012Validator.check_schema(schema)
    for example in schema["examples"]:
        check_value(key, example)
        assert describe(key, example).strip()
    for wrong in (None, {"a": {}}, [[]], WRONG.get(key, "maybe")):
        with pytest.raises(Invalid) as refused:
            check_value(key, wrong)
        (error,) = refused.value.errors
        assert error["key"] == key
        assert error["reason"]
        assert error["allowed"] == allowed_at(schema, error)
        assert f"`{key}`" in refused.value.detail


def allowed_at(schema: dict[str, Any], error: dict[str, str]) -> str:
    """A wrong value as a whole is told what the key allows; a wrong part, what that part allows."""
    return allowed(schema) if error["field"] == "value" else error["allowed"]


@pytest.mark.parametrize("key", RAW)
def test_each_schema_is_bounded_and_described_in_every_part(key: str) -> None:
    for part in parts(RAW[key]["schema"]):
        assert part["description"], part
        if part.get("type") == "array":
            assert part["maxItems"] <= 100
            assert part["uniqueItems"]
        if part.get("type") == "object":
            assert part["additionalProperties"] is False or part["maxProperties"] <= 50
        if part.get("type") == "string" and "enum" not in part:
            assert part.get("maxLength") or part.get("pattern")
        if part.get("type") in ("number", "integer"):
            assert part["minimum"] < part["maximum"]


def parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    below = [*schema.get("properties", {}).values()]
    below += [schema[name] for name in ("items", "additionalProperties") if schema.get(name)]
    return [schema, *(part for each in below for part in parts(each))]


def test_questions_are_asked_as_one_would_ask_a_person() -> None:
    for item in CATALOGUE.items:
        assert item.question.endswith("?")
        assert item.help.endswith(".")
        assert not re.search(r"[a-z]\.[a-z]|_", item.question)
    assert len({item.question for item in CATALOGUE.items}) == len(CATALOGUE.items)


def test_nothing_can_change_the_catalogue() -> None:
    item = CATALOGUE.items[0]
    for change in (
        lambda: setattr(item, "inferable", True),
        lambda: item.schema.__setitem__("type", "object"),  # type: ignore[attr-defined]
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, "a\x00b", "two\nlines", "half \ud800", "x" * 20_000, ["a\x7f"], {"a\x00": "b"}],
    ids=["nan", "infinity", "nul", "newline", "surrogate", "large", "in a list", "in a name"],
)
def test_what_the_database_could_not_keep_is_refused_for_every_key(value: Any) -> None:
    for key in RAW:
        with pytest.raises(Invalid):
            check_value(key, value)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | words,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=5) | words, part, max_size=4),
    max_leaves=12,
)


@given(key=st.sampled_from(sorted(RAW)), value=json_values)
def test_any_json_is_either_taken_and_described_or_refused_in_words(key: str, value: Any) -> None:
    try:
        check_value(key, value)
    except Invalid as refused:
        errors = refused.errors
    else:
        errors = []
        assert describe(key, value)
        assert json.loads(json.dumps(value)) == value
    assert all(error["reason"] and error["allowed"] for error in errors)


def test_an_unknown_key_is_told_the_nearest_one() -> None:
    with pytest.raises(NotFound, match=r"`buy\.stor`.*Did you mean `buy\.store`"):
        check_value("buy.stor", "367")


def test_a_large_value_is_shown_shortened() -> None:
    with pytest.raises(Invalid) as refused:
        check_value("buy.store", "x" * 5_000)
    assert len(refused.value.detail) < 500


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("buy.day_time", {"day": "sat", "slot": "evening"}, "Saturday, evening"),
        ("buy.day_time", {"day": None, "slot": "night"}, "Any day, night"),
        ("buy.day_time", {"day": "sun", "slot": None}, "Sunday, any time"),
        ("buy.store", "store_367", "store_367"),
        ("discover.categories", ["fresh fruit", "Coffee"], "fresh fruit, Coffee"),
        ("marketing.email", "yes", "Yes"),
        ("marketing.topics", [], "None"),
        ("access.extra_time", False, "No"),
        ("diet.allergens", ["peanuts", "milk"], "Peanuts, milk"),
        ("contact.max_per_week", 2, "At most 2 a week"),
        ("contact.channel", "sms", "Text message"),
        ("buy.replenish", {"Coffee": 21.0}, "Coffee: every 21 days"),
        ("buy.price_band", {"Tea": {"usual": 2, "highest": 3.5}}, "Tea: usually 2.00, at most 3.50"),
        (
            "contact.hours",
            [
                {"days": ["wed", "mon", "tue"], "from": "09:00", "to": "12:00"},
                {"days": ["sun", "sat"], "from": "10:00", "to": "24:00"},
            ],
            "Monday to Wednesday, 09:00 to 12:00; Saturday, Sunday, 10:00 to 24:00",
        ),
    ],
)
def test_values_read_as_a_person_would_say_them(key: str, value: Any, words: str) -> None:
    check_value(key, value)
    assert describe(key, value) == words
