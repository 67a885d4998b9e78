"""A ranking in a form: what its buttons do to the order (macro `rank_list` in `web/forms.html`)."""

from collections.abc import Sequence


def moved(order: Sequence[str], move: str) -> list[str]:
    """Return the order after a button: `card up`, `card down`, `card out`, `card in`; any other text moves nothing."""
    value, _, way = move.rpartition(" ")
    after = list(dict.fromkeys(order))
    if way == "in" and value and value not in after:
        return [*after, value]
    if value not in after:
        return after
    place = after.index(value)
    if way == "out":
        after.pop(place)
    elif way in ("up", "down"):
        after.insert(max(0, place + (1 if way == "down" else -1)), after.pop(place))
    return after
