"""See it as they see it: the very answer that an organisation gets, shown to the customer it is about."""

import json
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from ccx_broker.accounts.auth import SignedIn, SignedInPage
from ccx_broker.consent import store as consent
from ccx_broker.consent.rules import Grant
from ccx_broker.defaults.naming import describer
from ccx_broker.disclosure.schemas import SharedProfile, shared_profile
from ccx_broker.kit import clock
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import NotFound
from ccx_broker.organisations import store as organisations
from ccx_broker.profile import store as profile
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.profile.rules import Held
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(tags=["consent"])


@router.get("/v1/me/grants/{grant_id}/shared", summary="See it as they see it")
def shared(grant_id: UUID, me: SignedIn, db: Db) -> SharedProfile:
    """Show what the organisation of a live grant would get at this moment. It writes no line in the log."""
    grant, values = _seen(db, me.customer.customer_id, grant_id)
    return SharedProfile.model_validate(shared_profile(grant, values))


@router.get("/sharing/{grant_id}/as-they-see", include_in_schema=False)
def as_they_see(request: Request, grant_id: UUID, me: SignedInPage, db: Db) -> Response:
    """Show the same for people: what each line says, and the answer as it is sent."""
    grant, values = _seen(db, me.customer.customer_id, grant_id)
    sent = json.loads(orjson.dumps(shared_profile(grant, values), option=orjson.OPT_UTC_Z))
    in_words = describer(db, me.customer.customer_id, {held.key: held.value for held in values})
    return render(
        request,
        "disclosure/as_they_see.html",
        me=me,
        grant=grant,
        organisation=organisations.organisation_names(db, {grant.organisation_id})[grant.organisation_id],
        values=[
            (CATALOGUE.require(held.key).question, in_words(held.key, held.value), held) for held in values
        ],
        sent=json.dumps(sent, indent=2, ensure_ascii=False),
    )


def _seen(db: Db, customer_id: UUID, grant_id: UUID) -> tuple[Grant, list[Held]]:
    grant = consent.find_grant(db, customer_id, grant_id)
    if grant is None or not grant.is_live(clock.now()):
        raise NotFound(say("You have no live grant of this id, so nobody sees anything by it."))
    held = profile.effective_values(db, customer_id, grant.keys)
    allowed = [held[key] for key in grant.keys if key in held]
    return grant, [each for each in allowed if grant.include_defaults or each.source != "default"]
