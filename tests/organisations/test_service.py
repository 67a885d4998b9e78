"""Names by which organisations know customers, made by many requests at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.errors import Invalid
from ccx_broker.organisations import service, store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def organisation(session: Session) -> UUID:
    made, is_new = service.add_organisation(session, f"Shop {uuid4()}", None, NOW)
    assert is_new
    return made.organisation_id


def test_one_customer_has_another_name_at_each_organisation(session: Session) -> None:
    customer, one, other = uuid4(), organisation(session), organisation(session)
    here, there = (service.subject_for(session, customer, where) for where in (one, other))
    assert here != there
    assert service.subject_for(session, customer, one) == here
    # An organisation can't look up what another calls the customer.
    assert store.resolve_subjects(session, one, [here, there, "nobody"]) == {here: customer}


def test_the_name_says_nothing_about_the_customer(session: Session) -> None:
    customer, where = uuid4(), organisation(session)
    subject = service.subject_for(session, customer, where)
    assert len(subject.removeprefix("ccxu_")) >= 22  # 128 bits and more
    assert customer.hex not in subject


def test_twenty_requests_at_once_make_one_name(sessions: sessionmaker[Session]) -> None:
    customer = uuid4()
    with sessions.begin() as session:
        where = organisation(session)

    def ask(_: int) -> str:
        with sessions.begin() as session:
            return service.subject_for(session, customer, where)

    with ThreadPoolExecutor(20) as threads:
        names = set(threads.map(ask, range(20)))
    assert len(names) == 1
    with sessions() as session:
        assert store.resolve_subjects(session, where, list(names)) == {names.pop(): customer}


def test_twenty_additions_at_once_make_one_organisation(sessions: sessionmaker[Session]) -> None:
    name = f"Shop {uuid4()}"

    def add(_: int) -> tuple[UUID, bool]:
        with sessions.begin() as session:
            made, is_new = service.add_organisation(session, name, None, NOW)
            return made.organisation_id, is_new

    with ThreadPoolExecutor(20) as threads:
        made = list(threads.map(add, range(20)))
    assert len({organisation_id for organisation_id, _ in made}) == 1
    assert [is_new for _, is_new in made].count(True) == 1


@pytest.mark.parametrize("complaints", ["nowhere", "javascript:alert(1)", "https://", "a b@c", "x@y\nz"])
def test_where_to_complain_is_an_address(session: Session, complaints: str) -> None:
    with pytest.raises(Invalid, match="complaints"):
        service.add_organisation(session, f"Shop {uuid4()}", complaints, NOW)
