"""Codes and tokens of services, made in the test's own transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.consent.rules import Answer, ask_of_scopes
from ccx_broker.kit.runtime import Lifetimes
from ccx_broker.oauth import service
from ccx_broker.oauth.rules import AuthorizationRequest, Issued
from ccx_broker.organisations.rules import Application
from ccx_broker.profile.catalogue import CATALOGUE
from tests.consent.support import REDIRECT_URI, new_customer

CHALLENGE = "c" * 43
LIFETIMES = Lifetimes(
    session=timedelta(days=30),
    code=timedelta(minutes=1),
    access_token=timedelta(minutes=10),
    refresh_token=timedelta(days=90),
)
SCOPES = ("pref:buy", "events:write", "offline_access")


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
        session,
        application.organisation_id,
        found,
        found,
        grant,
        lifetimes=LIFETIMES,
        now=now,
        exchanged=token,
    )


def issued(session: Session, application: Application, now: datetime) -> tuple[str, Issued]:
    code = give_code(session, application, new_customer(session), now)
    token = redeem(session, application, code, now)
    assert token is not None
    return code, token
