"""Too much of one network address or client is refused for the rest of the minute, by every process."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy.orm import Session

from ccx_broker.kit.ids import new_token
from ccx_broker.oauth.rules.limits import WINDOW, Table, seconds_left, window_of
from ccx_broker.oauth.store import failures as failure_store
from ccx_broker.oauth.tasks import tidy
from tests.oauth_support import (
    Browser,
    SomeApplication,
    ask_url,
    new_application,
    new_customer,
)
from tests.support import Broker, start_broker

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
ENDPOINTS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")


def test_a_table_refuses_what_is_over_the_limit_until_the_window_ends() -> None:
    table = Table()
    assert [table.count("a", 3, AT) for _ in range(5)] == [True, True, True, False, False]
    assert table.count("b", 3, AT)
    assert table.refuses("a", AT)
    assert not table.refuses("a", AT + timedelta(seconds=30))
    assert table.count("a", 3, AT + timedelta(seconds=30))


def test_a_table_stays_small_and_forgets_no_refusal_for_new_names() -> None:
    table = Table(most=100)
    table.count("bad", 0, AT)
    for number in range(10_000):
        table.count(number, 5, AT)
    assert len(table.counts) == 100
    assert table.refuses("bad", AT)
    for number in range(10_000):
        table.refuse(number, AT)
    assert len(table.refused) == 100


def test_windows_are_the_minutes_of_the_clock() -> None:
    assert window_of(AT) == AT.replace(second=0)
    assert seconds_left(AT) == 30
    assert seconds_left(AT.replace(second=59, microsecond=900_000)) == 1


def test_failures_are_counted_anew_in_each_window(session: Session) -> None:
    name, window = new_token("x").encode(), window_of(AT)
    assert [failure_store.count_failure(session, name, window) for _ in range(3)] == [1, 2, 3]
    assert failure_store.count_failure(session, name, window + WINDOW) == 1
    # One that comes late from a process whose clock is behind joins the newest count.
    assert failure_store.count_failure(session, name, window) == 2


def test_old_counts_are_tidied_away(session: Session) -> None:
    name = new_token("x").encode()
    failure_store.count_failure(session, name, window_of(AT))
    assert tidy(session, AT + timedelta(hours=2)) >= 1
    assert failure_store.count_failure(session, name, window_of(AT)) == 1


def early_in_a_minute() -> None:
    """Return where the rest of a test fits into one window."""
    while datetime.now(UTC).second > 40:
        time.sleep(1)


@contextmanager
def from_address(broker: Broker, address: str) -> Iterator[httpx2.Client]:
    """A client that comes from an address of its own."""
    transport = httpx2.HTTPTransport(local_address=address)
    with httpx2.Client(base_url=broker.url, transport=transport, timeout=30) as client:
        yield client


@pytest.fixture
def two(database_url: str) -> Iterator[tuple[Broker, Broker]]:
    """Two processes over one database that allow five failures and few beginnings a minute."""
    limits = {"CCX_LIMIT_FAILURES": "5", "CCX_LIMIT_STARTS": "8"}
    with ExitStack() as stack:
        first = stack.enter_context(start_broker(database_url, **limits))
        yield first, stack.enter_context(start_broker(database_url, **limits))


def good(http: httpx2.Client, application: SomeApplication) -> httpx2.Response:
    assert application.client_secret is not None
    body = {"grant_type": "client_credentials", "token": "x"}
    return http.post("/oauth/token", data=body, auth=(application.client_id, application.client_secret))


def test_failures_of_an_address_are_counted_by_all_processes_together(two: tuple[Broker, Broker]) -> None:
    first, second = two
    application = new_application(first, ["preferences:read"])
    with from_address(first, "127.0.0.31") as http, from_address(second, "127.0.0.31") as other:
        early_in_a_minute()
        body = {"grant_type": "client_credentials", "token": "x"}
        wrong = [http.post(path, data=body, auth=("nobody", "x")) for path in (*ENDPOINTS, *ENDPOINTS[:2])]
        assert {answer.status_code for answer in wrong} == {401}
        for path in ENDPOINTS:
            refused = http.post(path, data=body, auth=("nobody", "x"))
            assert refused.status_code == 429
            assert refused.json()["error"] == "temporarily_unavailable"
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.headers["cache-control"] == "no-store"
        assert good(http, application).status_code == 429
        of_a_grant = http.get("/oauth/grants/some")
        assert of_a_grant.status_code == 429
        assert 1 <= int(of_a_grant.headers["retry-after"]) <= 60
        # The other process hears of it with its own first failure.
        assert good(other, application).status_code == 200
        assert other.post("/oauth/token", data=body, auth=("nobody", "x")).status_code == 401
        assert good(other, application).status_code == 429
        # Nobody else is touched, and pages stay open.
        with from_address(first, "127.0.0.32") as neighbour:
            assert good(neighbour, application).status_code == 200
        assert http.get("/oauth/authorize").status_code == 400


def test_nobody_shuts_out_another_client_by_its_id(two: tuple[Broker, Broker]) -> None:
    first, _ = two
    application = new_application(first, ["preferences:read"])
    with from_address(first, "127.0.0.33") as thief, from_address(first, "127.0.0.34") as honest:
        early_in_a_minute()
        for _ in range(10):
            thief.post("/oauth/token", data={"grant_type": "x"}, auth=(application.client_id, "guess"))
        assert thief.get("/oauth/authorize").status_code == 400
        assert good(honest, application).status_code == 200


def test_a_client_that_proves_itself_and_guesses_codes_is_refused_from_everywhere(
    two: tuple[Broker, Broker],
) -> None:
    first, _ = two
    application = new_application(first, ["preferences:read"])
    assert application.client_secret is not None
    auth = application.client_id, application.client_secret
    early_in_a_minute()
    for last in range(35, 40):
        with from_address(first, f"127.0.0.{last}") as http:
            body = {"grant_type": "refresh_token", "refresh_token": "guess"}
            assert http.post("/oauth/token", data=body, auth=auth).status_code == 400
    with from_address(first, "127.0.0.40") as http:
        assert good(http, application).status_code == 429
        in_the_form = {"client_id": auth[0], "client_secret": auth[1], "token": "x"}
        assert http.post("/oauth/introspect", data=in_the_form).status_code == 429


def test_mistakes_that_are_no_guesses_are_not_counted_as_failures(two: tuple[Broker, Broker]) -> None:
    first, _ = two
    application = new_application(first, ["preferences:read"])
    assert application.client_secret is not None
    auth = application.client_id, application.client_secret
    with from_address(first, "127.0.0.41") as http:
        for _ in range(10):
            assert http.post("/oauth/token", data={"grant_type": "x"}, auth=auth).status_code == 400
        assert good(http, application).status_code == 200


def test_beginnings_are_limited_on_pages_too(two: tuple[Broker, Broker]) -> None:
    first, _ = two
    application = new_application(first, ["pref:buy"])
    customer = new_customer(first)
    browser = Browser(first)
    path, _ = ask_url(application, ["pref:buy"])
    early_in_a_minute()
    browser.open(path)
    browser.sign_in(customer)
    statuses = set()
    for _ in range(12):
        browser.open(path)
        assert browser.page is not None
        statuses.add(browser.page.status_code)
    assert statuses == {200, 429}
    assert 1 <= int(browser.page.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("127.0.0.41", "/oauth/userinfo"),
        ("127.0.0.42", "/oauth/logout"),
        ("127.0.0.43", "/oauth/jwks.json"),
        ("127.0.0.44", "/.well-known/openid-configuration"),
        ("127.0.0.45", "/device"),
    ],
)
def test_who_asks_too_often_waits_wherever_it_is(database_url: str, address: str, path: str) -> None:
    with (
        start_broker(database_url, CCX_LIMIT_REQUESTS="3") as broker,
        from_address(broker, address) as http,
    ):
        early_in_a_minute()
        answers = [http.get(path, headers={"Accept": "application/json"}) for _ in range(5)]
    assert 429 not in {answer.status_code for answer in answers[:3]}
    assert {answer.status_code for answer in answers[3:]} == {429}
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
