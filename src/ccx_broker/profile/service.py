"""What can be done to a profile: say something, take it back, restore it, guess, answer a guess."""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.kit.errors import Changed, Conflict, Invalid, NotFound
from ccx_broker.messages import service as messages
from ccx_broker.profile import guess_store, rules, store
from ccx_broker.profile.catalogue import CATALOGUE, check_value
from ccx_broker.profile.rules import Default, Expect, Offer, Stale, Stated, Wish, Written

MAX_NOTE = 500
SHARE = "data.share"
# PostgreSQL takes 65,535 parameters a statement, and a guess takes seven.
MAX_OFFERS = 10_000


def set_preference(
    session: Session,
    customer_id: UUID,
    key: str,
    value: Any,
    *,
    rank: str = "want",
    note: str | None = None,
    if_match: Expect = None,
    now: datetime,
    source: str = "stated",
) -> Stated:
    """Record what the customer says; saying the same again makes no new version.

    Raises `NotFound` (no such key), `Invalid` (value, rank or note) or `Changed` (`if_match` not met).
    """
    check_value(key, value)
    _check_rank(rank)
    wish = Wish(value, rank, _checked_note(note), source=source)
    present = store.claim(session, customer_id, key, now)
    return _save(session, customer_id, _unless_stale(rules.write(present, wish, if_match, now)))


def honour_signal(session: Session, customer_id: UUID, now: datetime) -> bool:
    """Heed a browser that asks not to have its user's data sold or shared; return whether that changed anything.

    Global Privacy Control (W3C draft, `Sec-GPC: 1`): `data.share` becomes no, once. What the customer says
    about it afterwards, with the signal still on, is the more specific word and stands.
    """
    if not store.has_not_signalled(session, customer_id, SHARE):
        return False
    wish = Wish("no", "want", None, "signalled", "imported")
    written = rules.write(store.claim(session, customer_id, SHARE, now), wish, None, now)
    if _save(session, customer_id, _unless_stale(written)).source != "imported":
        return False
    messages.tell(session, customer_id, "signal_heeded", now)
    return True


def remove_preference(
    session: Session, customer_id: UUID, key: str, *, if_match: Expect = None, now: datetime
) -> None:
    """Take a statement back. Nothing stated: nothing happens. A guess may fill the gap again."""
    CATALOGUE.require(key)
    present = store.lock(session, customer_id, key)
    if present is None:
        return
    written = _unless_stale(rules.remove(present, if_match, now))
    if written.entry is not None:
        _save(session, customer_id, written)
        guess_store.reopen_default(session, customer_id, key)


def restore_preference(
    session: Session, customer_id: UUID, key: str, version: int, *, if_match: Expect = None, now: datetime
) -> Stated:
    """Say again what was said in `version`. The history goes on; nothing of it is taken away."""
    CATALOGUE.require(key)
    entry = store.find_entry(session, customer_id, key, version)
    if entry is None:
        raise NotFound(f"`{key}` has no version {version}. GET …/{key}/history lists its versions.")
    if entry.value is None:
        raise Conflict(
            f"In version {version} `{key}` was taken back, so it holds no value to restore. DELETE it instead."
        )
    # The catalogue may have moved on since then.
    check_value(key, entry.value)
    wish = Wish(entry.value, entry.rank, entry.note, "restored", entry.source)
    present = store.claim(session, customer_id, key, now)
    return _save(session, customer_id, _unless_stale(rules.write(present, wish, if_match, now)))


def offer_defaults(
    session: Session, offers: Sequence[tuple[UUID, Offer]], now: datetime, *, anew: bool = False
) -> None:
    """Store guesses about any number of customers, in three statements for every 10,000 of them.

    Always in three: how long it takes may not tell whether there was anything to say (promise 1).

    Of several guesses about one key of one customer the last counts. A dismissed one is never touched,
    unless everything is concluded `anew`, since something was forgotten: then it stays dismissed, but may
    not go on telling what nobody is to know any more. Value None takes an offered one back. Raises `ValueError` for a key about which nobody may guess:
    that is an estimator's mistake, not a caller's.
    """
    latest = {(customer_id, offer.key): offer for customer_id, offer in offers}
    for offer in latest.values():
        if offer.key not in CATALOGUE.inferable:
            raise ValueError(f"nobody may guess {offer.key}")
        if offer.value is not None:
            check_value(offer.key, offer.value)
    pairs = sorted(latest)
    for start in range(0, len(pairs), MAX_OFFERS):
        part = pairs[start : start + MAX_OFFERS]
        told = {pair: latest[pair] for pair in part if latest[pair].value is not None}
        silent = [pair for pair in part if pair not in told]
        guess_store.put_defaults(session, told, now, dismissed_too=anew)
        guess_store.take_defaults_back(session, silent, dismissed_too=anew)


def accept_default(session: Session, customer_id: UUID, key: str, *, now: datetime) -> Stated:
    """Make a guess the customer's own word. Accepting it twice is accepting it once."""
    CATALOGUE.require(key)
    # Preference first, then guess: the order in which every writer here takes its locks.
    present = store.claim(session, customer_id, key, now)
    before = guess_store.lock_default(session, customer_id, key)
    after = _answered(key, rules.accept(before))
    if before == after and present.value is not None:
        return present
    guess_store.set_default_state(session, customer_id, key, after.state)
    wish = Wish(after.value, "want", present.note if present.value is not None else None, "accepted")
    return _save(session, customer_id, _unless_stale(rules.write(present, wish, None, now)))


def dismiss_default(session: Session, customer_id: UUID, key: str) -> Default:
    """Refuse a guess for good: no later one about this key is shown, shared or stored."""
    return _answer(session, customer_id, key, rules.dismiss)


def undismiss_default(session: Session, customer_id: UUID, key: str) -> Default:
    """Take a dismissal back, because the customer asks for it: the guess is offered again."""
    return _answer(session, customer_id, key, rules.undismiss)


def _answer(
    session: Session, customer_id: UUID, key: str, decide: Callable[[Default | None], Default | None]
) -> Default:
    CATALOGUE.require(key)
    after = _answered(key, decide(guess_store.lock_default(session, customer_id, key)))
    guess_store.set_default_state(session, customer_id, key, after.state)
    return after


def _answered(key: str, answer: Default | None) -> Default:
    if answer is None:
        raise NotFound(f"No guess about `{key}` is waiting for an answer. GET /v1/me/defaults lists those.")
    return answer


def _save(session: Session, customer_id: UUID, written: Written) -> Stated:
    if written.entry is not None:
        store.save(session, customer_id, written.stated.key, written.entry)
    return written.stated


def _unless_stale(outcome: Written | Stale) -> Written:
    if isinstance(outcome, Stale):
        raise Changed(
            f"The present version is {outcome.version}. Load it, decide again, and send its ETag in If-Match."
        )
    return outcome


def _check_rank(rank: str) -> None:
    if rank not in rules.RANKS:
        reason = f"has to be one of: {', '.join(rules.RANKS)}"
        raise Invalid(f"The rank {reason}.", errors=[{"field": "rank", "reason": reason}])


def _checked_note(note: str | None) -> str | None:
    """Return the note as it is stored; an empty one is none."""
    text = (note or "").strip()
    odd = any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text)
    if odd or len(text) > MAX_NOTE:
        reason = f"has to be at most {MAX_NOTE} characters of plain text"
        raise Invalid(f"The note {reason}.", errors=[{"field": "note", "reason": reason}])
    return text or None
