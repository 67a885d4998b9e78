"""A refresh token that comes again: a lost answer, or a theft? One pure decision."""

from datetime import datetime, timedelta
from typing import Literal

from ccx_broker.oauth.rules import StoredRefreshToken

GRACE = timedelta(seconds=10)
"""So soon after an exchange the same token may come again because its answer got lost."""


def judge_repeat(
    stored: StoredRefreshToken, *, successor_used: bool, now: datetime
) -> Literal["repeat", "reuse", "dead"]:
    """Say what it means that a token which can't be exchanged (any more) comes from its own client.

    `dead`: it was never exchanged and only is over. `repeat`: perhaps the answer was lost. `reuse`: two
    parties hold tokens of one family. So it is if the successor was used (its answer did arrive), if it is
    too late for a repeat, and if a repeat has put another in this token's place.
    """
    if stored.claimed_at is None:
        return "dead"
    if stored.revoked_at is not None or successor_used or stored.claimed_at < now - GRACE:
        return "reuse"
    return "repeat"
