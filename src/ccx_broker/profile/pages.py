"""My preferences: every question, what counts for it and why, and a control to answer it with."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from ccx_broker.accounts.auth import SignedInPage
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import Db
from ccx_broker.kit.errors import Changed, Invalid, Problem
from ccx_broker.profile import service, store
from ccx_broker.profile.catalogue import CATALOGUE, STEPS, Item, describe
from ccx_broker.profile.controls import BLANKS, Sent, control, read, words_of
from ccx_broker.profile.journey import FIRST, found_by
from ccx_broker.profile.rules import Known
from ccx_broker.web.csrf import check_csrf, read_form
from ccx_broker.web.language import language_of
from ccx_broker.web.ranking import moved
from ccx_broker.web.rendering import render
from ccx_broker.words import say

router = APIRouter(include_in_schema=False)

Form = Annotated[FormData, Depends(read_form)]
ENTRIES = 10
"""So many lines of a question's history are shown; the API has the rest."""

HISTORY = {
    "set": say("You said"),
    "removed": say("You took it back"),
    "restored": say("You said again"),
    "accepted": say("You agreed to our guess"),
    "signalled": say("Your browser said"),
}


@router.get("/preferences")
def preferences(
    request: Request,
    me: SignedInPage,
    db: Db,
    q: Annotated[str, Query(max_length=100)] = "",
    step: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show all ordinary questions of a step, or those that a search finds."""
    items = [item for item in CATALOGUE.items if not item.special]
    steps = list(dict.fromkeys(item.step for item in items))
    chosen = step if step in steps else steps[0]
    known = _known(db, me, items)
    if q:
        shown = found_by(CATALOGUE.items, q, language_of(request))
        known |= _known(db, me, [item for item in shown if item.special])
    else:
        shown = [item for item in items if item.step == chosen]
    return render(
        request,
        "profile/preferences.html",
        me=me,
        q=q,
        step=chosen,
        steps=[(name, STEPS[name]) for name in steps],
        lines=_lines(shown, known),
        said=sum(1 for each in known.values() if each.held and each.held.source != "default"),
        guessed=sum(1 for each in known.values() if each.held and each.held.source == "default"),
        first_left=_first_left(known),
        first=len(FIRST),
    )


@router.get("/preferences/private")
def private(request: Request, me: SignedInPage, db: Db) -> Response:
    """Show the especially private questions, in a room of their own."""
    items = [item for item in CATALOGUE.items if item.special]
    return render(request, "profile/private.html", me=me, lines=_lines(items, _known(db, me, items)))


@router.get("/preferences/{key}")
def question(
    request: Request, key: str, me: SignedInPage, db: Db, saved: Annotated[bool, Query()] = False
) -> Response:
    """Show one question with its answer, how it is answered, and what was said before."""
    return _question(request, me, db, CATALOGUE.require(key), saved=saved)


@router.post("/preferences/{key}", dependencies=[Depends(check_csrf)])
def answer(request: Request, key: str, form: Form, me: SignedInPage, db: Db) -> Response:
    """Take an answer; a button of a ranking only moves what is on the page."""
    item = CATALOGUE.require(key)
    sent = _sent(form)
    if "value_move" in sent:
        return _question(request, me, db, item, shown=moved(sent.get("value", ()), sent["value_move"][0]))
    problem = _save(db, me, item, sent)
    if problem is not None:
        return _question(request, me, db, item, problem=problem, shown=read(item, sent), status=422)
    return RedirectResponse(f"/preferences/{key}?saved=1", 303)


@router.post("/preferences/{key}/remove", dependencies=[Depends(check_csrf)])
def take_back(key: str, me: SignedInPage, db: Db) -> Response:
    """Take a statement back."""
    service.remove_preference(db, me.customer.customer_id, CATALOGUE.require(key).key, now=now())
    return RedirectResponse(f"/preferences/{key}?saved=1", 303)


@router.post("/preferences/{key}/restore", dependencies=[Depends(check_csrf)])
def restore(key: str, form: Form, me: SignedInPage, db: Db) -> Response:
    """Say again what was said before."""
    version = str(form.get("version", ""))
    if not version.isdecimal() or len(version) > 9:
        reason = "is not a version of this answer"
        raise Invalid(say("Choose a line of the history."), errors=[{"field": "version", "reason": reason}])
    service.restore_preference(db, me.customer.customer_id, key, int(version), now=now())
    return RedirectResponse(f"/preferences/{key}?saved=1", 303)


@router.get("/start")
def start(me: SignedInPage, db: Db) -> Response:
    """Lead to the first of the seven questions that is not answered yet."""
    left = _first_left(_known(db, me, [CATALOGUE.require(key) for key in FIRST]))
    return RedirectResponse(f"/start/{FIRST.index(left[0]) + 1}" if left else "/start/done", 303)


@router.get("/start/done")
def done(request: Request, me: SignedInPage, db: Db) -> Response:
    """Say what was said, and where to go from here."""
    items = [CATALOGUE.require(key) for key in FIRST]
    return render(request, "profile/start_done.html", me=me, lines=_lines(items, _known(db, me, items)))


@router.get("/start/{number}")
def first(request: Request, number: int, me: SignedInPage, db: Db) -> Response:
    """Ask one of the seven questions."""
    return _first(request, me, db, number)


@router.post("/start/{number}", dependencies=[Depends(check_csrf)])
def first_answer(request: Request, number: int, form: Form, me: SignedInPage, db: Db) -> Response:
    """Take an answer, or skip the question, and go on to the next."""
    item, sent = CATALOGUE.require(FIRST[_numbered(number)]), _sent(form)
    if "skip" not in sent:
        problem = _save(db, me, item, sent)
        if problem is not None:
            return _first(request, me, db, number, problem=problem, shown=read(item, sent))
    return RedirectResponse("/start/done" if number == len(FIRST) else f"/start/{number + 1}", 303)


def _first(
    request: Request, me: SignedInPage, db: Db, number: int, *, problem: str | None = None, shown: Any = None
) -> Response:
    item = CATALOGUE.require(FIRST[_numbered(number)])
    held = _known(db, me, [item])[item.key].held
    value = shown if problem else held.value if held else None
    return render(
        request,
        "profile/start.html",
        status=422 if problem else 200,
        me=me,
        item=item,
        number=number,
        of=len(FIRST),
        held=held,
        control=(answered_by := control(item, value)),
        words=words_of(item, answered_by, language_of(request)),
        problem=problem,
    )


def _question(
    request: Request,
    me: SignedInPage,
    db: Db,
    item: Item,
    *,
    saved: bool = False,
    problem: str | None = None,
    shown: Any = None,
    status: int = 200,
) -> Response:
    customer_id = me.customer.customer_id
    known = _known(db, me, [item])[item.key]
    value = shown if shown is not None else known.held.value if known.held else None
    try:
        answered_by = control(item, value)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ):  # what was sent is no answer of this kind at all
        answered_by = control(item, None)
    history = store.load_history(db, customer_id, item.key, before=None, limit=ENTRIES)
    return render(
        request,
        "profile/question.html",
        status=status,
        me=me,
        item=item,
        known=known,
        described=describe(item.key, known.held.value) if known.held else None,
        control=answered_by,
        blanks=BLANKS,
        words=words_of(item, answered_by, language_of(request)),
        history=[(entry, HISTORY[entry.action], _told(item, entry.value)) for entry in history],
        saved=saved,
        unsaved=shown is not None and not problem,
        problem=problem,
        step=STEPS[item.step],
    )


def _save(db: Db, me: SignedInPage, item: Item, sent: Sent) -> str | None:
    """Store what a form says; return what is wrong with it, if anything is."""
    customer_id, value = me.customer.customer_id, read(item, sent)
    rank, note = (sent.get(name, [""])[0] for name in ("rank", "note"))
    held = _known(db, me, [item])[item.key].held
    if held is not None and value is not None and control(item, held.value) == control(item, value):
        value = held.value  # the form can't tell them apart (half hours in a grid), so nothing was changed
    if value is None:
        return say("Choose or write something first, or leave it unsaid.")
    try:
        service.set_preference(
            db, customer_id, item.key, value, rank=rank or "want", note=note or None, now=now()
        )
    except (Invalid, Changed) as problem:
        return _reason(problem)
    return None


def _reason(problem: Problem) -> str:
    if isinstance(problem, Changed):
        return say("It was changed in the meantime. Open the page again.")
    reasons = [error["reason"] for error in problem.errors]
    return say("That is not a possible answer: %(reason)s.", reason=reasons[0]) if reasons else problem.detail


def _known(db: Db, me: SignedInPage, items: Sequence[Item]) -> dict[str, Known]:
    keys = [item.key for item in items]
    return {each.key: each for each in store.known_values(db, me.customer.customer_id, keys)} if keys else {}


def _lines(items: Sequence[Item], known: dict[str, Known]) -> list[tuple[Item, Known, str | None]]:
    return [
        (item, there := known[item.key], _told(item, there.held.value) if there.held else None)
        for item in items
    ]


def _told(item: Item, value: Any) -> str | None:
    return None if value is None else describe(item.key, value)


def _first_left(known: dict[str, Known]) -> list[str]:
    return [
        key for key in FIRST if not ((each := known.get(key)) and each.held and each.held.source != "default")
    ]


def _numbered(number: int) -> int:
    return min(max(number, 1), len(FIRST)) - 1


def _sent(form: FormData) -> Sent:
    return {name: [str(value) for value in form.getlist(name)] for name in form}
