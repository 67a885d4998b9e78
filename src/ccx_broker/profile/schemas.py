"""The wire shapes of the profile."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ccx_broker.profile.catalogue import Item
from ccx_broker.profile.rules import Entry, Known, Rank

# Whatever the database's own time zone is, the API speaks UTC (RFC 3339, ending in Z).
Time = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]
Value = Annotated[
    Any, Field(description="As the key's `schema` in the catalogue says.", examples=["367", ["Coffee"]])
]
RankField = Annotated[
    Rank, Field(description="`need`: can't do without; `want`: would like; `delighter`: a pleasant surprise.")
]
Note = Annotated[
    str | None,
    Field(max_length=500, description="Why, in the customer's own words; never shared with anybody."),
]


class CatalogueItem(BaseModel):
    """One key of the vocabulary."""

    key: str = Field(examples=["buy.store"])
    step: str = Field(description="The step of the customer's journey.", examples=["buy"])
    question: str
    help: str
    schema_: dict[str, Any] = Field(alias="schema", description="The value's JSON Schema, draft 2020-12.")
    sensitivity: Literal["ordinary", "special", "revealing", "consent"]
    inferable: bool = Field(description="Whether a default may be inferred from behaviour.")
    guess: dict[Literal["wrong", "silent"], float] | None = Field(
        None,
        description="If it may be inferred: what a `wrong` guess costs the customer, and what a `silent` broker "
        "does, on a scale of their own. A guess is told from the probability 1 - silent / wrong on.",
    )
    mappings: dict[str, dict[str, Any]] = Field(
        description="By vocabulary: the `name` there, the `values` that differ, and whether it is `inverted`."
    )


class CatalogueShown(BaseModel):
    """The whole vocabulary."""

    version: str
    items: list[CatalogueItem]


class PreferenceWritten(BaseModel):
    """What the customer says about a key."""

    model_config = ConfigDict(extra="forbid")

    value: Value
    rank: RankField = "want"
    note: Note = None


class Restoring(BaseModel):
    """Which earlier version is to hold again."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, lt=2**31)


class PreferenceShown(BaseModel):
    """A key with what counts for it; all null where nothing was said or guessed."""

    key: str = Field(examples=["buy.store"])
    step: str = Field(examples=["buy"])
    value: Value
    source: Literal["stated", "imported", "default"] | None
    rank: Rank | None
    confidence: float | None = Field(description="How sure a guess is, 0 to 1; null for what was said.")
    note: str | None
    set_at: Time | None
    version: int = Field(description="The version that a write is made upon; 0 if nothing was ever said.")

    @classmethod
    def of(cls, item: Item, known: Known) -> Self:
        """Show `known`, the state of the catalogue's `item`."""
        held = known.held
        return cls(
            key=item.key,
            step=item.step,
            value=held and held.value,
            source=held and held.source,
            rank=held and held.rank,
            confidence=held and held.confidence,
            note=known.note,
            set_at=held and held.set_at,
            version=known.version,
        )


class PreferenceList(BaseModel):
    """Every key of the catalogue, in its order; always one page."""

    items: list[PreferenceShown]
    next: None = None


class EntryShown(BaseModel):
    """One version of a preference."""

    version: int
    action: Literal["set", "removed", "restored", "accepted", "signalled"]
    value: Value
    source: Literal["stated", "imported"]
    rank: Rank
    note: str | None
    at: Time

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show one line of the history."""
        return cls(
            version=entry.version,
            action=entry.action,
            value=entry.value,
            source=entry.source,
            rank=entry.rank,
            note=entry.note,
            at=entry.at,
        )


class History(BaseModel):
    """The versions of a preference, the newest first."""

    items: list[EntryShown]
    next: str | None
