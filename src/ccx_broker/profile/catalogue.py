"""The vocabulary of preferences: loaded once from the package's data files, never changed afterwards.

A key's question, its JSON Schema (draft 2020-12) and its sensitivity are data (`data/v1/<step>.json`);
this module only reads them, checks values against them and says in plain words what is wrong.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from ccx_broker.kit.errors import Invalid, NotFound
from ccx_broker.profile import wording
from ccx_broker.profile.surely import Check, surely
from ccx_broker.words import Said, say

STEPS: Mapping[str, str] = {
    "basics": say("The basics"),
    "discover": say("Finding things"),
    "buy": say("Shopping"),
    "pay": say("Paying"),
    "diet": say("What you eat"),
    "access": say("What makes things accessible to you"),
    "deliver": say("Getting it to you"),
    "use": say("Help along the way"),
    "return": say("Taking things back"),
    "recover": say("When something goes wrong"),
    "relate": say("Staying in touch, and your data"),
    "agent": say("What an assistant may do for you"),
}
"""The journey's steps as a person would call them."""

# A value's JSON in UTF-8, in bytes. The schemas are far stricter; this is checked before them.
MAX_VALUE_BYTES = 16 * 1024

_formats = FormatChecker(formats=())


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime"}


@_formats.checks("iana-time-zone")
def _is_time_zone(value: object) -> bool:
    return not isinstance(value, str) or value in _time_zones()


@dataclass(frozen=True)
class Item:
    """One key of the catalogue.

    `sensitivity` is `ordinary`, `special` (GDPR Art. 9), `revealing` (can reveal an Art. 9 fact) or
    `consent`; only an ordinary key may be `inferable`. `guess` has the two costs between which a guess about
    it is weighed: to be `wrong`, and to be `silent`. They have no unit: only their ratio counts.
    """

    key: str
    step: str
    question: str
    help: str
    schema: Mapping[str, Any]
    sensitivity: str
    inferable: bool
    mappings: Mapping[str, Any]
    guess: Mapping[str, float] = field(default_factory=dict)

    @property
    def special(self) -> bool:
        """Whether it needs its own explicit consent, and no wildcard or group scope covers it."""
        return self.sensitivity in ("special", "revealing")


@dataclass(frozen=True)
class Catalogue:
    """All keys in the order in which they are asked.

    `inferable` are the keys about which a guess may be made; `body` is what `GET /v1/catalogue` answers.
    """

    version: str
    steps: tuple[str, ...]
    items: tuple[Item, ...]
    inferable: frozenset[str]
    body: bytes
    etag: str
    _by_key: Mapping[str, Item]
    _validators: Mapping[str, Draft202012Validator]
    _surely: Mapping[str, Check]

    def get(self, key: str) -> Item | None:
        """Return a key's item, or None for a key that the catalogue does not have."""
        return self._by_key.get(key)

    def require(self, key: str) -> Item:
        """Return a key's item; raises `NotFound` that names the most similar key."""
        item = self._by_key.get(key)
        if item is None:
            near = get_close_matches(key[:100], self._by_key, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise NotFound(
                f"The catalogue has no key `{_short(key)}`.{hint} GET /v1/catalogue lists all of them.",
                slug="unknown-key",
            )
        return item

    def of_step(self, step: str) -> tuple[Item, ...]:
        """Return the items of one step of the journey; raises `Invalid` for another word than `steps`."""
        if step not in self.steps:
            reason = f"has to be one of: {', '.join(self.steps)}"
            raise Invalid(f"The step {reason}.", errors=[{"field": "step", "reason": reason}])
        return tuple(item for item in self.items if item.step == step)

    def check(self, key: str, value: Any) -> None:
        """Raise `Invalid` unless `value` is allowed for `key` (`NotFound` for an unknown key)."""
        item = self.require(key)
        _check_encoding(item, value)
        if self._surely[key](value):
            return
        error = best_match(self._validators[key].iter_errors(value))
        if error is not None:
            # The part that is wrong says most, except where it only says "not this key".
            part = error.schema if isinstance(error.schema, dict) else item.schema
            raise _invalid(item, error.instance, wording.reason(error), part, error.json_path[1:])


def _load() -> Catalogue:
    folder = files("ccx_broker.profile") / "data" / "v1"
    index = json.loads((folder / "index.json").read_text("utf-8"))
    raw: list[dict[str, Any]] = []
    for step in index["steps"]:
        for entry in json.loads((folder / f"{step}.json").read_text("utf-8"))["items"]:
            raw.append({"key": entry["key"], "step": step} | entry)
    body = json.dumps(
        {"version": index["version"], "items": raw}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    items = tuple(_item(entry) for entry in raw)
    return Catalogue(
        version=index["version"],
        steps=tuple(index["steps"]),
        items=items,
        inferable=frozenset(item.key for item in items if item.inferable),
        body=body,
        etag=f'"{sha256(body).hexdigest()[:32]}"',
        _by_key=MappingProxyType({item.key: item for item in items}),
        _validators=MappingProxyType(
            {e["key"]: Draft202012Validator(e["schema"], format_checker=_formats) for e in raw}
        ),
        _surely=MappingProxyType({e["key"]: surely(e["schema"]) for e in raw}),
    )


def _item(entry: Mapping[str, Any]) -> Item:
    """Make an item whose words can be said in every language of the pages."""
    said = {"question": Said(entry["question"]), "help": Said(entry["help"])}
    return Item(**{name: _frozen(part) for name, part in entry.items()} | said)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(part) for name, part in value.items()})
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _check_encoding(item: Item, value: Any) -> None:
    """Refuse what no schema can see and no database can keep: NaN, half characters, control characters."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError) as error:
        raise _invalid(item, None, "it is not proper JSON in UTF-8", item.schema) from error
    if size > MAX_VALUE_BYTES:
        raise _invalid(item, value, f"it is larger than {MAX_VALUE_BYTES} bytes", item.schema)
    odd = (
        text for text in _texts(value) if not text.isprintable()
    )  # control characters aren't, among others
    if any(unicodedata.category(char) == "Cc" for text in odd for char in text):
        raise _invalid(item, value, "it has line breaks or control characters", item.schema)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _invalid(item: Item, value: Any, reason: str, part: Mapping[str, Any], path: str = "") -> Invalid:
    allowed, shown = wording.allowed(part), _short(json.dumps(value, ensure_ascii=False, default=str))
    where = f"`{item.key}`" + (f" (at {path.lstrip('.')})" if path else "")
    return Invalid(
        f"The value {shown} is not allowed for {where}: {reason}. Allowed is {allowed[:1].lower()}{allowed[1:]}",
        errors=[
            {
                "field": "value" + path,
                "key": item.key,
                "value": shown,
                "reason": reason,
                "allowed": allowed,
            }
        ],
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


CATALOGUE = _load()


def check_value(key: str, value: Any) -> None:
    """Raise `Invalid` naming key, value and what is allowed, unless `value` may be stored under `key`."""
    CATALOGUE.check(key, value)


def describe(key: str, value: Any) -> str:
    """Write a value of `key` as a person would say it: `Saturday, evening`. A page says it in its language."""
    return wording.Described(CATALOGUE.require(key).schema, value)
