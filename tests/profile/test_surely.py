"""The quick check never says yes where the proper one says no, and says yes to what is guessed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.surely import KEYWORDS, surely


def plain(part: Any) -> Any:
    """Return a schema of the catalogue as JSON has it."""
    if hasattr(part, "items"):
        return {name: plain(inner) for name, inner in part.items()}
    return [plain(inner) for inner in part] if isinstance(part, tuple | list) else part


SCHEMAS = {item.key: plain(item.schema) for item in CATALOGUE.items if item.inferable}
WORDS = sorted(
    {str(word) for schema in SCHEMAS.values() for word in schema.get("enum", [])} | {"sat", "", "a b", " "}
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 800) | st.floats(-2, 800) | st.sampled_from(WORDS) | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["day", "slot", "Coffee", "min"]) | st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("key", [key for key in SCHEMAS if "format" not in SCHEMAS[key]])
def test_examples_are_surely_valid(key: str) -> None:
    examples = SCHEMAS[key].get("examples") or SCHEMAS[key]["enum"]
    assert all(map(surely(SCHEMAS[key]), examples))


@given(st.sampled_from(sorted(SCHEMAS)), values)
@settings(max_examples=500)
def test_a_yes_of_the_quick_check_is_a_yes_of_the_proper_one(key: str, value: Any) -> None:
    if surely(SCHEMAS[key])(value):
        assert Draft202012Validator(SCHEMAS[key]).is_valid(value)


PARTS = st.sampled_from(
    [
        {"type": "string"}, {"type": ["integer", "null"]}, {"type": "number"}, {"type": "boolean"}, {"enum": ["a", None]}, {"enum": [1, True, "a"]}, {"minLength": 2},
        {"maxLength": 1}, {"pattern": "^a"}, {"minItems": 1}, {"maxItems": 1}, {"uniqueItems": True}, {"uniqueItems": False},
        {"items": {"type": "integer"}}, {"items": {"enum": ["a"]}}, {"properties": {"a": {"type": "integer"}}, "additionalProperties": False},
        {"additionalProperties": {"type": "string"}}, {"required": ["a"]}, {"propertyNames": {"maxLength": 1}}, {"minProperties": 1},
        {"maxProperties": 1}, {"minimum": 1}, {"maximum": 1}, {"anyOf": [{"type": "string"}, {"minimum": 5}]}, {"format": "x"},
        {"not": {}}, {"items": True}, {"items": False}, {"description": "x"},
    ]
)  # fmt: skip
small = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 0.5, 6, "", "a", "ab", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "ab"]), inner),
    max_leaves=5,
)


@given(st.lists(PARTS, max_size=3), small)
@settings(max_examples=1000)
def test_that_holds_for_each_keyword(parts: list[dict[str, Any]], value: Any) -> None:
    schema = {keyword: it for part in parts for keyword, it in part.items()}
    if surely(schema)(value):
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("keyword", ["format", "not", "if", "contains", "patternProperties", "$ref"])
def test_of_what_it_does_not_know_it_is_not_sure(keyword: str) -> None:
    assert keyword not in KEYWORDS
    assert not surely({"type": "string", keyword: {}})("a")
    assert surely({"type": "string"})("a")
