"""Authorization details (RFC 9396) of the one type that there is, `ccx_preferences`: reading them. Pure.

    [{"type": "ccx_preferences", "keys": ["buy.store"], "purposes": ["dpv:ServiceProvision"],
      "include_defaults": true, "until": "2027-01-31T00:00:00Z"}]

Whatever is not exactly so is refused with the reason (§5), never read leniently: a customer is asked for
what was meant, or for nothing.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ccx_broker.consent.rules.asks import CatalogueItem, Detail

TYPE = "ccx_preferences"
FIELDS = ("type", "keys", "purposes", "include_defaults", "until")
MOST = 20
"""Details in one request."""


@dataclass(frozen=True)
class Registered:
    """What an application may ask for at all: these keys, for these purposes."""

    keys: Collection[str]
    purposes: Collection[str]


class _Wrong(Exception):
    """A detail is not as it has to be; the message says in what."""


def read_details(
    text: str, registered: Registered, items: Collection[CatalogueItem], *, now: datetime, latest: datetime
) -> tuple[Detail, ...] | str:
    """Read the parameter `authorization_details`; if it is not valid, return why.

    `until` has to lie between `now` and `latest`. The reason is fit for `error_description` (RFC 6749
    §5.2): it repeats what was sent only where that is a plain word.
    """
    try:
        given = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return "authorization_details is not JSON."
    except _Wrong as wrong:
        return f"authorization_details: {wrong}."
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        return f"authorization_details has to be a JSON array of 1 to {MOST} objects."
    known = {item.key: place for place, item in enumerate(items)}
    details = []
    for place, each in enumerate(given):
        try:
            details.append(_detail(each, registered, known, now, latest))
        except _Wrong as wrong:
            return f"authorization_details, object {place + 1}: {wrong}."
    return tuple(details)


def _detail(
    given: Any, registered: Registered, known: dict[str, int], now: datetime, latest: datetime
) -> Detail:
    if not isinstance(given, dict):
        raise _Wrong("it is not an object")
    if given.get("type") != TYPE:
        raise _Wrong(f"the only type is {TYPE}")
    if unknown := [name for name in given if name not in FIELDS]:
        raise _Wrong(f"there is no field {_shown(unknown)}")
    keys = _names(given.get("keys"), "keys")
    if unknown := [key for key in keys if key not in known]:
        raise _Wrong(f"the catalogue has no key {_shown(unknown)}")
    if beyond := [key for key in keys if key not in registered.keys]:
        raise _Wrong(f"the client is not registered for {_shown(beyond)}")
    purposes = _names(given["purposes"], "purposes") if "purposes" in given else ()
    if beyond := [purpose for purpose in purposes if purpose not in registered.purposes]:
        raise _Wrong(f"the client has not declared the purpose {_shown(beyond)}")
    include_defaults = given.get("include_defaults", True)
    if not isinstance(include_defaults, bool):
        raise _Wrong("include_defaults has to be true or false")
    until = _time(given["until"], now, latest) if "until" in given else None
    return Detail(tuple(sorted(keys, key=known.__getitem__)), purposes, include_defaults, until)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Wrong("an object has the same field twice")
    return dict(pairs)


def _names(given: Any, field: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise _Wrong(f"{field} has to be a list of names, with one at least")
    if len(set(given)) < len(given):
        raise _Wrong(f"{field} names something twice")
    return tuple(given)


def _time(given: Any, now: datetime, latest: datetime) -> datetime:
    try:
        until = datetime.fromisoformat(given) if isinstance(given, str) and "T" in given.upper() else None
    except ValueError:
        until = None
    if until is None or until.utcoffset() is None:
        raise _Wrong("until has to be a time such as 2027-01-31T00:00:00Z")
    try:
        in_time = now < until <= latest
    except OverflowError:
        in_time = False
    if not in_time:
        raise _Wrong("until has to be in the future, and at most one year (365 days) away")
    return until.astimezone(UTC)


def _shown(names: Iterable[str]) -> str:
    return ", ".join(
        name if re.fullmatch(r"[\w.:-]{1,60}", name, re.ASCII) else "of that name" for name in names
    )
