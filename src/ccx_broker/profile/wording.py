"""Values and schemas in plain words: for people who read pages, and for those who got a value wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from jsonschema.exceptions import ValidationError

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
# Codes that don't become plain words by taking out the underscores.
WORDS = DAYS | {"sms": "text message", "dont": "don't", "html": "HTML", "push": "push message"}
TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
LIMITS = {
    "minLength": ("have at least", " character"),
    "maxLength": ("have at most", " characters"),
    "minItems": ("have at least", " entry"),
    "maxItems": ("have at most", " entries"),
    "minProperties": ("have at least", " entry"),
    "maxProperties": ("have at most", " entries"),
    "minimum": ("be at least", ""),
    "maximum": ("be at most", ""),
}
BROKEN = {
    "enum": "it is not one of the values that are allowed",
    "uniqueItems": "the same entry stands in it twice",
    "format": "there is no such name",
}
# A list of values longer than this is better told by its description.
MANY = 24


def in_words(schema: Mapping[str, Any], value: Any) -> str:
    """Write a valid value as a person would say it: `Saturday, evening`."""
    text = _phrase(schema, value)
    return text if value and _own_words(schema) else text[:1].upper() + text[1:]


def allowed(schema: Mapping[str, Any]) -> str:
    """Say which values a schema allows."""
    choices = schema.get("enum")
    if choices and len(choices) <= MANY:
        return "one of: " + ", ".join("null" if choice is None else str(choice) for choice in choices)
    if schema.get("type") == "array" and "enum" in schema["items"]:
        return f"a list of {schema['minItems']} to {schema['maxItems']}, each {allowed(schema['items'])}"
    if schema.get("type") == "array":
        return f"{schema['description']} A list of {schema['minItems']} to {schema['maxItems']}."
    return str(schema.get("description", TYPES.get(str(schema.get("type")), "a value of another kind")))


def reason(error: ValidationError) -> str:
    """Say what is wrong, for someone who does not know JSON Schema."""
    broken, limit, schema = str(error.validator), cast(Any, error.validator_value), cast(Any, error.schema)
    if broken in LIMITS:
        bound, unit = LIMITS[broken]
        return f"it has to {bound} {limit}{unit}"
    if broken == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        return "it has to be " + " or ".join(TYPES[kind] for kind in kinds)
    if broken == "required":
        return "it has to have " + ", ".join(f"`{name}`" for name in limit)
    if broken == "additionalProperties":
        return "it may only have " + ", ".join(f"`{name}`" for name in schema["properties"])
    return BROKEN.get(broken, "it is not written as it has to be")


def _phrase(schema: Mapping[str, Any], value: Any) -> str:
    if "x-words" in schema:
        return str(schema["x-words"]).format(_number(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return WORDS.get(value, value.replace("_", " ")) if "enum" in schema else value
    if isinstance(value, Mapping):
        return _object(schema, value)
    if isinstance(value, Sequence):
        parts = [_phrase(schema["items"], part) for part in value]
        return ("; " if schema["items"].get("type") == "object" else ", ").join(parts) or "none"
    return _number(value)


def _object(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    if "days" in value:
        return f"{_days(value['days'])}, {value['from']} to {value['to']}"
    if "slot" in value:
        return f"{DAYS.get(value['day'], 'any day')}, {value['slot'] or 'any time'}"
    if "usual" in value:
        currency = f" {value['currency']}" if "currency" in value else ""
        return f"usually {value['usual']:.2f}{currency}, at most {value['highest']:.2f}{currency}"
    each = schema["additionalProperties"]
    return "; ".join(f"{name}: {_phrase(each, part)}" for name, part in value.items())


def _days(days: Sequence[str]) -> str:
    """Write days in the order of the week, three or more in a row as `Monday to Friday`."""
    order = list(DAYS)
    chosen = sorted(days, key=order.index)
    first, last = order.index(chosen[0]), order.index(chosen[-1])
    if len(chosen) == len(order):
        return "every day"
    if len(chosen) > 2 and last - first == len(chosen) - 1:
        return f"{DAYS[chosen[0]]} to {DAYS[chosen[-1]]}"
    return ", ".join(DAYS[day] for day in chosen)


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _own_words(schema: Mapping[str, Any]) -> bool:
    """Tell whether the customer's own words stand first: those are left as they were written."""
    if schema["type"] == "array":
        return _own_words(schema["items"])
    if schema["type"] == "object":
        return "properties" not in schema
    return schema["type"] == "string" and "enum" not in schema
