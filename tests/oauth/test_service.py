"""Codes and tokens on the database: reuse, families, tidying up."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from ccx_broker.consent import service as consent
from ccx_broker.consent.rules import Answer, ask_of_scopes
from ccx_broker.kit import clock
from ccx_broker.kit.runtime import Lifetimes
from ccx_broker.oauth import service
from ccx_broker.oauth.rules import AuthorizationRequest, Issued
from ccx_broker.oauth.tasks import tidy
from ccx_broker.organisations.rules import Application
from ccx_broker.profile.catalogue import CATALOGUE
from tests.consent.support import REDIRECT_URI, new_application, new_customer

CHALLENGE = "c" * 43
LIFETIMES = Lifetimes(
    session=timedelta(days=30),
    code=timedelta(minutes=1),
    access_token=timedelta(minutes=10),
    refresh_token=timedelta(days=90),
)
SCOPES = ("pref:buy", "events:write", "offline_access")


@pytest.fixture
def application(session: Session) -> Application:
    return new_application(session, scopes=SCOPES)


def give_code(session: Session, application: Application, customer_id: UUID, now: datetime) -> str:
    request = AuthorizationRequest(
        client_id=application.client_id,
        redirect_uri=REDIRECT_URI,
        state=None,
        scopes=SCOPES,
        code_challenge=CHALLENGE,
        ask=ask_of_scopes(SCOPES, [], CATALOGUE.items),
        prompt=frozenset(),
    )
    answer = Answer(frozenset({"buy.store"}), timedelta(days=90))
    code = service.authorise(session, customer_id, application, request, answer, lifetimes=LIFETIMES, now=now)
    assert isinstance(code, str)
    return code


def redeem(session: Session, application: Application, code: str, now: datetime) -> Issued | None:
    found = service.claim_code(
        session,
        code,
        client_id=application.client_id,
        redirect_uri=REDIRECT_URI,
        code_challenge=CHALLENGE,
        now=now,
    )
    if found is None:
        return None
    grant = service.live_grant(session, application.organisation_id, found, now)
    assert grant is not None
    return service.issue(
        session, application.organisation_id, found, found, grant, lifetimes=LIFETIMES, now=now
    )


def refresh(session: Session, application: Application, token: str, now: datetime) -> Issued:
    found = service.claim_refresh_token(session, token, application.client_id, now)
    assert found is not None
    grant = service.live_grant(session, application.organisation_id, found, now)
    assert grant is not None
    return service.issue(
        session, application.organisation_id, found, found, grant, lifetimes=LIFETIMES, now=now
    )


def issued(session: Session, application: Application, now: datetime) -> tuple[str, Issued]:
    code = give_code(session, application, new_customer(session), now)
    token = redeem(session, application, code, now)
    assert token is not None
    return code, token


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


def test_an_old_refresh_token_that_comes_again_ends_its_family(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    later = start + timedelta(minutes=1)
    assert service.claim_refresh_token(session, old, application.client_id, later) is None
    service.end_family_of_reused_refresh_token(session, old, application.client_id, later)
    assert service.find_token(session, second.access_token, later) is None
    assert (
        service.claim_refresh_token(session, str(second.refresh_token), application.client_id, later) is None
    )


def test_a_retry_within_seconds_is_refused_but_ends_nothing(
    session: Session, application: Application
) -> None:
    start = clock.now()
    code, first = issued(session, application, start)
    old = str(first.refresh_token)
    second = refresh(session, application, old, start)
    soon = start + timedelta(seconds=5)
    assert service.claim_refresh_token(session, old, application.client_id, soon) is None
    service.end_family_of_reused_refresh_token(session, old, application.client_id, soon)
    service.end_family_of_reused_code(session, code, application.client_id, CHALLENGE, soon)
    assert service.find_token(session, second.access_token, soon) is not None


def test_a_code_that_comes_again_ends_what_came_of_it(session: Session, application: Application) -> None:
    start = clock.now()
    code, token = issued(session, application, start)
    later = start + timedelta(seconds=30)
    service.end_family_of_reused_code(session, code, "another client", CHALLENGE, later)
    service.end_family_of_reused_code(session, code, application.client_id, "d" * 43, later)
    assert service.find_token(session, token.access_token, later) is not None
    service.end_family_of_reused_code(session, code, application.client_id, CHALLENGE, later)
    assert service.find_token(session, token.access_token, later) is None


def test_nobody_can_end_a_family_with_another_clients_token(
    session: Session, application: Application
) -> None:
    start = clock.now()
    _, first = issued(session, application, start)
    second = refresh(session, application, str(first.refresh_token), start)
    later = start + timedelta(minutes=1)
    service.end_family_of_reused_refresh_token(session, str(first.refresh_token), "another", later)
    assert service.find_token(session, second.access_token, later) is not None


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
