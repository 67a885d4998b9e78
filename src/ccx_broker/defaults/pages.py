"""What we think: every guess with its reason, and what the customer wants done about it; what it rests on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.defaults import events_store, forgetting, service
from ccx_broker.defaults.naming import describer
from ccx_broker.defaults.rules import heard_by
from ccx_broker.defaults.rules.answers import CHANGES
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import NotFound
from ccx_broker.kit.paging import Cursor, decode_cursor, encode_cursor
from ccx_broker.organisations.store import organisation_names
from ccx_broker.profile import service as profile
from ccx_broker.profile import store as profile_store
from ccx_broker.profile.catalogue import CATALOGUE
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.rendering import render
from ccx_broker.words import say, why

router = APIRouter(include_in_schema=False)

BEHIND = 10
"""So many of the events behind a guess are shown with it."""

ON_A_PAGE = 25
PROFILING = "data.profiling"

DONE = {
    "kept": say("Kept: it is your own word from now on."),
    "dismissed": say("Dismissed: it is not guessed again unless you ask for it."),
    "restored": say("We look at it again."),
    "forgotten": say("Forgotten, and so is what was learnt from it."),
    "muted": say("Nothing is learnt from there any more, and what had been learnt is taken out."),
    "unmuted": say("What had been learnt from there counts again."),
    "off": say("Learning is off. Nothing is guessed or told of you any more."),
    "on": say("Learning is on."),
}
"""What was just done, in words, by the mark that the address of the next page carries."""

Done = Annotated[str, Query(max_length=20)]


@router.get("/guesses")
def guesses(request: Request, me: SignedInPage, db: Db, done: Done = "") -> Response:
    """Show every guess that counts with its reason, and below it those that were answered."""
    customer_id = me.customer.customer_id
    found = profile_store.load_defaults(db, customer_id)
    held = profile_store.effective_values(db, customer_id, [*found])
    lines = [(item, found[item.key]) for item in CATALOGUE.items if item.key in found]
    counting = {key for key, value in held.items() if value.source == "default"}
    in_words = describer(db, customer_id, {key: found[key].value for key in counting})
    return render(
        request,
        "defaults/guesses.html",
        me=me,
        learning=profile_store.stated_value(db, customer_id, PROFILING) != "no",
        lines=[
            (item, guess, in_words(item.key, guess.value), why(guess.evidence))
            for item, guess in lines
            if item.key in counting
        ],
        dismissed=[item for item, guess in lines if guess.state == "dismissed"],
        done=DONE.get(done),
    )


@router.get("/guesses/{key}")
def one(request: Request, key: str, me: SignedInPage, db: Db, done: Done = "") -> Response:
    """Show one guess: why, how sure, what would change it, and the events behind it."""
    customer_id, item = me.customer.customer_id, CATALOGUE.require(key)
    guess = profile_store.load_defaults(db, customer_id, [key]).get(key)
    if guess is None:
        raise NotFound(say("Nothing is guessed about this. It may be that too little was seen yet."))
    events = events_store.events_page(
        db, customer_id, before=None, limit=BEHIND, names=heard_by(key), counting=True
    )
    return render(
        request,
        "defaults/guess.html",
        me=me,
        item=item,
        guess=guess,
        described=None
        if guess.value is None
        else describer(db, customer_id, {key: guess.value})(key, guess.value),
        reason=why(guess.evidence) if guess.value is not None else None,
        changes=CHANGES[guess.state],
        events=events,
        names=organisation_names(db, {event.organisation_id for event in events}),
        done=DONE.get(done),
    )


@router.post("/guesses/{key}", dependencies=[Depends(check_csrf)])
def answer(key: str, do: Annotated[str, Form()], me: SignedInPage, db: Db) -> Response:
    """Keep, dismiss or ask for a guess again."""
    customer_id = me.customer.customer_id
    if do == "keep":
        profile.accept_default(db, customer_id, key, now=now())
        return _to("/guesses", "kept")
    if do == "dismiss":
        profile.dismiss_default(db, customer_id, key)
        return _to("/guesses", "dismissed")
    service.ask_again(db, customer_id, key, now())
    return _to("/guesses", "restored")


@router.get("/observed")
def observed(
    request: Request,
    me: SignedInPage,
    db: Db,
    organisation: Annotated[UUID | None, Query()] = None,
    done: Done = "",
    cursor: Cursor = None,
) -> Response:
    """Show who sends what the customer does, and each event, with a way to forget it."""
    customer_id = me.customer.customer_id
    sources = [] if cursor else events_store.sources(db, customer_id, after=None, limit=100)
    events = events_store.events_page(
        db, customer_id, before=decode_cursor(cursor), limit=ON_A_PAGE + 1, organisation_id=organisation
    )
    shown = events[:ON_A_PAGE]
    ids = {source.organisation_id for source in sources} | {event.organisation_id for event in shown}
    more = f"&organisation={organisation}" if organisation else ""
    return render(
        request,
        "defaults/observed.html",
        me=me,
        learning=profile_store.stated_value(db, customer_id, PROFILING) != "no",
        sources=sources,
        events=shown,
        names=organisation_names(db, ids | ({organisation} if organisation else set())),
        organisation=organisation,
        next=f"/observed?cursor={encode_cursor(shown[-1].event_id)}{more}"
        if len(events) > ON_A_PAGE
        else None,
        done=DONE.get(done),
    )


@router.post("/observed/forget", dependencies=[Depends(check_csrf)])
def forget(event: Annotated[UUID, Form()], me: SignedInPage, db: Db) -> Response:
    """Forget an event and what was learnt from it."""
    forgetting.forget_event(db, me.customer.customer_id, event, now())
    return _to("/observed", "forgotten")


@router.post("/observed/source", dependencies=[Depends(check_csrf)])
def source(
    organisation: Annotated[UUID, Form()], do: Annotated[str, Form()], me: SignedInPage, db: Db
) -> Response:
    """Stop learning from an organisation, learn from it again, or forget all that it has sent."""
    customer_id = me.customer.customer_id
    ways = {
        "mute": (forgetting.stop_learning, "muted"),
        "unmute": (forgetting.resume_learning, "unmuted"),
        "forget": (forgetting.forget_source, "forgotten"),
    }
    if do not in ways:
        raise NotFound(say("There is no such thing to do here. Load the page again."))
    act, mark = ways[do]
    act(db, customer_id, organisation, now())
    return _to("/observed", mark)


@router.post("/observed/learning", dependencies=[Depends(check_csrf)])
def learning(do: Annotated[str, Form()], me: SignedInPage, db: Db) -> Response:
    """Switch learning off altogether, or on again."""
    value = "no" if do == "off" else "yes"
    profile.set_preference(db, me.customer.customer_id, PROFILING, value, now=now())
    return _to("/guesses", "off" if do == "off" else "on")


def _to(path: str, done: str) -> Response:
    return RedirectResponse(f"{path}?done={done}", 303)
