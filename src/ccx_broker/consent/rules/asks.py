"""The request object: what an application asks one customer for, whichever way it asked. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol


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


def ask_of_scopes(
    scopes: Collection[str], purposes: Iterable[tuple[str, Collection[str]]], items: Collection[CatalogueItem]
) -> Ask:
    """Make the request object from OAuth scopes and the application's purposes with what each needs."""
    declared = list(purposes)
    keys = keys_of_scopes(scopes, items)
    special = frozenset(i.key for i in items if i.special).intersection(keys)
    needs = {key for _, needed in declared for key in needed} - special
    return Ask(
        keys=keys,
        special=special,
        needed=tuple(key for key in keys if key in needs),
        purposes=tuple(purpose for purpose, _ in declared),
        wants_events="events:write" in scopes,
    )
