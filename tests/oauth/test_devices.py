"""The device flow (RFC 8628): a till shows a code, a person types it in a browser, the till polls."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.ids import new_token, token_hash
from ccx_broker.kit.runtime import Keys
from ccx_broker.oauth import devices
from ccx_broker.oauth.rules.devices import (
    ALPHABET,
    GUESSES,
    INTERVAL,
    LIFETIME,
    DeviceRequest,
    judge_poll,
    normal_user_code,
    shown_user_code,
)
from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    consent,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ["pref:buy", "offline_access"]
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = Keys(secret=b"s" * 32, password=b"p" * 32)


@pytest.fixture(scope="module")
def till(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES, needs=["buy.store"])


@pytest.fixture(scope="module")
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def begin(
    broker: Broker, application: SomeApplication, scopes: str = "pref:buy offline_access"
) -> dict[str, Any]:
    answer = post(broker, "/oauth/device_authorization", application, {"scope": scopes})
    begun: dict[str, Any] = answer.raise_for_status().json()
    return begun


def poll(broker: Broker, application: SomeApplication, device_code: str) -> httpx2.Response:
    return post(broker, "/oauth/token", application, {"grant_type": GRANT_TYPE, "device_code": device_code})


def enter(broker: Broker, customer: SomeCustomer, user_code: str) -> Browser:
    """Sign in and type a code into the page."""
    browser = Browser(broker)
    browser.open("/device")
    browser.sign_in(customer)
    browser.send(browser.form_with("user_code"), [("user_code", user_code)])
    return browser


def page(browser: Browser) -> httpx2.Response:
    assert browser.page is not None
    return browser.page


def test_a_code_is_read_in_whatever_way_it_is_typed() -> None:
    for typed in ("WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B M J H T"):
        assert normal_user_code(typed) == "WDJBMJHT"
    for typed in ("", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH1", "ШDJB-MJHT", "\0" * 8):
        assert normal_user_code(typed) is None
    assert shown_user_code("WDJBMJHT") == "WDJB-MJHT"


def test_no_letter_can_be_taken_for_another_or_make_a_word() -> None:
    assert not set("AEIOUY01OILS5") & (set(ALPHABET) - {"L", "S"})
    assert len(ALPHABET) ** 8 > 2**34


def a_request(**changes: Any) -> DeviceRequest:
    values: dict[str, Any] = {
        "client_id": "till",
        "parameters": {},
        "interval": INTERVAL,
        "polled_at": None,
        "expires_at": AT + LIFETIME,
        "answered_at": None,
        "code_hash": None,
    }
    return DeviceRequest(**(values | changes))


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (None, "unknown"),
        (a_request(client_id="another"), "unknown"),
        (a_request(), "pending"),
        (a_request(polled_at=AT - timedelta(seconds=5)), "pending"),
        (a_request(polled_at=AT - timedelta(seconds=4)), "slow_down"),
        (a_request(polled_at=AT - timedelta(seconds=9), interval=10), "slow_down"),
        (a_request(expires_at=AT), "expired"),
        (a_request(answered_at=AT), "denied"),
        (a_request(answered_at=AT, expires_at=AT), "denied"),
        (a_request(answered_at=AT, code_hash=b"x"), "used"),
    ],
)
def test_a_poll_without_a_token_is_told_why(found: DeviceRequest | None, verdict: str) -> None:
    assert judge_poll(found, "till", AT) == verdict


def test_the_metadata_names_the_endpoint_and_the_grant_type(http: httpx2.Client, broker: Broker) -> None:
    said = http.get("/.well-known/oauth-authorization-server").json()
    assert said["device_authorization_endpoint"] == f"{broker.url}/oauth/device_authorization"
    assert GRANT_TYPE in said["grant_types_supported"]


def test_a_device_gets_what_its_owner_shares(
    broker: Broker, till: SomeApplication, customer: SomeCustomer
) -> None:
    begun = begin(broker, till)
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", begun["user_code"])
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["verification_uri"] == f"{broker.url}/device"
    assert poll(broker, till, begun["device_code"]).json()["error"] == "authorization_pending"

    browser = enter(broker, customer, begun["user_code"].lower())
    assert till.organisation in page(browser).text
    assert begun["user_code"] in page(browser).text
    assert "standing in front of this device" in page(browser).text
    consent(browser, ["buy.store"])
    assert "You can go back to your device" in page(browser).text

    answer = poll(broker, till, begun["device_code"])
    token = answer.raise_for_status().json()
    assert token["scope"] == "pref:buy.store offline_access"
    assert token["refresh_token"].startswith("ccxr_")
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    read = httpx2.get(f"{broker.url}/v1/preferences", headers=bearer, timeout=30)
    assert read.json()["grant_id"] == token["grant_id"]
    # One use, of the device code and of the user code.
    assert poll(broker, till, begun["device_code"]).json()["error"] == "invalid_grant"
    assert page(enter(broker, customer, begun["user_code"])).status_code == 422


def test_a_link_with_the_code_fills_it_in_and_asks_all_the_same(
    broker: Broker, till: SomeApplication, customer: SomeCustomer
) -> None:
    begun = begin(broker, till)
    complete = urlsplit(begun["verification_uri_complete"])
    assert parse_qs(complete.query) == {"user_code": [begun["user_code"]]}
    browser = Browser(broker)
    browser.open(f"{complete.path}?{complete.query}")
    assert urlsplit(browser.here).path == "/signin"
    browser.sign_in(customer)
    assert urlsplit(browser.here).path == "/device"
    assert till.organisation not in page(browser).text
    assert "close this page" in page(browser).text
    form = browser.form_with("user_code")
    assert ("user_code", begun["user_code"]) in form.fields
    browser.send(form, [])
    assert till.organisation in page(browser).text


def test_a_no_is_told_to_the_device(broker: Broker, till: SomeApplication, customer: SomeCustomer) -> None:
    begun = begin(broker, till)
    browser = enter(broker, customer, begun["user_code"])
    consent(browser, [], action="deny")
    assert "Nothing was shared" in page(browser).text
    for _ in range(2):
        assert poll(broker, till, begun["device_code"]).json()["error"] == "access_denied"


def test_ticking_nothing_or_what_the_organisation_needs_shows_the_page_again(
    broker: Broker, till: SomeApplication, customer: SomeCustomer
) -> None:
    begun = begin(broker, till)
    browser = enter(broker, customer, begun["user_code"])
    consent(browser, [])
    assert page(browser).status_code == 422
    assert poll(broker, till, begun["device_code"]).json()["error"] == "authorization_pending"
    consent(browser, [], action="needed")
    assert ("key", "buy.store") in browser.form_with("duration").fields
    form = browser.form_with("duration")
    browser.send(form, [("key", "diet.allergens"), ("action", "share")])
    assert page(browser).status_code == 422


def test_fifty_polls_at_once_give_one_token(
    broker: Broker, till: SomeApplication, customer: SomeCustomer
) -> None:
    begun = begin(broker, till)
    consent(enter(broker, customer, begun["user_code"]), ["buy.store"])
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: poll(broker, till, begun["device_code"]), range(50)))
    tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    assert len(tokens) == 1
    assert {answer.json().get("error") for answer in answers} == {None, "invalid_grant"}
    # Polls that race are no theft: the token works.
    bearer = {"Authorization": f"Bearer {tokens[0]}"}
    assert httpx2.get(f"{broker.url}/v1/preferences", headers=bearer, timeout=30).status_code == 200


def test_whoever_polls_too_fast_is_slowed_down(broker: Broker, till: SomeApplication) -> None:
    begun = begin(broker, till)
    errors = [poll(broker, till, begun["device_code"]).json()["error"] for _ in range(3)]
    assert errors == ["authorization_pending", "slow_down", "slow_down"]


def test_slowing_down_adds_five_seconds_each_time(session: Session) -> None:
    begun = devices.begin(session, KEYS, "till", {}, AT)

    def polled(now: datetime) -> str:
        verdict = devices.poll(session, begun.device_code, "till", now)
        assert isinstance(verdict, str)
        devices.after_poll(session, begun.device_code, "till", verdict, now)
        return verdict

    second = timedelta(seconds=1)
    assert polled(AT) == "pending"
    assert polled(AT + 4 * second) == "slow_down"
    assert polled(AT + 13 * second) == "slow_down"
    assert polled(AT + 28 * second) == "pending"
    assert polled(AT + LIFETIME) == "expired"


def test_another_clients_device_code_is_not_known(broker: Broker, till: SomeApplication) -> None:
    begun, other = begin(broker, till), new_application(broker, SCOPES)
    assert poll(broker, other, begun["device_code"]).json()["error"] == "invalid_grant"
    assert poll(broker, till, new_token("ccxd")).json()["error"] == "invalid_grant"
    without = post(broker, "/oauth/token", till, {"grant_type": GRANT_TYPE})
    assert without.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "pref:diet.allergens"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
    ],
)
def test_a_device_asks_for_no_more_than_others(
    broker: Broker, till: SomeApplication, changes: dict[str, str], error: str
) -> None:
    answer = post(broker, "/oauth/device_authorization", till, {"scope": "pref:buy"} | changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_device_proves_itself(broker: Broker, till: SomeApplication) -> None:
    body = {"client_id": till.client_id, "scope": "pref:buy"}
    answer = httpx2.post(f"{broker.url}/oauth/device_authorization", data=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_guessing_codes_ends_soon(broker: Broker, till: SomeApplication) -> None:
    customer, begun = new_customer(broker), begin(broker, till)
    browser = enter(broker, customer, "BBBB-BBBB")
    for _ in range(GUESSES - 1):
        assert page(browser).status_code == 422
        browser.send(browser.form_with("user_code"), [("user_code", "BBBB-BBBB")])
    browser.send(browser.form_with("user_code"), [("user_code", begun["user_code"])])
    assert page(browser).status_code == 429
    assert 1 <= int(page(browser).headers["retry-after"]) <= 600
    assert till.organisation not in page(browser).text


def test_a_right_code_is_not_counted_as_a_guess(session: Session) -> None:
    begun = devices.begin(session, KEYS, "till", {}, AT)
    who = uuid4().hex
    for _ in range(3 * GUESSES):
        assert devices.open_typed(session, KEYS, begun.user_code, who=who, network=who, now=AT)
    assert devices.open_typed(session, KEYS, begun.user_code, who=who, network=who, now=AT + LIFETIME) is None


def test_codes_are_stored_only_as_hashes(broker: Broker, till: SomeApplication, session: Session) -> None:
    begun = begin(broker, till)
    row = session.execute(
        text("SELECT * FROM device_requests WHERE device_code_hash = :hash"),
        {"hash": token_hash(begun["device_code"])},
    ).one()
    letters = normal_user_code(begun["user_code"])
    assert letters is not None
    for secret in (begun["device_code"], begun["user_code"], letters, till.client_secret):
        assert secret not in repr(row)


def test_nobody_answers_for_the_customer_without_our_form(
    broker: Broker, till: SomeApplication, customer: SomeCustomer
) -> None:
    begun, browser = begin(broker, till), Browser(broker)
    browser.sign_in(customer)
    body = {"user_code": begun["user_code"], "action": "share", "key": "buy.store", "duration": "year"}
    assert browser.http.post("/device", data=body).status_code == 403
    assert poll(broker, till, begun["device_code"]).json()["error"] == "authorization_pending"


def test_a_device_code_that_is_used_again_later_ends_what_it_gave(
    broker: Broker, till: SomeApplication, customer: SomeCustomer, sessions: sessionmaker[Session]
) -> None:
    begun = begin(broker, till)
    consent(enter(broker, customer, begun["user_code"]), ["buy.store"])
    token = poll(broker, till, begun["device_code"]).raise_for_status().json()
    later = datetime.now(UTC) + timedelta(minutes=1)
    with sessions.begin() as opened:
        verdict = devices.poll(opened, begun["device_code"], till.client_id, later)
        assert verdict == "used"
        devices.after_poll(opened, begun["device_code"], till.client_id, verdict, later)
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert httpx2.get(f"{broker.url}/v1/preferences", headers=bearer, timeout=30).status_code == 401
