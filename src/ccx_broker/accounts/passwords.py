"""Address and password made into the two halves of one key (decision 0006), on threads of their own.

Both halves are keyed with the password key: who has only the database can't even start to guess.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from argon2.low_level import Type, hash_secret_raw

from ccx_broker.kit.runtime import Keys

T = TypeVar("T")

# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane: some 20 ms of a present core.
# Changing any of these locks everybody out: the verifier is what the account is found by.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

# So many computations at once, hence at most 4 × 19 MiB; whoever comes then waits without holding a thread.
CONCURRENT = 4
_limiter = CapacityLimiter(CONCURRENT)


async def in_password_thread(work: Callable[[], T]) -> T:
    """Run `work`, which computes a verifier, off the event loop and not on the threads others need."""
    return await to_thread.run_sync(work, limiter=_limiter)


def _keyed(keys: Keys, use: str, text: str) -> bytes:
    return hmac.new(keys.password, f"{use}\0{text}".encode(), hashlib.sha256).digest()


def email_key(keys: Keys, email: str) -> bytes:
    """Return the 32 bytes that stand for a normalised address."""
    return _keyed(keys, "email", email)


def code_key(keys: Keys, code: str) -> bytes:
    """Return the 32 bytes that stand for a recovery code: it is random, so a keyed hash is enough."""
    return _keyed(keys, "recovery code", code)


def verifier(keys: Keys, email: str, password: str) -> bytes:
    """Return 32 bytes: argon2id (RFC 9106) of the password, salted by a keyed hash of the address.

    The salt is the same at every sign-in, so the result can be looked up; it differs for every address
    and nobody without the key can compute it.
    """
    return hash_secret_raw(
        password.encode(),
        _keyed(keys, "salt", email)[:16],
        time_cost=PASSES,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=32,
        type=Type.ID,
    )
