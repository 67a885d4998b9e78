"""A refresh token that comes again: a lost answer is made good once, a theft ends the family."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.consent import store as consent
from ccx_broker.kit import clock
from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth import reuse, service
from ccx_broker.oauth.rules import Authorisation, StoredRefreshToken
from ccx_broker.oauth.rules.repeats import GRACE, judge_repeat
from ccx_broker.organisations.rules import Application
from tests.consent.support import new_application as an_application
from tests.oauth.examples import CHALLENGE, SCOPES, issued, refresh
from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    authorise,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STORED = StoredRefreshToken(
    Authorisation("client", UUID(int=1), UUID(int=2), UUID(int=3), (), ()), NOW + timedelta(days=9), NOW, None
)
SOON, LATER = timedelta(seconds=5), timedelta(minutes=1)


@given(st.integers(0, 100), st.booleans(), st.booleans(), st.booleans())
def test_only_a_prompt_repeat_of_an_unused_exchange_is_no_reuse(
    seconds: int, claimed: bool, revoked: bool, used: bool
) -> None:
    stored = replace(STORED, claimed_at=NOW if claimed else None, revoked_at=NOW if revoked else None)
    verdict = judge_repeat(stored, successor_used=used, now=NOW + timedelta(seconds=seconds))
    assert (verdict == "dead") == (not claimed)
    assert (verdict == "repeat") == (
        claimed and not revoked and not used and seconds <= GRACE.total_seconds()
    )


@pytest.fixture
def application(session: Session) -> Application:
    return an_application(session, scopes=SCOPES)


def history(session: Session, token: str) -> list[str]:
    found = session.execute(
        text("SELECT customer_id, grant_id FROM refresh_tokens WHERE token_hash = :h"),
        {"h": token_hash(token)},
    ).one()
    return [event.action for event in consent.grant_history(session, *found)]


def test_an_old_refresh_token_that_comes_again_ends_its_family_and_the_customer_can_read_it(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    later = start + LATER
    for _ in range(2):
        assert service.claim_refresh_token(session, old, application.client_id, later) is None
        assert not reuse.take_note_of_repeat(session, old, application.client_id, later)
    assert service.find_token(session, second.access_token, later) is None
    successor = str(second.refresh_token)
    assert service.claim_refresh_token(session, successor, application.client_id, later) is None
    assert history(session, old) == ["granted", "token_reuse"]


def test_a_code_that_comes_again_is_in_the_history_too(session: Session, application: Application) -> None:
    start = clock.now()
    code, token = issued(session, application, start)
    reuse.end_family_of_reused_code(session, code, application.client_id, CHALLENGE, start + LATER)
    assert history(session, str(token.refresh_token)) == ["granted", "token_reuse"]


def test_a_repeat_puts_a_fresh_pair_in_the_place_of_the_lost_one(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    lost = refresh(session, application, old, start + LATER)
    soon = start + LATER + SOON
    assert reuse.take_note_of_repeat(session, old, application.client_id, soon)
    assert reuse.claim_repeat(session, old, soon) is not None
    assert service.find_token(session, lost.access_token, soon) is None
    assert service.find_token(session, first.access_token, soon) is not None
    assert history(session, old) == ["granted"]
    # It is made good once.
    assert reuse.claim_repeat(session, old, soon) is None
    assert not reuse.take_note_of_repeat(session, old, application.client_id, soon)
    # If the lost pair turns up after all, two parties have answers: then nobody keeps anything.
    assert not reuse.take_note_of_repeat(session, str(lost.refresh_token), application.client_id, soon)
    assert history(session, old) == ["granted", "token_reuse"]


def test_a_repeat_after_the_successor_was_used_is_a_reuse(session: Session, application: Application) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    second = refresh(session, application, str(first.refresh_token), start)
    third = refresh(session, application, str(second.refresh_token), start)
    assert not reuse.take_note_of_repeat(session, str(first.refresh_token), application.client_id, start)
    assert service.find_token(session, third.access_token, start) is None


def test_a_successor_that_is_used_meanwhile_wins_over_the_repeat(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    assert reuse.take_note_of_repeat(session, old, application.client_id, start)
    third = refresh(session, application, str(second.refresh_token), start)
    assert reuse.claim_repeat(session, old, start) is None
    assert service.find_token(session, third.access_token, start) is not None


def test_two_who_repeat_at_once_get_nothing_and_end_nothing(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    assert reuse.take_note_of_repeat(session, old, application.client_id, start)
    assert not reuse.take_note_of_repeat(session, old, application.client_id, start)
    assert reuse.claim_repeat(session, old, start) is None
    assert service.find_token(session, second.access_token, start) is not None


def test_another_clients_attempt_counts_for_nothing(session: Session, application: Application) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    for moment in (start, start + LATER):
        assert not reuse.take_note_of_repeat(session, old, "another", moment)
    assert service.find_token(session, second.access_token, start + LATER) is not None
    assert reuse.take_note_of_repeat(session, old, application.client_id, start)


@pytest.fixture(scope="module")
def shop(broker: Broker) -> SomeApplication:
    return new_application(broker, ["pref:buy"])


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def renew(broker: Broker, shop: SomeApplication, token: str) -> httpx2.Response:
    return post(broker, "/oauth/token", shop, {"grant_type": "refresh_token", "refresh_token": token})


def active(broker: Broker, shop: SomeApplication, token: str) -> bool:
    is_active: bool = post(broker, "/oauth/introspect", shop, {"token": token}).json()["active"]
    return is_active


def test_a_client_that_lost_the_answer_is_not_locked_out(
    broker: Broker, shop: SomeApplication, customer: SomeCustomer
) -> None:
    first = authorise(broker, shop, customer, ["pref:buy", "offline_access"], ["buy.store"])
    lost = renew(broker, shop, first["refresh_token"]).json()
    again = renew(broker, shop, first["refresh_token"])
    assert again.status_code == 200, again.text
    assert again.json()["scope"] == lost["scope"]
    assert not active(broker, shop, lost["access_token"])
    assert not active(broker, shop, lost["refresh_token"])
    assert active(broker, shop, again.json()["access_token"])
    assert renew(broker, shop, again.json()["refresh_token"]).status_code == 200


def test_of_fifty_at_once_none_is_taken_for_a_lost_answer(
    broker: Broker, shop: SomeApplication, customer: SomeCustomer
) -> None:
    first = authorise(broker, shop, customer, ["pref:buy", "offline_access"], ["buy.store"])
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: renew(broker, shop, first["refresh_token"]), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert active(broker, shop, won["access_token"])


def test_the_customer_sees_that_a_stolen_token_was_used(
    broker: Broker,
    shop: SomeApplication,
    customer: SomeCustomer,
    sessions: sessionmaker[Session],
    http: httpx2.Client,
) -> None:
    first = authorise(broker, shop, customer, ["pref:buy", "offline_access"], ["buy.store"])
    stolen = renew(broker, shop, first["refresh_token"]).json()
    with sessions.begin() as session:
        session.execute(
            text(
                "UPDATE refresh_tokens SET claimed_at = claimed_at - interval '1 minute' WHERE token_hash = :h"
            ),
            {"h": token_hash(first["refresh_token"])},
        )
    assert renew(broker, shop, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert renew(broker, shop, stolen["refresh_token"]).json()["error"] == "invalid_grant"
    path = f"/v1/me/grants/{first['grant_id']}/history"
    items = http.get(path, headers=customer.bearer).json()["items"]
    assert [item["action"] for item in items] == ["granted", "token_reuse"]
    browser = Browser(broker)
    browser.sign_in(customer)
    browser.open("/sharing")
    assert browser.page is not None
    assert "as a stolen one would" in browser.page.text
    authorise(broker, shop, customer, ["pref:buy"], ["buy.store"])
    browser.open("/sharing")
    assert "as a stolen one would" not in browser.page.text
