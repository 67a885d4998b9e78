"""Whatever exists, the same work is done: counted in statements and computations, not in time."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import passwords, service, store, throttle
from ccx_broker.accounts.rules import NewSession
from ccx_broker.accounts.store import limits
from ccx_broker.kit.errors import NotSignedIn, TooMany
from ccx_broker.kit.runtime import Keys

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = Keys(secret=b"s" * 32, password=b"p" * 32)
PASSWORD = "a quiet yellow boat"
MONTH = timedelta(days=30)
Sessions = sessionmaker[Session]


def address() -> str:
    return f"{uuid4().hex}@example.org"


def sign_up(sessions: Sessions, email: str, password: str = PASSWORD, now: datetime = NOW) -> UUID:
    # A network of its own for every sign-up: these tests are about addresses.
    place = uuid4().hex
    return service.sign_up(sessions, KEYS, email=email, password=password, name="Ada", network=place, now=now)


def sign_in(
    sessions: Sessions, email: str, password: str = PASSWORD, *, network: str = "", now: datetime = NOW
) -> NewSession:
    return service.sign_in(
        sessions,
        KEYS,
        email=email,
        password=password,
        network=network or uuid4().hex,
        device="Tests",
        lifetime=MONTH,
        now=now,
    )


@contextmanager
def work_of(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """List the statements and the argon2 computations of a block, in their order."""
    engine, done = sessions.kw["bind"], []
    compute = passwords.hash_secret_raw

    def counted(*given: object, **named: object) -> bytes:
        done.append(f"argon2 {named}")
        return compute(*given, **named)  # type: ignore[arg-type]

    def note(_: object, __: object, statement: str, *___: object) -> None:
        done.append(re.sub(r"\s+", " ", statement))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "hash_secret_raw", counted)
            yield done
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_signing_up_with_a_taken_address_is_the_same_work(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = address(), address()
    first = sign_up(sessions, taken)
    with work_of(sessions, monkeypatch) as with_taken:
        second = sign_up(sessions, taken, "another fine password")
    with work_of(sessions, monkeypatch) as with_free:
        sign_up(sessions, free)
    assert first != second
    assert with_taken == with_free
    assert sum(step.startswith("argon2") for step in with_free) == 1


def test_a_wrong_password_and_an_unknown_address_are_the_same_work(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = address(), address()
    sign_up(sessions, taken)
    works, said = [], []
    for email in (taken, free):
        with work_of(sessions, monkeypatch) as done, pytest.raises(NotSignedIn) as refused:
            sign_in(sessions, email, "not my password")
        works.append(done)
        said.append((refused.value.detail, refused.value.slug, refused.value.headers))
    assert works[0] == works[1]
    assert said[0] == said[1]
    assert sum(step.startswith("argon2") for step in works[0]) == 1


def test_two_people_with_one_address_have_a_profile_each(sessions: Sessions) -> None:
    email = address()
    one, other = sign_up(sessions, email), sign_up(sessions, email, "another fine password")
    assert sign_in(sessions, email).session.customer.customer_id == one
    assert sign_in(sessions, email, "another fine password").session.customer.customer_id == other


def test_neither_address_nor_password_is_kept_where_they_are_looked_up(sessions: Sessions) -> None:
    email = address()
    customer_id = sign_up(sessions, email)
    with sessions() as session:
        row = session.execute(
            text("SELECT credentials::text FROM credentials WHERE customer_id = :c"), {"c": customer_id}
        ).scalar_one()
        buckets = session.execute(text("SELECT string_agg(throttles::text, '') FROM throttles")).scalar_one()
    assert email not in row
    assert PASSWORD not in row
    assert email.encode().hex() not in row + buckets


def test_another_password_key_opens_nothing(sessions: Sessions) -> None:
    email = address()
    sign_up(sessions, email)
    other = replace(KEYS, password=b"q" * 32)
    assert passwords.verifier(KEYS, email, PASSWORD) != passwords.verifier(other, email, PASSWORD)
    assert passwords.email_key(KEYS, email) != passwords.email_key(other, email)
    assert passwords.verifier(KEYS, email, PASSWORD) != passwords.verifier(KEYS, address(), PASSWORD)


def refusals(guess: Callable[[int], object], times: int) -> list[int]:
    """Guess `times` times; return after how many the next was refused."""
    refused = []
    for n in range(times):
        try:
            guess(n)
        except NotSignedIn:
            continue
        except TooMany:
            refused.append(n)
    return refused


def test_wrong_guesses_at_one_address_wait_from_wherever_they_come(sessions: Sessions) -> None:
    email = address()
    assert refusals(lambda n: sign_in(sessions, email, f"wrong guess {n}"), 8) == [5, 6, 7]
    with pytest.raises(TooMany) as refused:
        sign_in(sessions, email)
    assert refused.value.headers == {"Retry-After": "1"}
    # A refused guess is not counted: whoever waits as long as was said may try again.
    with pytest.raises(NotSignedIn):
        sign_in(sessions, email, now=NOW + timedelta(seconds=1))


def test_wrong_guesses_from_one_place_wait_whatever_the_address(sessions: Sessions) -> None:
    place = uuid4().hex
    free = throttle.PER_NETWORK.free
    last = refusals(lambda n: sign_in(sessions, address(), "wrong guess", network=place), free + 2)
    assert last == [free, free + 1]


def test_right_sign_ins_cost_a_place_nothing(sessions: Sessions) -> None:
    place, email = uuid4().hex, address()
    sign_up(sessions, email)
    with sessions.begin() as session:
        bucket = KEYS.mac("attempts.network", place)
        for _ in range(3):
            sign_in(sessions, email, network=place)
        assert limits.lock_attempts(session, [bucket], NOW)[bucket].count == 0


def test_sign_ups_from_one_place_are_counted_by_the_hour(sessions: Sessions) -> None:
    assert throttle.SIGN_UPS_PER_HOUR >= 1000
    place = uuid4().hex
    bucket = KEYS.mac("attempts.sign-up", place)

    def enrol(now: datetime) -> UUID:
        return service.sign_up(
            sessions, KEYS, email=address(), password=PASSWORD, name="Ada", network=place, now=now
        )

    enrol(NOW)
    with sessions.begin() as session:
        counted = limits.lock_attempts(session, [bucket], NOW)[bucket]
        limits.save_attempts(session, {bucket: replace(counted, count=throttle.SIGN_UPS_PER_HOUR)})
    with pytest.raises(TooMany) as refused:
        enrol(NOW + timedelta(minutes=20))
    assert refused.value.headers == {"Retry-After": str(40 * 60)}
    enrol(NOW + timedelta(hours=1))


def test_a_session_ends_by_itself(sessions: Sessions) -> None:
    email = address()
    sign_up(sessions, email)
    made = sign_in(sessions, email)
    with sessions() as session:
        assert service.recognise(session, made.token, NOW + MONTH - timedelta(seconds=1)) is not None
        assert service.recognise(session, made.token, NOW + MONTH) is None


def test_last_seen_is_written_now_and_then_only(sessions: Sessions) -> None:
    email = address()
    sign_up(sessions, email)
    made = sign_in(sessions, email)
    me = made.session.customer.customer_id
    with sessions() as session:
        for later, seen in ((1, 0), (4, 0), (6, 6), (10, 6), (12, 12)):
            at = NOW + timedelta(minutes=later)
            assert service.recognise(session, made.token, at)
            listed = store.live_sessions(session, me, at, before=None, limit=10)
            assert [each.last_seen_at for each in listed] == [NOW + timedelta(minutes=seen)]


def test_old_counts_are_forgotten(sessions: Sessions) -> None:
    email = address()
    sign_up(sessions, email, now=NOW - timedelta(days=9))
    bucket = KEYS.mac("attempts.address", email)
    with sessions.begin() as session:
        for _ in range(200):
            limits.forget_old_attempts(session, NOW)
        left = session.execute(text("SELECT count(*) FROM throttles WHERE bucket = :b"), {"b": bucket})
        assert left.scalar_one() == 0
