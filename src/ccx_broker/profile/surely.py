"""Tells quickly that a value is valid, for the many guesses that arrive at once; when in doubt, it says no.

A JSON Schema is turned into functions once. They know the keywords that the catalogue uses, of draft 2020-12, and
say yes only where every validator would: a no means that the value has to be looked at properly, by one that
can say what is wrong with it.
"""

import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

Check = Callable[[Any], bool]

ANNOTATIONS = {"$schema", "description", "examples", "title"}  # and what begins with x-
TYPES: Mapping[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "number": {int, float},
    "boolean": {bool},
    "array": {list},
    "object": {dict},
    "null": {type(None)},
}
SIMPLE = (str, int, type(None))


def surely(schema: Any) -> Check:
    """Return a function that tells whether a value is valid beyond doubt."""
    if not isinstance(schema, Mapping):
        return _always if schema is True else _never
    checks: list[Check] = []
    for keyword, wanted in schema.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-"):
            continue
        if keyword not in KEYWORDS:
            return _never
        checks.append(KEYWORDS[keyword](wanted, schema))
    return lambda value: all(check(value) for check in checks)


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _of(kind: type | tuple[type, ...], check: Check) -> Check:
    """Return `check` for values of `kind`; a keyword says nothing about others (Validation §6)."""
    return lambda value: not isinstance(value, kind) or check(value)


def _type(wanted: Any, _: Any) -> Check:
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = set[type]().union(*(TYPES[name] for name in names))
    return lambda value: type(value) in kinds  # exactly: True is an int in Python, and no integer here


def _enum(wanted: Any, _: Any) -> Check:
    allowed = {(type(choice), choice) for choice in wanted if type(choice) in SIMPLE}
    return lambda value: type(value) in SIMPLE and (type(value), value) in allowed


def _pattern(wanted: str, _: Any) -> Check:
    found = re.compile(wanted).search
    return _of(str, lambda text: found(text) is not None)


def _unique(wanted: bool, _: Any) -> Check:
    def unique(values: list[Any]) -> bool:
        if all(isinstance(value, str) for value in values):
            return len(set(values)) == len(values)
        return all(one != other for one, other in combinations(values, 2))

    return _of(list, unique) if wanted else _always


def _items(wanted: Any, _: Any) -> Check:
    check = surely(wanted)
    return _of(list, lambda values: all(check(value) for value in values))


def _properties(wanted: Mapping[str, Any], _: Any) -> Check:
    checks = {name: surely(part) for name, part in wanted.items()}
    return _of(dict, lambda value: all(check(value[name]) for name, check in checks.items() if name in value))


def _additional(wanted: Any, schema: Mapping[str, Any]) -> Check:
    check, named = surely(wanted), set(schema.get("properties", ()))
    return _of(dict, lambda value: all(name in named or check(part) for name, part in value.items()))


def _names(wanted: Any, _: Any) -> Check:
    check = surely(wanted)
    return _of(dict, lambda value: all(check(name) for name in value))


def _any_of(wanted: Any, _: Any) -> Check:
    checks = [surely(part) for part in wanted]
    return lambda value: any(check(value) for check in checks)


KEYWORDS: Mapping[str, Callable[[Any, Any], Check]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "uniqueItems": _unique,
    "items": _items,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "anyOf": _any_of,
    "required": lambda wanted, _: _of(dict, lambda value: all(name in value for name in wanted)),
    "minLength": lambda least, _: _of(str, lambda text: len(text) >= least),
    "maxLength": lambda most, _: _of(str, lambda text: len(text) <= most),
    "minItems": lambda least, _: _of(list, lambda values: len(values) >= least),
    "maxItems": lambda most, _: _of(list, lambda values: len(values) <= most),
    "minProperties": lambda least, _: _of(dict, lambda value: len(value) >= least),
    "maxProperties": lambda most, _: _of(dict, lambda value: len(value) <= most),
    "minimum": lambda least, _: _of((int, float), lambda number: number >= least),
    "maximum": lambda most, _: _of((int, float), lambda number: number <= most),
}
