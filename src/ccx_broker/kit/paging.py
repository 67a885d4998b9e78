"""Cursor paging: `{"items": […], "next": cursor|null}`, as fast on the last page as on the first."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query

from ccx_broker.kit.errors import Invalid

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="How many items a page holds, 1 to 200.")]
Cursor = Annotated[
    str | None, Query(description="The `next` of the page before; leave out for the first page.")
]


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page, and the cursor of the one after it (None on the last)."""

    items: Sequence[T]
    next: str | None


def encode_cursor(last: UUID) -> str:
    """Name the last row of a page."""
    return urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def decode_cursor(cursor: str | None) -> UUID | None:
    """Read a cursor back; raises `Invalid` for one that this API never gave out."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=="))
    except ValueError as error:
        raise Invalid(
            "Use the `next` of the page before as it is, or leave `cursor` out to start again.",
            errors=[{"field": "cursor", "reason": "not a cursor of this API"}],
        ) from error
