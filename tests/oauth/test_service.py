"""Codes and tokens on the database: reuse, families, tidying up."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from ccx_broker.consent import service as consent
from ccx_broker.kit import clock
from ccx_broker.oauth import reuse, service
from ccx_broker.oauth.tasks import tidy
from ccx_broker.organisations.rules import Application
from tests.consent.support import new_application, new_customer
from tests.oauth.examples import CHALLENGE, SCOPES, give_code, issued, redeem


@pytest.fixture
def application(session: Session) -> Application:
    return new_application(session, scopes=SCOPES)


def test_a_code_is_good_for_a_minute_and_once(session: Session, application: Application) -> None:
    now = clock.now()
    code = give_code(session, application, new_customer(session), now)
    assert redeem(session, application, code, now + timedelta(seconds=60)) is None
    assert redeem(session, application, code, now + timedelta(seconds=59)) is not None
    assert redeem(session, application, code, now + timedelta(seconds=59)) is None


def test_a_token_is_stored_only_as_its_hash(session: Session, application: Application) -> None:
    from sqlalchemy import text

    code, token = issued(session, application, clock.now())
    for table in ("authorization_codes", "access_tokens", "refresh_tokens"):
        rows = session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
        for secret in (code, token.access_token, str(token.refresh_token)):
            assert not any(secret in row or secret.encode().hex() in row for row in rows)


def test_a_token_says_who_it_is_for_and_what_it_is_good_for(
    session: Session, application: Application
) -> None:
    now = clock.now()
    _, token = issued(session, application, now)
    found = service.find_token(session, token.access_token, now)
    assert found is not None
    assert found.keys == ("buy.store",)
    assert found.scopes == frozenset({"offline_access"})
    assert found.organisation_id == application.organisation_id
    assert service.find_token(session, token.access_token, found.expires_at) is None
    assert service.find_token(session, "ccxa_other", now) is None


def test_a_token_dies_with_its_grant(session: Session, application: Application) -> None:
    now = clock.now()
    _, token = issued(session, application, now)
    found = service.find_token(session, token.access_token, now)
    assert found is not None
    assert found.customer_id is not None
    assert found.grant_id is not None
    consent.withdraw(session, found.customer_id, found.grant_id, now)
    assert service.find_token(session, token.access_token, now) is None


def test_a_code_that_comes_again_ends_what_came_of_it(session: Session, application: Application) -> None:
    start = clock.now()
    code, token = issued(session, application, start)
    later = start + timedelta(seconds=30)
    reuse.end_family_of_reused_code(session, code, "another client", CHALLENGE, later)
    reuse.end_family_of_reused_code(session, code, application.client_id, "d" * 43, later)
    assert service.find_token(session, token.access_token, later) is not None
    reuse.end_family_of_reused_code(session, code, application.client_id, CHALLENGE, later)
    assert service.find_token(session, token.access_token, later) is None


def test_a_second_exchange_of_a_code_within_seconds_ends_nothing(
    session: Session, application: Application
) -> None:
    start = clock.now()
    code, token = issued(session, application, start)
    soon = start + timedelta(seconds=5)
    assert redeem(session, application, code, soon) is None
    reuse.end_family_of_reused_code(session, code, application.client_id, CHALLENGE, soon)
    assert service.find_token(session, token.access_token, soon) is not None


def test_tidying_up_deletes_what_is_over_and_nothing_else(session: Session, application: Application) -> None:
    now = clock.now()
    _, old = issued(session, application, now - timedelta(days=100))
    code, token = issued(session, application, now)
    while tidy(session, now):
        pass
    assert service.owner_of(session, old.access_token) is None
    assert service.owner_of(session, str(old.refresh_token)) is None
    assert service.owner_of(session, token.access_token) == application.client_id
    assert service.owner_of(session, str(token.refresh_token)) == application.client_id
    assert redeem(session, application, code, now) is None
