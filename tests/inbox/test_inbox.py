"""What customers are told of, and that it is told to nobody else and only once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import psycopg
import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.inbox.rounds import Round
from ccx_broker.kit import clock
from tests.disclosure.support import Shared, share, withdraw
from tests.inbox.support import inbox, kinds
from tests.oauth_support import Browser, SomeCustomer, ask_url, authorise, consent, new_customer, post
from tests.support import Broker


@pytest.fixture
def shared(broker: Broker, http: httpx2.Client) -> Shared:
    return share(broker, http, ["buy.store"])


def watch(sessions: sessionmaker[Session], now: datetime) -> None:
    """Do what a running broker does every few seconds, from the beginning."""
    Round(sessions, None, lambda: now)()


def look(http: httpx2.Client, shared: Shared) -> int:
    return http.get("/v1/preferences", headers=shared.bearer).status_code


def opened(broker: Broker, customer: SomeCustomer, address: str = "/messages") -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    browser.open(address)
    assert browser.page is not None
    assert browser.page.status_code == 200
    return browser


def end_in(database_url: str, customer: SomeCustomer, left: timedelta, run: timedelta) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE grants SET expires_at = now() + %s, granted_at = now() - %s WHERE customer_id = %s",
            (left, run, customer.customer_id),
        )


def test_a_new_grant_is_told_with_the_name_of_the_organisation(http: httpx2.Client, shared: Shared) -> None:
    told = next(item for item in inbox(http, shared.customer) if item["kind"] == "grant_given")
    assert told["text"] == f"{shared.shop.organisation} may now see what you chose to share."
    assert told["read_at"] is None


def test_nothing_that_was_said_stands_in_a_message(http: httpx2.Client, shared: Shared) -> None:
    told = next(item for item in inbox(http, shared.customer) if item["kind"] == "grant_given")
    (grant,) = http.get("/v1/me/grants", headers=shared.customer.bearer).json()["items"]
    assert told["values"] == {
        "grant_id": grant["grant_id"],
        "organisation_id": shared.shop.organisation_id,
    }


def test_a_consent_that_changes_a_grant_is_told(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    authorise(broker, shared.shop, shared.customer, ["pref:contact.channel"], ["contact.channel"])
    assert "grant_amended" in kinds(http, shared.customer)


def test_the_first_look_is_told_once(
    broker: Broker, http: httpx2.Client, sessions: sessionmaker[Session], shared: Shared
) -> None:
    watch(sessions, clock.now())
    assert "first_look" not in kinds(http, shared.customer)
    assert [look(http, shared), look(http, shared)] == [200, 200]
    for _ in range(3):
        watch(sessions, clock.now())
    withdraw(http, shared.customer)
    again = Shared(
        shared.customer,
        shared.shop,
        authorise(broker, shared.shop, shared.customer, ["pref:buy"], ["buy.store"]),
    )
    look(http, again)
    watch(sessions, clock.now())
    assert kinds(http, shared.customer).count("first_look") == 1


def test_a_refused_look_is_no_first_look(
    http: httpx2.Client, sessions: sessionmaker[Session], shared: Shared
) -> None:
    withdraw(http, shared.customer)
    assert look(http, shared) == 401
    watch(sessions, clock.now())
    assert "first_look" not in kinds(http, shared.customer)


def test_nothing_is_waited_for_after_a_grant_has_ended(
    http: httpx2.Client, sessions: sessionmaker[Session], database_url: str, shared: Shared
) -> None:
    withdraw(http, shared.customer)
    watch(sessions, clock.now() + timedelta(minutes=2))
    with psycopg.connect(database_url) as connection:
        waiting = connection.execute(
            "SELECT count(*) FROM awaited_looks WHERE customer_id = %s", (shared.customer.customer_id,)
        ).fetchone()
    assert waiting == (0,)


def test_an_end_is_told_once_a_week_before_and_anew_for_a_new_end(
    http: httpx2.Client, sessions: sessionmaker[Session], database_url: str, shared: Shared
) -> None:
    customer, month = shared.customer, timedelta(days=30)
    end_in(database_url, customer, timedelta(days=8), month)
    watch(sessions, clock.now())
    assert "grant_ending" not in kinds(http, customer)
    end_in(database_url, customer, timedelta(days=6, hours=23), month)
    for _ in range(2):
        watch(sessions, clock.now())
    assert kinds(http, customer).count("grant_ending") == 1
    end_in(database_url, customer, timedelta(days=5), month)
    watch(sessions, clock.now())
    assert kinds(http, customer).count("grant_ending") == 2


@pytest.mark.parametrize("ran", [timedelta(hours=1), timedelta(days=1)])
def test_a_grant_that_was_short_from_the_start_ends_without_a_word(
    http: httpx2.Client, sessions: sessionmaker[Session], database_url: str, shared: Shared, ran: timedelta
) -> None:
    end_in(database_url, shared.customer, timedelta(minutes=5), ran)
    watch(sessions, clock.now())
    assert "grant_ending" not in kinds(http, shared.customer)


def test_the_command_tells_beside_a_running_server(
    broker: Broker, http: httpx2.Client, shared: Shared
) -> None:
    look(http, shared)
    broker.cli("notify")
    assert kinds(http, shared.customer).count("first_look") == 1


def test_a_stolen_key_is_told(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    stolen = shared.token["refresh_token"]

    def refresh(token: str) -> httpx2.Response:
        return post(
            broker, "/oauth/token", shared.shop, {"grant_type": "refresh_token", "refresh_token": token}
        )

    successor = refresh(stolen).raise_for_status().json()["refresh_token"]
    refresh(successor).raise_for_status()
    assert refresh(stolen).status_code == 400
    told = next(item for item in inbox(http, shared.customer) if item["kind"] == "token_reuse")
    assert shared.shop.organisation in told["text"]


def test_what_happens_to_the_account_is_told(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    assert kinds(http, customer) == []
    codes = http.post("/v1/me/recovery-codes", headers=customer.bearer).json()["codes"]
    changed = {"email": f"{uuid4().hex}@example.org", "password": customer.password}
    http.put("/v1/me/email", json=changed, headers=customer.bearer).raise_for_status()
    new = {"password": "a loud red bicycle"}
    http.put("/v1/me/password", json=new, headers=customer.bearer).raise_for_status()
    device = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    http.post("/v1/sessions/recovery", json={"code": codes[0]}, headers=device).raise_for_status()
    assert sorted(kinds(http, customer)) == sorted(
        ["recovery_codes_made", "email_changed", "password_changed", "recovery_code_used", "new_device"]
    )


def test_a_failed_change_tells_nothing(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    changed = {"email": f"{uuid4().hex}@example.org", "password": "not my password"}
    assert http.put("/v1/me/email", json=changed, headers=customer.bearer).status_code == 422
    assert kinds(http, customer) == []


def test_a_signal_that_was_heeded_is_told_once(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    browser = opened(broker, customer)
    browser.http.headers["Sec-GPC"] = "1"
    browser.open("/messages")
    browser.open("/messages")
    assert kinds(http, customer).count("signal_heeded") == 1


def test_nobody_reads_or_marks_the_messages_of_another(
    broker: Broker, http: httpx2.Client, shared: Shared
) -> None:
    theirs = inbox(http, shared.customer)[0]
    other = new_customer(broker)
    assert inbox(http, other) == []
    address = f"/v1/me/messages/{theirs['message_id']}/read"
    assert http.post(address, headers=other.bearer).status_code == 404
    assert http.post(address).status_code == 401
    browser = Browser(broker)
    browser.sign_in(other)
    browser.open(f"/messages/{theirs['message_id']}")
    assert browser.page is not None
    assert browser.page.status_code == 404
    assert inbox(http, shared.customer)[0]["read_at"] is None


def test_a_message_is_read_once(http: httpx2.Client, shared: Shared) -> None:
    address = f"/v1/me/messages/{inbox(http, shared.customer)[0]['message_id']}/read"
    first = http.post(address, headers=shared.customer.bearer).raise_for_status().json()
    assert first["read_at"] is not None
    assert http.post(address, headers=shared.customer.bearer).json() == first


def test_another_site_can_mark_nothing(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    browser = opened(broker, shared.customer)
    last = inbox(http, shared.customer)[0]["message_id"]
    for address, form in (("/messages/read", {"upto": last}), ("/messages/mail", {"wanted": "false"})):
        assert browser.http.post(address, data=form).status_code == 403
    assert inbox(http, shared.customer)[0]["read_at"] is None


def test_the_page_counts_what_is_unread_and_leads_to_what_it_is_about(
    broker: Broker, http: httpx2.Client, shared: Shared
) -> None:
    browser = opened(broker, shared.customer)
    assert browser.page is not None
    assert "unread" in browser.page.text
    told = next(item for item in inbox(http, shared.customer) if item["kind"] == "grant_given")
    browser.open(f"/messages/{told['message_id']}")
    assert browser.here.endswith(f"/sharing/{told['values']['grant_id']}")
    told = next(item for item in inbox(http, shared.customer) if item["kind"] == "grant_given")
    assert told["read_at"] is not None


def test_marking_all_as_read_leaves_what_came_since(
    broker: Broker, http: httpx2.Client, shared: Shared
) -> None:
    browser = opened(broker, shared.customer)
    form = browser.form_with("upto")
    http.post("/v1/me/recovery-codes", headers=shared.customer.bearer).raise_for_status()
    browser.send(form, [])
    unread = [item["kind"] for item in inbox(http, shared.customer) if item["read_at"] is None]
    assert unread == ["recovery_codes_made"]


def test_an_empty_inbox_says_what_will_be_there(broker: Broker) -> None:
    page = opened(broker, new_customer(broker)).page
    assert page is not None
    assert "Nothing yet" in page.text


def test_older_messages_are_reached_by_links(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    for _ in range(26):
        http.post("/v1/me/recovery-codes", headers=customer.bearer).raise_for_status()
    browser = opened(broker, customer)
    assert browser.page is not None
    assert browser.page.text.count("New recovery codes were made") == 25
    browser.open("/messages?cursor=" + browser.page.text.partition("/messages?cursor=")[2].partition('"')[0])
    assert browser.page.text.count("New recovery codes were made") == 1


def test_messages_are_said_in_the_readers_language(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    http.post("/v1/me/recovery-codes", headers=customer.bearer).raise_for_status()
    http.put("/v1/me/preferences/language", json={"value": "de"}, headers=customer.bearer).raise_for_status()
    page = opened(broker, customer).page
    assert page is not None
    assert "New recovery codes were made" not in page.text
    assert inbox(http, customer)[0]["title"] == "New recovery codes were made"


def test_a_denied_consent_tells_nothing(broker: Broker, http: httpx2.Client, shared: Shared) -> None:
    before = kinds(http, shared.customer)
    browser = Browser(broker)
    browser.open(ask_url(shared.shop, ["pref:buy"])[0])
    browser.sign_in(shared.customer)
    consent(browser, [], action="deny")
    told = [kind for kind in kinds(http, shared.customer) if kind != "new_device"]
    assert told == [kind for kind in before if kind != "new_device"]


def test_times_are_utc(http: httpx2.Client, shared: Shared) -> None:
    made = datetime.fromisoformat(inbox(http, shared.customer)[0]["made_at"])
    assert abs(datetime.now(UTC) - made) < timedelta(hours=1)
