"""Tidying up: what is over is deleted, and expired grants get their line in the history.

Nothing depends on it: every use looks at the time itself. It keeps the tables small, and a customer's
history complete.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ccx_broker.consent import service as consent
from ccx_broker.oauth import service
from ccx_broker.oauth.store import failures

BATCH = 1000
"""Rows of each kind in one transaction, so that no lock is held for long."""

LONGEST_COUNTED = timedelta(hours=1)
"""No failure counts for longer than this."""


def tidy(session: Session, now: datetime) -> int:
    """Do one bounded batch; return how many rows it touched. Call it again until it touches none."""
    return (
        service.delete_expired(session, now, BATCH)
        + consent.record_expired(session, now, BATCH)
        + failures.delete_old(session, now - LONGEST_COUNTED, BATCH)
    )
