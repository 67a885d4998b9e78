"""The request object: what an application asks one customer for, whichever way it asked. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

Mode = Literal["merge", "replace", "create"]
"""What becomes of a grant that the organisation has already (Grant Management for OAuth 2.0 §5.2).

`merge` keeps what is not asked about, `replace` keeps nothing else, `create` ends it and begins another.
"""


@dataclass(frozen=True)
class Ask:
    """What an application asks one customer for, whichever way it asked."""

    keys: tuple[str, ...]
    special: frozenset[str]
    """Those of `keys` that are ★ or ◆: each is shared only by a tick of its own."""
    needed: tuple[str, ...]
    """Those of `keys` that it says it can't do without; never a special one."""
    purposes: tuple[str, ...]
    wants_events: bool = False
    offers_defaults: bool = True
    until: datetime | None = None
    """The application wants it no longer than this."""
    mode: Mode = "merge"
    grant_id: UUID | None = None
    """The grant that `mode` is meant for; None: whichever there is."""
    sign_in: bool = False
    """It wants to recognise the customer (`openid`), with or without anything else."""

    @property
    def only_sign_in(self) -> bool:
        """Whether it wants nothing but to recognise the customer."""
        return self.sign_in and not (self.keys or self.wants_events)


@dataclass(frozen=True)
class Detail:
    """One authorization detail of type `ccx_preferences` (RFC 9396 §2), read and found valid."""

    keys: tuple[str, ...]
    purposes: tuple[str, ...] = ()
    """Some of those that the application has declared; none named: all."""
    include_defaults: bool = True
    until: datetime | None = None


class CatalogueItem(Protocol):
    """What these rules need to know of a key."""

    @property
    def key(self) -> str:
        """The key's name."""

    @property
    def step(self) -> str:
        """The journey step it belongs to."""

    @property
    def special(self) -> bool:
        """Whether it is ★ or ◆."""


def keys_of_scopes(scopes: Iterable[str], items: Iterable[CatalogueItem]) -> tuple[str, ...]:
    """Return the catalogue's keys that `scopes` name, in the catalogue's order.

    `pref:<key>` is exactly that key. `pref:<step>` is the step's keys, never a ★ or ◆ one (promise 4).
    """
    names = {scope.removeprefix("pref:") for scope in scopes if scope.startswith("pref:")}
    return tuple(i.key for i in items if i.key in names or (i.step in names and not i.special))


def ask_of(
    scopes: Collection[str],
    details: Sequence[Detail],
    purposes: Iterable[tuple[str, Collection[str]]],
    items: Collection[CatalogueItem],
    *,
    mode: Mode = "merge",
    grant_id: UUID | None = None,
) -> Ask:
    """Make the request object from scopes, authorization details, or both.

    `purposes`: what the application has declared, with the keys that it can't do without. A grant has one
    end and one answer about guesses, so of several details the earliest end and the strictest wish hold.
    """
    by_scope = keys_of_scopes(scopes, items)
    wanted = {*by_scope, *(key for detail in details for key in detail.keys)}
    named = {purpose for detail in details for purpose in detail.purposes}
    if by_scope or not details or any(not detail.purposes for detail in details):
        declared = list(purposes)
    else:
        declared = [(purpose, needed) for purpose, needed in purposes if purpose in named]
    keys = tuple(item.key for item in items if item.key in wanted)
    special = frozenset(i.key for i in items if i.special).intersection(keys)
    needs = {key for _, needed in declared for key in needed} - special
    return Ask(
        keys=keys,
        special=special,
        needed=tuple(key for key in keys if key in needs),
        purposes=tuple(purpose for purpose, _ in declared),
        wants_events="events:write" in scopes,
        offers_defaults=bool(keys) and all(detail.include_defaults for detail in details),
        until=min((detail.until for detail in details if detail.until is not None), default=None),
        mode=mode,
        grant_id=grant_id,
        sign_in="openid" in scopes,
    )


def ask_of_scopes(
    scopes: Collection[str], purposes: Iterable[tuple[str, Collection[str]]], items: Collection[CatalogueItem]
) -> Ask:
    """Make the request object from scopes alone."""
    return ask_of(scopes, (), purposes, items)
