"""Values and schemas in plain words: for people who read pages, and for those who got a value wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from ccx_broker.kit.language import ENGLISH, Language
from ccx_broker.words import quiet, say, word

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Codes that don't become plain words by taking out the underscores.
WORDS = {
    "sms": "text message",
    "only_if_i_ask": "only if I ask",
    "dont": "don't",
    "html": "HTML",
    "push": "push message",
}
YES_OR_NO = {"yes": say("yes"), "no": say("no"), True: say("yes"), False: say("no")}
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
    "minLength": word("it has to have at least %(limit)s character"),
    "maxLength": word("it has to have at most %(limit)s characters"),
    "minItems": word("it has to have at least %(limit)s entry"),
    "maxItems": word("it has to have at most %(limit)s entries"),
    "minProperties": word("it has to have at least %(limit)s entry"),
    "maxProperties": word("it has to have at most %(limit)s entries"),
    "minimum": word("it has to be at least %(limit)s"),
    "maximum": word("it has to be at most %(limit)s"),
}
BROKEN = {
    "enum": say("it is not one of the values that are allowed"),
    "uniqueItems": say("the same entry stands in it twice"),
    "format": say("there is no such name"),
}
# A list of values longer than this is better told by its description.
MANY = 24


class Described(str):
    """A value in plain words: in English, and able to be said in another language."""

    schema: Mapping[str, Any]
    value: Any

    def __new__(cls, schema: Mapping[str, Any], value: Any) -> "Described":
        """Describe a valid value."""
        text = super().__new__(cls, in_words(schema, value))
        text.schema, text.value = schema, value
        return text

    def speak(self, language: Language) -> str:
        """Say it in another language."""
        return in_words(self.schema, self.value, language)


def in_words(schema: Mapping[str, Any], value: Any, language: Language = ENGLISH) -> str:
    """Write a valid value as a person would say it: `Saturday, evening`."""
    text = _phrase(schema, value, language)
    return text if value and _own_words(schema) else text[:1].upper() + text[1:]


def choice(schema: Mapping[str, Any], value: Any, language: Language = ENGLISH) -> str:
    """Write one of the values that a schema enumerates: `click and collect`.

    What it is about stands in the schema's description, so that a translator knows which `none` is meant.
    """
    if value in DAYS:
        return language.weekday(DAYS.index(value))
    if value in YES_OR_NO:
        return str(language(YES_OR_NO[value]))
    return language.find_in(schema["description"], _english(value)) if is_word(value) else str(value)


def is_word(code: Any) -> bool:
    """Whether a code stands for words, as `click_and_collect` does and `EUR` does not."""
    return isinstance(code, str) and code.islower()


def phrases(schema: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """Yield what is to be translated in a schema: the words of its values, each with what they are about."""
    if "x-words" in schema:
        yield None, schema["x-words"]
    for code in schema.get("enum", ()):
        if is_word(code) and code not in DAYS and code not in YES_OR_NO:
            yield schema["description"], _english(code)
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), Mapping):
            yield from phrases(schema[inner])
    for part in schema.get("properties", {}).values():
        yield from phrases(part)


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
        return say(LIMITS[broken], limit=limit)
    if broken == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        return "it has to be " + " or ".join(TYPES[kind] for kind in kinds)
    if broken == "required":
        return "it has to have " + ", ".join(f"`{name}`" for name in limit)
    if broken == "additionalProperties":
        return "it may only have " + ", ".join(f"`{name}`" for name in schema["properties"])
    return BROKEN.get(broken, say("it is not written as it has to be"))


def _english(code: str) -> str:
    return WORDS.get(code, code.replace("_", " "))


def _phrase(schema: Mapping[str, Any], value: Any, language: Language) -> str:
    if "x-words" in schema:
        return language.find(schema["x-words"]).format(language.number(value))
    if isinstance(value, bool) or "enum" in schema:
        return choice(schema, value, language)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _object(schema, value, language)
    if isinstance(value, Sequence):
        parts = [quiet(_phrase(schema["items"], part, language)) for part in value]
        joined = ("; " if schema["items"].get("type") == "object" else ", ").join(parts)
        return joined or say("none").speak(language)
    return language.number(value)


def _object(schema: Mapping[str, Any], value: Mapping[str, Any], language: Language) -> str:
    if "days" in value:
        days = _days(value["days"], language)
        return say("%(days)s, %(start)s to %(end)s", days=days, start=value["from"], end=value["to"]).speak(
            language
        )
    if "slot" in value:
        day, slot = value["day"], value["slot"]
        named = choice(schema["properties"]["day"], day, language) if day else say("any day").speak(language)
        at = choice(schema["properties"]["slot"], slot, language) if slot else say("any time").speak(language)
        return f"{named}, {at}"
    if "usual" in value:
        currency = f" {value['currency']}" if "currency" in value else ""
        usual, highest = (f"{language.number(value[name], 2)}{currency}" for name in ("usual", "highest"))
        return say("usually %(usual)s, at most %(highest)s", usual=usual, highest=highest).speak(language)
    each = schema["additionalProperties"]
    return "; ".join(f"{quiet(name)}: {_phrase(each, part, language)}" for name, part in value.items())


def _days(days: Sequence[str], language: Language) -> str:
    """Write days in the order of the week, three or more in a row as `Monday to Friday`."""
    chosen = sorted(DAYS.index(day) for day in days)
    if len(chosen) == len(DAYS):
        return say("every day").speak(language)
    names = [language.weekday(day) for day in chosen]
    if len(chosen) > 2 and chosen[-1] - chosen[0] == len(chosen) - 1:
        return say("%(first)s to %(last)s", first=names[0], last=names[-1]).speak(language)
    return ", ".join(names)


def _own_words(schema: Mapping[str, Any]) -> bool:
    """Tell whether the customer's own words stand first: those are left as they were written."""
    if schema["type"] == "array":
        return _own_words(schema["items"])
    if schema["type"] == "object":
        return "properties" not in schema
    return schema["type"] == "string" and "enum" not in schema
