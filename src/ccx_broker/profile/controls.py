"""How a question is answered in a form: a control fitted to its value, both ways.

`control` says what to show for a value, `read` makes a value of what a form sent. A value that a form can't
show in full (half hours in a week's grid) is rounded outwards, so nothing a customer said is lost unseen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ccx_broker.kit.language import Language
from ccx_broker.profile.catalogue import Item
from ccx_broker.profile.wording import DAYS, choice

FEW = 12
"""As many choices are shown as cards; more of them as a list to choose from."""

BLANKS = 3
"""Empty rows for further entries."""

Sent = Mapping[str, Sequence[str]]
"""A form as it was sent: for each name its values, in the order in which they stand on the page."""


@dataclass(frozen=True)
class Control:
    """What to show. `kind` names the part of the template; `value` is what is chosen, as the form has it."""

    kind: str
    value: Any
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


def kind_of(item: Item) -> str:  # noqa: PLR0911 (a line a kind)
    """Return which control a question is answered with."""
    schema = item.schema
    if "enum" in schema:
        return "cards" if len(schema["enum"]) <= FEW else "choice"
    if schema.get("format") == "iana-time-zone":
        return "zone"
    match schema["type"]:
        case "string":
            return "text"
        case "boolean":
            return "yes_no"
        case "integer" | "number":
            return "number"
        case "array":
            return _list_kind(schema)
        case _:
            return "slot" if "slot" in schema.get("properties", {}) else _map_kind(schema)


def control(item: Item, value: Any) -> Control:  # noqa: PLR0911
    """Return what to show for a value that the question allows, or for none (None)."""
    kind, schema = kind_of(item), item.schema
    options = tuple(schema.get("enum", schema.get("items", {}).get("enum", ())))
    match kind:
        case "yes_no":
            return Control(kind, None if value is None else str(value).lower(), ("true", "false"))
        case "number":
            return Control(kind, value, least=schema["minimum"], most=schema.get("maximum"))
        case "week":
            return Control(kind, hours_of(value or ()))
        case "slot":
            return Control(
                kind, value or {"day": None, "slot": None}, tuple(schema["properties"]["slot"]["enum"])
            )
        case "ticks" | "ranks" | "chips":
            return Control(kind, list(value or ()), options)
        case "days_map" | "texts_map" | "prices_map":
            return Control(kind, dict(value or {}))
        case _:
            return Control(kind, value, options)


def read(item: Item, sent: Sent) -> Any:  # noqa: PLR0911
    """Return the value that a form means; None if it means none. Whether it is allowed is for others to say."""
    kind, values = kind_of(item), [value.strip() for value in sent.get("value", ())]
    first = values[0] if values else ""
    match kind:
        case "yes_no":
            return {"true": True, "false": False}.get(first)
        case "number":
            return _number(first, whole=item.schema["type"] == "integer")
        case "week":
            return spans_of(values) or None
        case "slot":
            day, slot = (sent.get(name, [""])[0] or None for name in ("day", "slot"))
            return {"day": day, "slot": slot} if day or slot else None
        case "ticks" | "ranks" | "chips":
            added = [part.strip() for part in ",".join(sent.get("value_add", ())).split(",")]
            return list(dict.fromkeys(part for part in [*values, *added] if part)) or None
        case "days_map" | "texts_map" | "prices_map":
            return _map(kind, sent) or None
        case _:
            return first or None


def hours_of(spans: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the cells of a week's grid that spans of hours touch: `mon-18` is Monday, 18 to 19 o'clock."""
    cells: set[str] = set()
    for span in spans:
        start, end = int(span["from"][:2]), int(span["to"][:2]) + (span["to"][3:] != "00")
        for day in span["days"]:
            if end > start:
                cells |= {f"{day}-{hour:02d}" for hour in range(start, end)}
            else:  # over midnight: the rest lies on the following day
                after = DAYS[(DAYS.index(day) + 1) % 7]
                cells |= {f"{day}-{hour:02d}" for hour in range(start, 24)}
                cells |= {f"{after}-{hour:02d}" for hour in range(end)}
    return sorted(cells)


def spans_of(cells: Sequence[str]) -> list[dict[str, Any]]:
    """Return the spans of hours that cells of the grid make, days with the same hours together."""
    by_span: dict[tuple[int, int], list[str]] = {}
    there = set(cells)
    for day in DAYS:
        hours = [hour for hour in range(24) if f"{day}-{hour:02d}" in there]
        for _, run in groupby(enumerate(hours), lambda pair: pair[1] - pair[0]):
            through = [hour for _, hour in run]
            by_span.setdefault((through[0], through[-1] + 1), []).append(day)
    return [
        {"days": days, "from": f"{start:02d}:00", "to": f"{end:02d}:00"}
        for (start, end), days in sorted(by_span.items())
    ]


def _list_kind(schema: Mapping[str, Any]) -> str:
    if schema["items"]["type"] == "object":
        return "week"
    if schema.get("x-ranked"):
        return "ranks"
    return "ticks" if "enum" in schema["items"] else "chips"


def _map_kind(schema: Mapping[str, Any]) -> str:
    return {"integer": "days_map", "string": "texts_map"}.get(
        schema["additionalProperties"]["type"], "prices_map"
    )


def _map(kind: str, sent: Sent) -> dict[str, Any]:
    columns = {name: list(sent.get(name, ())) for name in ("name", "value", "usual", "highest", "currency")}
    found: dict[str, Any] = {}
    for i, name in enumerate(part.strip() for part in columns["name"]):

        def cell(column: str, row: int = i) -> str:
            return columns[column][row].strip() if row < len(columns[column]) else ""

        if not name:
            continue
        if kind == "prices_map":
            prices = {p: _number(cell(p)) for p in ("usual", "highest")}
            if any(price is not None for price in prices.values()):
                found[name] = prices | ({"currency": cell("currency")} if cell("currency") else {})
        elif cell("value"):
            found[name] = _number(cell("value"), whole=True) if kind == "days_map" else cell("value")
    return found


def _number(text: str, *, whole: bool = False) -> Any:
    """Return a number as a person writes it, with a comma or a point; what is none comes back as it is."""
    if not text:
        return None
    try:
        number = float(text.replace(",", ".").replace("\N{NO-BREAK SPACE}", "").replace(" ", ""))
    except ValueError:
        return text
    return int(number) if whole or number.is_integer() else number


@dataclass(frozen=True)
class Words:
    """What a control's codes are called: all of them, those of a list that are chosen, and the others."""

    options: tuple[tuple[str, str], ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def words_of(item: Item, shown: Control, language: Language) -> Words:
    """Return the words for a control in a language."""
    schema: Mapping[str, Any] = item.schema
    if shown.kind == "slot":
        schema = schema["properties"]["slot"]
    elif schema["type"] == "array":
        schema = schema["items"]

    def named(codes: Iterable[Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (code, choice(schema, code, language) if "enum" in schema else code) for code in codes if code
        )

    if shown.kind not in ("ranks", "ticks"):
        return Words(named(shown.options))
    chosen = named(shown.value)
    return Words(
        named(shown.options), chosen, tuple(each for each in named(shown.options) if each not in chosen)
    )
