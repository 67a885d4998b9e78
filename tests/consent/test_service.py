"""Giving, changing and ending grants, on the database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.consent import service, store
from ccx_broker.consent.rules import Answer, Ask, Change, Grant, Refusal
from ccx_broker.kit import clock
from ccx_broker.kit.errors import Changed, Conflict, Invalid, NotFound
from ccx_broker.organisations.rules import Application
from tests.consent.support import new_application, new_customer

ASK = Ask(
    keys=("buy.store", "buy.day_time"), special=frozenset(), needed=(), purposes=("dpv:ServiceProvision",)
)
MONTH = timedelta(days=30)


def answer(*keys: str) -> Answer:
    return Answer(frozenset(keys), MONTH)


def give(session: Session, customer_id: UUID, application: Application, *keys: str) -> Grant:
    grant = service.give(session, customer_id, application, ASK, answer(*keys), now=clock.now())
    assert isinstance(grant, Grant)
    return grant


def actions(session: Session, grant: Grant) -> list[str]:
    return [event.action for event in store.grant_history(session, grant.customer_id, grant.grant_id)]


def test_a_grant_is_given_with_its_history(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store")
    assert store.find_grant(session, customer_id, grant.grant_id) == grant
    assert grant.subject.startswith("ccxu_")
    (event,) = store.grant_history(session, customer_id, grant.grant_id)
    assert (event.version, event.action, event.at, event.terms) == (
        1,
        "granted",
        grant.granted_at,
        grant.terms,
    )
    assert store.live_grants(session, application.organisation_id, [customer_id], clock.now()) == {
        customer_id: grant
    }


def test_a_refused_answer_leaves_nothing(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    refusal = service.give(session, customer_id, application, ASK, answer(), now=clock.now())
    assert refusal == Refusal("nothing_ticked")
    assert store.open_grant(session, customer_id, application.organisation_id) is None


def test_a_second_consent_amends_the_first(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    first = give(session, customer_id, application, "buy.store")
    second = give(session, customer_id, application, "buy.day_time")
    assert (second.grant_id, second.version, second.keys) == (first.grant_id, 2, ("buy.day_time",))
    assert actions(session, second) == ["granted", "amended"]


def test_a_grant_whose_time_is_over_is_ended_and_recorded_before_a_new_one(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    long_ago = clock.now() - timedelta(days=100)
    old = service.give(session, customer_id, application, ASK, answer("buy.store"), now=long_ago)
    assert isinstance(old, Grant)
    new = give(session, customer_id, application, "buy.day_time")
    assert new.grant_id != old.grant_id
    assert new.keys == ("buy.day_time",)
    assert actions(session, old) == ["granted", "expired"]
    ended = store.find_grant(session, customer_id, old.grant_id)
    assert ended is not None
    assert (ended.ended_at, ended.ended_reason) == (old.expires_at, "expired")


def test_parallel_consents_give_one_live_grant(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        customer_id, application = new_customer(session), new_application(session)

    def consent(_: int) -> UUID:
        with sessions.begin() as mine:
            return give(mine, customer_id, application, "buy.store").grant_id

    with ThreadPoolExecutor(10) as pool:
        ids = set(pool.map(consent, range(30)))
    assert len(ids) == 1
    with sessions() as session:
        grant = store.open_grant(session, customer_id, application.organisation_id)
        assert grant is not None
        assert grant.version == 30
        assert actions(session, grant) == ["granted"] + ["amended"] * 29


def test_narrowing_shortening_and_extending_are_recorded(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store", "buy.day_time")
    sooner = grant.expires_at - timedelta(days=1)
    for change in (
        Change(keys=frozenset({"buy.store"})),
        Change(expires_at=sooner),
        Change(expires_at=sooner + timedelta(days=60)),
        Change(keys=frozenset({"buy.store"})),
    ):
        changed = service.amend(session, customer_id, grant.grant_id, change, if_match=None, now=clock.now())
    assert changed.keys == ("buy.store",)
    assert changed.expires_at == sooner + timedelta(days=60)
    assert actions(session, grant) == ["granted", "narrowed", "shortened", "extended"]


def test_a_change_of_what_somebody_else_changed_is_refused(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store")
    with pytest.raises(Changed):
        service.amend(
            session, customer_id, grant.grant_id, Change(), if_match=frozenset({7}), now=clock.now()
        )


def test_a_grant_can_not_be_widened_by_a_change(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store")
    change = Change(keys=frozenset({"buy.store", "diet.allergens"}))
    with pytest.raises(Invalid, match=r"diet\.allergens"):
        service.amend(session, customer_id, grant.grant_id, change, if_match=None, now=clock.now())


def test_withdrawing_ends_it_for_good_and_twice_is_once(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store")
    ended = service.withdraw(session, customer_id, grant.grant_id, clock.now())
    again = service.withdraw(session, customer_id, grant.grant_id, clock.now())
    assert ended == again
    assert ended.ended_reason == "withdrawn"
    assert actions(session, grant) == ["granted", "withdrawn"]
    assert store.live_grants(session, application.organisation_id, [customer_id], clock.now()) == {}
    with pytest.raises(Conflict):
        service.amend(session, customer_id, grant.grant_id, Change(), if_match=None, now=clock.now())


def test_nobody_else_can_touch_a_grant(session: Session) -> None:
    owner, application = new_customer(session), new_application(session)
    grant = give(session, owner, application, "buy.store")
    with pytest.raises(NotFound):
        service.withdraw(session, new_customer(session), grant.grant_id, clock.now())


def test_expiry_is_written_down_by_the_tidying_up(session: Session) -> None:
    customer_id, application = new_customer(session), new_application(session)
    grant = give(session, customer_id, application, "buy.store")
    later = grant.expires_at + timedelta(seconds=1)
    while service.record_expired(session, later, 1):
        pass
    ended = store.find_grant(session, customer_id, grant.grant_id)
    assert ended == replace(grant.ended(grant.expires_at, "expired"))
    assert actions(session, grant) == ["granted", "expired"]
