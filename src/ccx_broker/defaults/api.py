"""A customer's defaults: guesses, with reasons, and the answers to them."""

from collections.abc import Collection
from uuid import UUID

from fastapi import APIRouter, Response

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.defaults import conclusions_store, events_store, service
from ccx_broker.defaults.naming import describer
from ccx_broker.defaults.rules import heard_by
from ccx_broker.defaults.rules.answers import CHANGES
from ccx_broker.defaults.schemas import DefaultItem, DefaultList, DefaultReasons, EventItem
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import NotFound
from ccx_broker.organisations.store import organisation_names
from ccx_broker.profile import service as profile
from ccx_broker.profile import store as profile_store
from ccx_broker.profile.catalogue import CATALOGUE

router = APIRouter(tags=["defaults"])
SHOWN = 10
"""How many of the events behind a guess are shown with it."""


@router.get("/v1/me/defaults", summary="What was guessed about me, and why")
def get_defaults(me: SignedIn, db: Db) -> DefaultList:
    """List every guess with its evidence, the dismissed ones included.

    To correct one, say what is right: `PUT /v1/me/preferences/{key}`. A stated value always wins.
    """
    customer_id = me.customer.customer_id
    # Asked first: what is concluded in between is then told as guess and as pending, and not as neither.
    pending = conclusions_store.is_due(db, customer_id)
    found = profile_store.load_defaults(db, customer_id)
    counting = counting_keys(db, customer_id, found)
    in_words = describer(db, customer_id, {key: guess.value for key, guess in found.items()})
    return DefaultList(
        items=[
            DefaultItem.of(found[item.key], counts=item.key in counting, describe=in_words)
            for item in CATALOGUE.items
            if item.key in found
        ],
        pending=pending,
    )


@router.get("/v1/me/defaults/{key}", summary="Why was this guessed?")
def get_default(key: str, me: SignedIn, db: Db) -> DefaultReasons:
    """Show a guess with its evidence, the latest events behind it, and what would change it.

    All of these events, page by page: `GET /v1/me/events?default={key}`.
    """
    CATALOGUE.require(key)
    customer_id = me.customer.customer_id
    found = profile_store.load_defaults(db, customer_id, [key]).get(key)
    if found is None:
        raise NotFound(f"Nothing is guessed about `{key}`. GET /v1/me/defaults lists what is.")
    events = events_store.events_page(
        db, customer_id, before=None, limit=SHOWN, names=heard_by(key), counting=True
    )
    names = organisation_names(db, {event.organisation_id for event in events})
    return DefaultReasons(
        default=DefaultItem.of(
            found,
            counts=key in counting_keys(db, customer_id, [key]),
            describe=describer(db, customer_id, {key: found.value}),
        ),
        learnt_from=sorted(heard_by(key)),
        events=[EventItem.of(event, names) for event in events],
        changes=list(CHANGES[found.state]),
    )


@router.post("/v1/me/defaults/{key}/accept", status_code=204, summary="That is right")
def accept(key: str, me: SignedIn, db: Db) -> Response:
    """Make the guess the customer's own stated preference. Repeating it changes nothing."""
    profile.accept_default(db, me.customer.customer_id, key, now=now())
    return Response(status_code=204)


@router.post("/v1/me/defaults/{key}/dismiss", status_code=204, summary="Don't guess this")
def dismiss(key: str, me: SignedIn, db: Db) -> Response:
    """Take the guess away for good: it is neither shared nor made again. Repeating it changes nothing."""
    profile.dismiss_default(db, me.customer.customer_id, key)
    return Response(status_code=204)


@router.post("/v1/me/defaults/{key}/restore", status_code=204, summary="Guess this again")
def restore(key: str, me: SignedIn, db: Db) -> Response:
    """Undo a dismissal: the guess is offered again, from all that was observed. Repeating it changes nothing."""
    service.ask_again(db, me.customer.customer_id, key, now())
    return Response(status_code=204)


def counting_keys(db: Db, customer_id: UUID, keys: Collection[str]) -> set[str]:
    """Return those of `keys` for which the guess is what counts now."""
    held = profile_store.effective_values(db, customer_id, keys)
    return {key for key, value in held.items() if value.source == "default"}
