"""Recovery codes: what they look like and how they are read when somebody types one."""

import secrets
from dataclasses import dataclass
from datetime import datetime

HOW_MANY = 10
# Crockford's base 32, in lower case: no i, l, o and u, which are misread or make words.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 16  # characters of 5 bits: 80 bits, far beyond guessing even without the throttle
GROUP = 4
LONGEST_TYPED = 100
_READ_AS = str.maketrans({"i": "1", "l": "1", "o": "0"})


@dataclass(frozen=True)
class RecoverySet:
    """How many codes of a customer are still good, and since when there are these."""

    left: int
    made_at: datetime


def new_codes() -> list[str]:
    """Return ten new codes such as `k3f9-7m2x-0wq4-ehz8`."""
    return [written("".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) for _ in range(HOW_MANY)]


def written(code: str) -> str:
    """Write a code in groups, as it is easy to copy."""
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def normal_code(typed: str) -> str | None:
    """Return a typed code as it is compared, or None if it can't be one. Case, spaces and hyphens don't matter."""
    kept = "".join(c for c in typed[:LONGEST_TYPED].lower().translate(_READ_AS) if c.isalnum())
    return kept if len(kept) == LENGTH and set(kept) <= set(ALPHABET) else None
