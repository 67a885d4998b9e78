"""What counts in a profile, and what a write makes of it. Nothing here knows a database or the wire.

Three promises are decided here: a stated value always wins over a guess, a dismissed guess never comes
back, and whoever has said no to profiling is not guessed at all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any, Literal, NamedTuple, get_args

Rank = Literal["need", "want", "delighter"]
RANKS: tuple[str, ...] = get_args(Rank)

# The one key that switches all guesses off.
PROFILING = "data.profiling"

# What a writer believes is there: one of these versions, any stated value (`If-Match: *`), none
# (`If-None-Match: *`), or no opinion.
Expect = frozenset[int] | Literal["present", "absent"] | None


# These three are tuples, where other facts are dataclasses: a consented read makes a dozen of them, and a
# frozen dataclass takes three times as long to make.
class Stated(NamedTuple):
    """What the customer said about one key. No value: they have taken it back (the version goes on)."""

    key: str
    value: Any
    source: str
    rank: str
    note: str | None
    version: int
    set_at: datetime


class Default(NamedTuple):
    """A guess and the customer's answer to it: `offered`, `accepted` or `dismissed`."""

    key: str
    value: Any
    confidence: float
    evidence: Mapping[str, Any]
    state: str
    computed_at: datetime


class Held(NamedTuple):
    """The value that counts for a key, wherever it came from. Only a guess has a confidence, 0 to 1."""

    key: str
    value: Any
    source: str
    rank: str
    confidence: float | None
    set_at: datetime


@dataclass(frozen=True)
class Known:
    """A key as its customer sees it: what counts, and the version that a write is made upon (0: never)."""

    key: str
    held: Held | None
    note: str | None
    version: int


@dataclass(frozen=True)
class Offer:
    """What an estimator has to say about a key; value None: nothing, so a guess is taken back."""

    key: str
    value: Any
    confidence: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One line of a key's history: `set`, `removed`, `restored` or `accepted`."""

    version: int
    action: str
    value: Any
    source: str
    rank: str
    note: str | None
    at: datetime


@dataclass(frozen=True)
class Wish:
    """What a write asks for."""

    value: Any
    rank: str
    note: str | None
    action: str = "set"
    source: str = "stated"


@dataclass(frozen=True)
class Written:
    """The outcome of a write; no entry: everything was already so, and nothing is to be stored."""

    stated: Stated
    entry: Entry | None


@dataclass(frozen=True)
class Stale:
    """The refusal of a write that was made upon another version than the present one."""

    version: int


def effective(stated: Stated | None, default: Default | None) -> Held | None:
    """Return what counts: the stated value if there is one, else a guess that still stands."""
    if stated is not None and stated.value is not None:
        return Held(stated.key, stated.value, stated.source, stated.rank, None, stated.set_at)
    if default is not None and default.state == "offered" and default.value is not None:
        return Held(default.key, default.value, "default", "want", default.confidence, default.computed_at)
    return None


def effective_all(
    stated: Mapping[str, Stated], defaults: Mapping[str, Default], inferable: Collection[str]
) -> dict[str, Held]:
    """Return what counts for every key that has a value.

    `stated` must hold `data.profiling` if the customer has said anything about it. A guess about a key
    outside `inferable` does not count even if somebody managed to store one.
    """
    profiling = stated.get(PROFILING)
    allowed = profiling is None or profiling.value != "no"
    found = {key: held for key, said in stated.items() if (held := effective(said, None))}
    if allowed:
        for key, guess in defaults.items():
            if key not in found and key in inferable and (held := effective(None, guess)):
                found[key] = held
    return found


def known(key: str, stated: Stated | None, held: Held | None) -> Known:
    """Put together what a customer sees of a key; a note goes with the statement that it explains."""
    said = stated is not None and stated.value is not None
    return Known(key, held, stated.note if stated and said else None, stated.version if stated else 0)


def write(present: Stated, wish: Wish, expect: Expect, now: datetime) -> Written | Stale:
    """Decide a write upon the present row: a new version, no change at all, or a refusal."""
    if not _as_expected(present, expect):
        return Stale(present.version)
    if present.value is not None and _same(present, wish):
        return Written(present, None)
    return _advance(present, wish, now)


def remove(present: Stated, expect: Expect, now: datetime) -> Written | Stale:
    """Decide a removal. What is already gone stays as it is, so that a repeated removal succeeds."""
    if present.value is None:
        return Written(present, None)
    if not _as_expected(present, expect):
        return Stale(present.version)
    return _advance(present, Wish(None, present.rank, None, "removed", present.source), now)


def accept(default: Default | None) -> Default | None:
    """Return the guess as accepted; None: there is nothing to accept."""
    if default is None or default.value is None or default.state == "dismissed":
        return None
    return default._replace(state="accepted")


def dismiss(default: Default | None) -> Default | None:
    """Return the guess as dismissed; None: there is none, or it has become the customer's own word."""
    if default is None or default.state == "accepted":
        return None
    return default._replace(state="dismissed")


def undismiss(default: Default | None) -> Default | None:
    """Return a dismissed guess as offered again, which only its customer may ask for."""
    if default is None or default.state == "accepted":
        return None
    return default._replace(state="offered")


def _as_expected(present: Stated, expect: Expect) -> bool:
    if expect is None:
        return True
    if expect == "present":
        return present.value is not None
    if expect == "absent":
        return present.value is None
    return present.version in expect


def _same(present: Stated, wish: Wish) -> bool:
    # As JSON: in Python, true equals 1.
    values = dumps(present.value, sort_keys=True) == dumps(wish.value, sort_keys=True)
    return values and (present.source, present.rank, present.note) == (wish.source, wish.rank, wish.note)


def _advance(present: Stated, wish: Wish, now: datetime) -> Written:
    entry = Entry(present.version + 1, wish.action, wish.value, wish.source, wish.rank, wish.note, now)
    return Written(
        Stated(present.key, wish.value, wish.source, wish.rank, wish.note, entry.version, now), entry
    )
