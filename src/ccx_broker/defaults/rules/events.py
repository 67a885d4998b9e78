"""Events as the service takes them in and as a customer gets to see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.words import Said, say, say_n


@dataclass(frozen=True)
class ReceivedEvent:
    """A checked event of a known customer. `body` is what is kept of it besides what has a field here."""

    customer_id: UUID
    organisation_id: UUID
    message_id: str
    name: str
    at: datetime
    body: Mapping[str, Any]

    @property
    def utc_offset(self) -> int:
        """Return the offset that its time was sent with, in minutes: RFC 3339 knows no finer one."""
        return int((self.at.utcoffset() or timedelta(0)).total_seconds()) // 60

    def observation(self) -> Observation | None:
        """Return what may be learnt from it, or None."""
        properties, context = self.body.get("properties"), self.body.get("context")
        return observe(
            self.name,
            str(self.organisation_id),
            self.at,
            properties if isinstance(properties, dict) else {},
            context if isinstance(context, dict) else {},
        )


@dataclass(frozen=True)
class KeptEvent:
    """One line of a customer's list of events; `things`, `store` and `total` as far as the event has them.

    `learnt`: something was learnt from it, and it counts now, since its sender is not muted.
    """

    event_id: UUID
    organisation_id: UUID
    name: str
    at: datetime
    received_at: datetime
    learnt: bool
    things: int | None
    store: str | None
    total: str | None
    currency: str | None

    @property
    def summary(self) -> str:
        """Return the gist in plain words: `12 things at store 367 for 34.20 USD`."""
        parts: dict[str, str] = {}
        if self.things is not None:
            parts["things"] = say_n("%(n)d thing", "%(n)d things", self.things)
        if self.store:
            parts["store"] = say("at store %(store)s", store=self.store)
        if self.total:
            parts["total"] = say("for %(total)s", total=f"{self.total} {self.currency or ''}".rstrip())
        return Said(" ".join(f"%({name})s" for name in parts), parts) if parts else self.name


@dataclass(frozen=True)
class Choices:
    """What a customer has said about being observed. Nothing said is not a no: a live grant is a yes."""

    collect: bool = True
    profiling: bool = True

    @property
    def may_learn(self) -> bool:
        """Tell whether an event may teach the estimators anything."""
        return self.collect and self.profiling


@dataclass(frozen=True)
class LearnResult:
    """How many events were new, and how many had been taken in before."""

    accepted: int
    duplicates: int


@dataclass(frozen=True)
class Source:
    """An organisation that has sent something about a customer, or that is muted.

    `events` counts what is kept and not forgotten, `learnt` those of it that something was learnt from;
    `first_at` and `last_at` are when the earliest and the latest of it happened.
    """

    organisation_id: UUID
    events: int
    learnt: int
    first_at: datetime | None
    last_at: datetime | None
    muted_at: datetime | None
