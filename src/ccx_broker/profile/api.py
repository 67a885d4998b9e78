"""The doors of the profile: the vocabulary, and what one customer says in it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Invalid
from ccx_broker.kit.etag import is_current, named_versions, version_etag
from ccx_broker.kit.paging import Cursor, Limit, decode_cursor, encode_cursor
from ccx_broker.profile import service, store
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import Expect, Stated, effective, known
from ccx_broker.profile.schemas import (
    CatalogueShown,
    EntryShown,
    History,
    PreferenceList,
    PreferenceShown,
    PreferenceWritten,
    Restoring,
)

router = APIRouter(prefix="/v1", tags=["profile"])

# Nobody's profile belongs in a shared cache, nor in a browser's after signing out.
PRIVATE = {"Cache-Control": "no-store"}
# A new catalogue comes with a new release: an hour's delay harms nobody.
PUBLIC = {"Cache-Control": "public, max-age=3600", "ETag": CATALOGUE.etag}

IfMatch = Annotated[
    str | None, Header(description="The ETag the change is made upon, or `*`: only if something is stated.")
]
IfNoneMatch = Annotated[str | None, Header(description="`*`: only if nothing is stated yet.")]


def expectation(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Expect:
    """Read the conditions of a write (RFC 9110 §13.1); raises `Invalid` for one that makes no sense here."""
    if if_none_match is not None:
        if if_none_match.strip() != "*" or if_match is not None:
            reason = "a write takes `*` only, and not together with If-Match"
            raise Invalid(
                f"Correct the header If-None-Match: {reason}.",
                errors=[{"field": "If-None-Match", "reason": reason}],
            )
        return "absent"
    if if_match is None:
        return None
    return "present" if if_match.strip() == "*" else named_versions(if_match)


Expected = Annotated[Expect, Depends(expectation)]


@router.get("/catalogue", response_model=CatalogueShown, responses={304: {"description": "You have it."}})
def get_catalogue(
    if_none_match: Annotated[str | None, Header(description="The ETag of the one you have.")] = None,
) -> Response:
    """Get the vocabulary: every key with its question, value schema and sensitivity. Open to all."""
    if is_current(if_none_match, CATALOGUE.etag):
        return Response(status_code=304, headers=PUBLIC)
    return Response(CATALOGUE.body, headers=PUBLIC, media_type="application/json")


@router.get("/me/preferences")
def list_preferences(
    me: SignedIn,
    db: Db,
    response: Response,
    step: Annotated[str | None, Query(description="Only the keys of this step.", examples=["buy"])] = None,
) -> PreferenceList:
    """List every key with what counts for it: what you said, else a guess that stands, else null."""
    items = CATALOGUE.items if step is None else CATALOGUE.of_step(step)
    found = store.known_values(db, me.customer.customer_id, [item.key for item in items])
    response.headers.update(PRIVATE)
    return PreferenceList(
        items=[PreferenceShown.of(item, each) for item, each in zip(items, found, strict=True)]
    )


@router.get("/me/preferences/{key}")
def get_preference(key: str, me: SignedIn, db: Db, response: Response) -> PreferenceShown:
    """Get one key. Its ETag is the version of what you said, whether or not a guess fills the gap."""
    item = CATALOGUE.require(key)
    (found,) = store.known_values(db, me.customer.customer_id, [key])
    response.headers.update(PRIVATE | {"ETag": version_etag(found.version)})
    return PreferenceShown.of(item, found)


@router.put("/me/preferences/{key}")
def put_preference(
    *, key: str, body: PreferenceWritten, me: SignedIn, db: Db, response: Response, expected: Expected
) -> PreferenceShown:
    """Say something. The same again makes no new version; a stale `If-Match` is refused with 412."""
    stated = service.set_preference(
        db,
        me.customer.customer_id,
        key,
        body.value,
        rank=body.rank,
        note=body.note,
        if_match=expected,
        now=now(),
    )
    return shown(stated, response)


@router.delete("/me/preferences/{key}", status_code=204)
def delete_preference(key: str, me: SignedIn, db: Db, expected: Expected) -> None:
    """Take back what you said. It stays in the history, and a guess may fill the gap again."""
    service.remove_preference(db, me.customer.customer_id, key, if_match=expected, now=now())


@router.get("/me/preferences/{key}/history")
def get_history(
    *, key: str, me: SignedIn, db: Db, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> History:
    """List all versions of a key, the newest first."""
    CATALOGUE.require(key)
    before = decode_cursor(cursor)
    found = store.load_history(
        db,
        me.customer.customer_id,
        key,
        # A cursor names a version; one that somebody made up may be larger than any.
        before=None if before is None else min(before.int, 2**31 - 1),
        limit=limit + 1,
    )
    page = found[:limit]
    response.headers.update(PRIVATE)
    return History(
        items=[EntryShown.of(entry) for entry in page],
        next=encode_cursor(UUID(int=page[-1].version)) if len(found) > limit else None,
    )


@router.post("/me/preferences/{key}/restore")
def restore_preference(
    *, key: str, body: Restoring, me: SignedIn, db: Db, response: Response, expected: Expected
) -> PreferenceShown:
    """Say again what you said in an earlier version. Doing so twice is doing it once."""
    stated = service.restore_preference(
        db, me.customer.customer_id, key, body.version, if_match=expected, now=now()
    )
    return shown(stated, response)


def shown(stated: Stated, response: Response) -> PreferenceShown:
    """Show what a write has left, with its ETag."""
    response.headers.update(PRIVATE | {"ETag": version_etag(stated.version)})
    return PreferenceShown.of(
        CATALOGUE.require(stated.key), known(stated.key, stated, effective(stated, None))
    )
