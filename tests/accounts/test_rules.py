"""Waiting after wrong guesses, and what may be typed into the fields."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccx_broker.accounts import rules
from ccx_broker.accounts.rules.attempts import Attempts, Backoff, Quota, Wait, refund
from ccx_broker.accounts.rules.origin import device_name, network_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = Backoff(free=5, longest=timedelta(minutes=15))
pauses = st.lists(st.timedeltas(timedelta(0), timedelta(minutes=59)), max_size=60)


def guess(limit: Backoff | Quota, pauses: list[timedelta]) -> tuple[list[datetime], Attempts]:
    """Guess after each pause; return when guesses were let through, and what is counted in the end."""
    at, counted, allowed = NOW, Attempts(0, NOW), []
    for pause in pauses:
        at += pause
        claim = limit.claim(counted, at)
        if isinstance(claim, Attempts):
            counted = claim
            allowed.append(at)
    return allowed, counted


def test_the_wait_doubles_from_a_second_to_a_quarter_of_an_hour() -> None:
    delays = [int(LIMIT.delay(count).total_seconds()) for count in range(20)]
    assert delays == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] + [900] * 5


@given(pauses)
@example([*[timedelta(0)] * 5, *[timedelta(seconds=2**doubled) for doubled in range(6)], HOUR])
def test_between_two_guesses_lies_at_least_the_delay_that_was_due(pauses: list[timedelta]) -> None:
    allowed, counted = guess(LIMIT, pauses)
    count = 1 if allowed else 0
    for before, after in itertools.pairwise(allowed):
        assert after - before >= LIMIT.delay(count)
        count = 1 if after - before >= HOUR else count + 1
    assert counted.count == count


@given(st.integers(0, 10**9), st.timedeltas(timedelta(0), HOUR * 2))
def test_nobody_waits_longer_than_the_longest_and_never_for_ever(count: int, later: timedelta) -> None:
    claim = LIMIT.claim(Attempts(count, NOW), NOW + later)
    if isinstance(claim, Wait):
        assert 1 <= claim.seconds(NOW + later) <= 900
        assert isinstance(LIMIT.claim(Attempts(count, NOW), claim.until), Attempts)
    else:
        assert claim.count == (1 if later >= HOUR else count + 1)


@given(st.lists(st.timedeltas(-timedelta(seconds=5), timedelta(seconds=5)), min_size=20, max_size=20))
def test_of_many_guesses_at_once_the_free_ones_pass_whatever_their_clocks_say(skews: list[timedelta]) -> None:
    counted, passed = Attempts(0, NOW), 0
    for skew in skews:
        claim = LIMIT.claim(counted, NOW + skew)
        if isinstance(claim, Attempts):
            assert claim.at >= counted.at
            counted, passed = claim, passed + 1
    # Five are free; within ten seconds of skew the waits of 1, 2 and 4 seconds let at most three more by.
    assert 5 <= passed <= 8


def test_a_quiet_hour_is_forgotten() -> None:
    assert LIMIT.claim(Attempts(40, NOW), NOW + HOUR) == Attempts(1, NOW + HOUR)


@given(st.integers(0, 100))
def test_a_right_guess_takes_back_itself_and_no_other(count: int) -> None:
    assert refund(Attempts(count, NOW)).count == max(0, count - 1)


@given(st.lists(st.timedeltas(timedelta(0), timedelta(minutes=30)), max_size=80))
def test_within_an_hour_of_the_first_there_are_at_most_so_many_uses(pauses: list[timedelta]) -> None:
    allowed, _ = guess(Quota(most=4), pauses)
    start, used = None, 0
    for at in allowed:
        if start is None or at - start >= HOUR:
            start, used = at, 0
        used += 1
        assert used <= 4


def test_after_the_hour_there_is_a_new_one() -> None:
    refused = Quota(most=2).claim(Attempts(2, NOW), NOW + timedelta(minutes=59))
    assert isinstance(refused, Wait)
    assert refused.seconds(NOW + timedelta(minutes=59)) == 60
    assert Quota(most=2).claim(Attempts(2, NOW), NOW + HOUR) == Attempts(1, NOW + HOUR)


@given(st.text(max_size=300))
def test_a_normalised_address_stays_as_it_is(text: str) -> None:
    email = rules.normal_email(text)
    if rules.email_problem(email) is None:
        assert rules.normal_email(email) == email
        assert not any(c.isspace() for c in email)
        assert email.count("@") == 1


@pytest.mark.parametrize(
    "email", ["a@b", "@example.org", "a@", "a b@c.de", "a@b@c.de", "a@.de", "a@b..de", "a\x00@b.de"]
)
def test_what_is_no_address(email: str) -> None:
    assert rules.email_problem(email)


@pytest.mark.parametrize("email", ["ada@example.org", "a+b@sub.example.co.uk", "jürgen@müller.example"])
def test_what_is_an_address(email: str) -> None:
    assert rules.email_problem(rules.normal_email(email)) is None


@pytest.mark.parametrize(
    "password", ["1234567", "x" * 129, "PASSWORD", "iloveyou", "ada.lovelace@example.org", "Ada.Lovelace"]
)
def test_what_is_no_password(password: str) -> None:
    assert rules.password_problem(rules.normal_password(password), "ada.lovelace@example.org")


@pytest.mark.parametrize(
    "password", ["x7$kkw0q", "aaaaaaaa bbbb", "x" * 128, "пароль из слов", "🦊🦊🦊🦊🦊🦊🦊🦊"]
)
def test_what_is_a_password_without_any_rule_of_composition(password: str) -> None:
    assert rules.password_problem(rules.normal_password(password), "ada@example.org") is None


def test_one_password_is_the_same_from_every_keyboard() -> None:
    assert rules.normal_password("cafe\u0301 noir") == rules.normal_password("café noir")


def test_common_passwords_are_long_enough_to_matter_and_in_lower_case() -> None:
    assert all(len(word) >= 8 and word == word.casefold() for word in rules.COMMON_PASSWORDS)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("/run/socket", "unknown"),
    ],
)
def test_one_place_on_the_network(host: str | None, place: str) -> None:
    assert network_of(host) == place


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("python-httpx2/2.16", "python-httpx2/2.16"),
        ("x" * 500, "x" * 100),
        (None, "A program that did not say its name"),
        (" \x00", "A program that did not say its name"),
    ],
)
def test_a_device_has_a_name_that_its_owner_knows(agent: str | None, name: str) -> None:
    assert device_name(agent) == name
