"""What the consent page shows: every key with the value that would be shared, in plain words.

It is put together here, for whichever door shows it: today the authorize endpoint.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent import store
from ccx_broker.consent.rules import ASKED, DEFAULT_DURATION, Ask, Grant, durations_of, is_meant
from ccx_broker.defaults.naming import describer
from ccx_broker.organisations.rules import Application, Purpose
from ccx_broker.profile import store as profile
from ccx_broker.profile.catalogue import CATALOGUE, STEPS, Item
from ccx_broker.profile.rules import Held
from ccx_broker.words import say

DURATION_WORDS: Mapping[str, str] = {
    "now": say("Only now (1 hour)"),
    "month": say("30 days"),
    "quarter": say("90 days"),
    "year": say("1 year"),
}


@dataclass(frozen=True)
class Line:
    """One key on the page."""

    key: str
    question: str
    value: str | None
    """The value that would be shared, in words; None: there is none yet."""
    guess: int | None
    """How sure the guess is, in percent; None for what the customer said."""
    needed: bool
    ticked: bool
    standing: str | None
    """In an amendment: `shared now` or `new`."""


@dataclass(frozen=True)
class Cluster:
    """The keys of one journey step."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Form:
    """What is ticked and chosen on the page. Nothing is, the first time."""

    keys: frozenset[str] = frozenset()
    duration: str = DEFAULT_DURATION
    stated_only: bool = False
    events: bool = False


@dataclass(frozen=True)
class ConsentView:
    """The page's content."""

    organisation: str
    application: str
    complaints: str | None
    complaints_link: str | None
    purposes: tuple[Purpose, ...]
    clusters: tuple[Cluster, ...]
    special: tuple[Line, ...]
    has_needed: bool
    has_guesses: bool
    wants_events: bool
    offers_defaults: bool
    sign_in: bool
    """It wants to recognise the customer."""
    only_sign_in: bool
    named_by: str | None
    """The host whose document names the application, if nobody has registered it."""
    """That is all it wants."""
    form: Form
    present: Grant | None
    kept: tuple[str, ...]
    """In an amendment: the questions whose answers it has already and does not ask about now."""
    dropped: tuple[str, ...]
    """The same, where the request is to replace the grant: it would lose them."""
    loses_events: bool
    """Where the request is to replace the grant: it would no longer be allowed to send behaviour."""
    fresh: bool
    """Whether the present grant would end, and a new one begin."""
    until: datetime | None
    """The application wants it no longer than this."""
    is_meant: bool
    """Whether the request is about this grant at all."""


def consent_view(
    session: Session, customer_id: UUID, application: Application, ask: Ask, form: Form, *, now: datetime
) -> ConsentView:
    """Put the page together for one customer."""
    held = profile.effective_values(session, customer_id, ask.keys)
    present = store.live_grants(session, application.organisation_id, [customer_id], now).get(customer_id)
    items = [item for item in CATALOGUE.items if item.key in ask.keys]
    in_words = describer(session, customer_id, {key: there.value for key, there in held.items()})
    said = {key: in_words(key, there.value) for key, there in held.items()}
    lines = {
        item.key: _line(item, held.get(item.key), said.get(item.key), ask, form, present) for item in items
    }
    ordinary = [item for item in items if item.key not in ask.special]
    others = tuple(question_of(key) for key in present.keys if key not in ask.keys) if present else ()
    merges = ask.mode == "merge"
    return ConsentView(
        organisation=application.organisation_name,
        application=application.name,
        complaints=application.complaints,
        complaints_link=link_to(application.complaints),
        purposes=tuple(each for each in application.purposes if each.purpose in ask.purposes),
        clusters=tuple(_clusters(ordinary, lines)),
        special=tuple(lines[item.key] for item in items if item.key in ask.special),
        has_needed=bool(ask.needed),
        has_guesses=any(line.guess is not None for line in lines.values()),
        wants_events=ask.wants_events,
        offers_defaults=ask.offers_defaults,
        sign_in=ask.sign_in,
        only_sign_in=ask.only_sign_in,
        named_by=application.named_by,
        form=form,
        present=present,
        kept=others if merges else (),
        dropped=() if merges else others,
        loses_events=bool(present and present.allow_events) and not merges and not ask.wants_events,
        fresh=ask.mode == "create",
        until=ask.until,
        is_meant=is_meant(ask, present, now),
    )


def duration_words(ask: Ask, now: datetime) -> dict[str, str]:
    """Return what the customer can choose from, in words; never longer than was asked for."""
    words = {name: DURATION_WORDS[name] for name in durations_of(ask, now) if name != ASKED}
    return words if ask.until is None else words | {ASKED: say("Until %(day)s, as it asks", day=ask.until)}


def with_needed(form: Form, ask: Ask) -> Form:
    """Return the form with what the organisation can't do without ticked as well: never a ★ or ◆ key."""
    return Form(form.keys.union(ask.needed) & set(ask.keys), form.duration, form.stated_only, form.events)


def question_of(key: str) -> str:
    """Return the question that a key answers; the key itself if the catalogue has dropped it."""
    item = CATALOGUE.get(key)
    return key if item is None else item.question


def _line(
    item: Item, held: Held | None, said: str | None, ask: Ask, form: Form, present: Grant | None
) -> Line:
    standing = None
    if present is not None:
        standing = say("shared now") if item.key in present.keys else say("new")
    sure = None if held is None else held.confidence
    return Line(
        key=item.key,
        question=item.question,
        value=said,
        guess=None if sure is None else round(sure * 100),
        needed=item.key in ask.needed,
        ticked=item.key in form.keys,
        standing=standing,
    )


def _clusters(items: Collection[Item], lines: Mapping[str, Line]) -> Iterator[Cluster]:
    for step in dict.fromkeys(item.step for item in items):
        yield Cluster(STEPS[step], tuple(lines[item.key] for item in items if item.step == step))


def link_to(complaints: str | None) -> str | None:
    """Return where a click on a complaints address leads."""
    if complaints is None:
        return None
    return complaints if complaints.startswith(("https://", "http://")) else f"mailto:{complaints}"
