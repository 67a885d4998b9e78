"""Values and numbers as a person would write them. Pure."""

from collections.abc import Mapping
from typing import Any

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


LONGEST_LIST = 4
YES, NO = "✓ yes", "no"


def in_words(value: Any) -> str:
    """Return a value of the profile in plain words."""
    if isinstance(value, Mapping) and set(value) == {"day", "slot"}:
        named = [DAYS.get(str(value["day"]), ""), str(value["slot"] or "")]
        return " ".join(part for part in named if part) or "any time"
    if isinstance(value, Mapping) and "usual" in value:
        return f"usually {value['usual']}, at most {value['highest']}"
    if isinstance(value, Mapping):
        return in_words([f"{in_words(name)}: {in_words(each)}" for name, each in value.items()])
    if isinstance(value, list):
        named = [in_words(each) for each in value[:LONGEST_LIST]]
        rest = len(value) - len(named)
        return ", ".join(named) + (f" and {rest} more" if rest else "")
    if isinstance(value, str):
        return value.lower() if value.isupper() else value
    return "nothing" if value is None else str(value)


def source_in_words(preference: Mapping[str, Any]) -> str:
    """Return where a preference comes from: `she said so`, or how sure the guess is."""
    if preference["source"] == "default":
        return f"a guess, {round(preference['confidence'] * 100)} % sure"
    return "Ada said so"


def counted(number: int, thing: str) -> str:
    """Return `1 order` or `1,234 orders`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
