"""A customer's defaults: guesses, with reasons, and the answers to them."""

from fastapi import APIRouter, Response

from ccx_broker.accounts.auth import SignedIn
from ccx_broker.defaults import service
from ccx_broker.defaults.schemas import DefaultItem, DefaultList
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.profile import service as profile
from ccx_broker.profile import store as profile_store
from ccx_broker.profile.catalogue import CATALOGUE, describe
from ccx_broker.profile.rules import Default

router = APIRouter(tags=["defaults"])


@router.get("/v1/me/defaults", summary="What was guessed about me, and why")
def get_defaults(me: SignedIn, db: Db) -> DefaultList:
    """List every guess with its evidence, the dismissed ones included.

    To correct one, say what is right: `PUT /v1/me/preferences/{key}`. A stated value always wins.
    """
    found = profile_store.load_defaults(db, me.customer.customer_id)
    return DefaultList(items=[default_item(found[item.key]) for item in CATALOGUE.items if item.key in found])


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


def default_item(default: Default) -> DefaultItem:
    """Write a guess for the wire."""
    nothing = default.value is None
    return DefaultItem(
        key=default.key,
        question=CATALOGUE.require(default.key).question,
        value=default.value,
        described=None if nothing else describe(default.key, default.value),
        confidence=None if nothing else default.confidence,
        evidence=dict(default.evidence),
        state=default.state,
        computed_at=default.computed_at,
    )
