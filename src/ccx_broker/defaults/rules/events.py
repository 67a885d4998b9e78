"""Events as the service takes them in and as a customer gets to see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ccx_broker.defaults.rules.observation import Observation, observe


@dataclass(frozen=True)
class ReceivedEvent:
    """A checked event of a known customer. `body` is what is kept of it besides what has a field here."""

    customer_id: UUID
    organisation_id: UUID
    message_id: str
    name: str
    at: datetime
    body: Mapping[str, Any]

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
    """One line of a customer's list of events; `things`, `store` and `total` as far as the event has them."""

    event_id: UUID
    organisation_id: UUID
    name: str
    at: datetime
    received_at: datetime
    things: int | None
    store: str | None
    total: str | None
    currency: str | None

    @property
    def summary(self) -> str:
        """Return the gist in plain words: `12 things at store 367 for 34.20 USD`."""
        parts = []
        if self.things is not None:
            parts.append("1 thing" if self.things == 1 else f"{self.things} things")
        if self.store:
            parts.append(f"at store {self.store}")
        if self.total:
            parts.append(f"for {self.total} {self.currency or ''}".rstrip())
        return " ".join(parts) or self.name


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
