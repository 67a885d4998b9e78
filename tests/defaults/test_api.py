"""A customer looks at their defaults and events and answers, over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.defaults.populations import BARS
from ccx_broker.organisations.service import add_organisation
from ccx_broker.profile.store import effective_values
from tests.defaults.examples import learn
from tests.defaults.test_service import events

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Customer:
    """A signed-in customer: `ask("GET", "/v1/me/…")` is answered with the status that it must have."""

    customer_id: UUID
    ask: Callable[..., Any]


@pytest.fixture
def customer(http: httpx2.Client) -> Customer:
    person = {"email": f"{uuid4()}@example.com", "password": "correct horse battery staple"}
    customer_id = UUID(http.post("/v1/accounts", json=person | {"name": "Kim"}).json()["customer_id"])
    token = http.post("/v1/sessions", json=person).json()["token"]

    def ask(method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return Customer(customer_id, ask)


@pytest.fixture
def shopped(customer: Customer, sessions: sessionmaker[Session]) -> Customer:
    """The same customer after twelve Mondays at store 367."""
    with sessions.begin() as session:
        shop = add_organisation(session, f"Shop {uuid4()}", None, NOW)[0].organisation_id
        learn(session, events(customer.customer_id, 12, shop=shop), NOW)
    return customer


def listed(customer: Customer) -> dict[str, dict[str, Any]]:
    return {item["key"]: item for item in customer.ask("GET", "/v1/me/defaults")["items"]}


def held(sessions: sessionmaker[Session], customer: Customer, key: str) -> tuple[str, Any] | None:
    """Return source and value of what counts for `key`."""
    with sessions() as session:
        found = effective_values(session, customer.customer_id, [key]).get(key)
    return (found.source, found.value) if found else None


def test_who_never_shopped_has_no_defaults(customer: Customer) -> None:
    assert customer.ask("GET", "/v1/me/defaults") == {"items": [], "pending": False}
    assert customer.ask("GET", "/v1/me/events") == {"items": [], "next": None}


def test_defaults_come_with_their_reasons(shopped: Customer) -> None:
    item = listed(shopped)["buy.day_time"]
    assert item["value"] == {"day": None, "slot": "midday"}
    assert item["question"] == "When do you usually do your shopping?"
    assert item["described"] == "Any day, midday"
    assert BARS["buy.day_time"] <= item["confidence"] < 1
    assert item["evidence"]["sentence"].startswith("Of your 12 visits between")
    assert (item["state"], item["computed_at"]) == ("offered", "2026-11-24T12:00:00Z")


def test_an_accepted_guess_is_the_customers_word(shopped: Customer, sessions: sessionmaker[Session]) -> None:
    assert held(sessions, shopped, "buy.store") == ("default", "367")
    for _ in range(2):
        shopped.ask("POST", "/v1/me/defaults/buy.store/accept", 204)
    assert listed(shopped)["buy.store"]["state"] == "accepted"
    assert held(sessions, shopped, "buy.store") == ("stated", "367")


def test_a_dismissed_guess_counts_for_nothing_until_it_is_restored(
    shopped: Customer, sessions: sessionmaker[Session]
) -> None:
    for _ in range(2):
        shopped.ask("POST", "/v1/me/defaults/buy.store/dismiss", 204)
    assert listed(shopped)["buy.store"]["state"] == "dismissed"
    assert held(sessions, shopped, "buy.store") is None
    for _ in range(2):
        shopped.ask("POST", "/v1/me/defaults/buy.store/restore", 204)
    assert listed(shopped)["buy.store"]["state"] == "offered"
    assert held(sessions, shopped, "buy.store") == ("default", "367")


@pytest.mark.parametrize("answer", ["accept", "dismiss", "restore"])
@pytest.mark.parametrize("key", ["buy.store", "no.such_key"])
def test_there_is_nothing_to_answer_where_nothing_was_guessed(
    customer: Customer, answer: str, key: str
) -> None:
    problem = customer.ask("POST", f"/v1/me/defaults/{key}/{answer}", 404)
    assert problem["detail"]


@pytest.mark.parametrize("path", ["/v1/me/defaults", "/v1/me/events"])
def test_only_the_customer_sees_them(http: httpx2.Client, path: str) -> None:
    assert http.get(path).status_code == 401


def test_events_are_paged_and_name_their_organisation(shopped: Customer) -> None:
    found: list[dict[str, Any]] = []
    page = shopped.ask("GET", "/v1/me/events?limit=5")
    while page["next"]:
        found += page["items"]
        page = shopped.ask("GET", f"/v1/me/events?limit=5&cursor={page['next']}")
    found += page["items"]
    assert [len(found), found[0]["event"]] == [12, "Order Completed"]
    assert [item["at"] for item in found] == sorted((item["at"] for item in found), reverse=True)
    assert found[0]["organisation"].startswith("Shop ")
    assert found[0]["summary"] == "1 thing at store 367 for 2.5 USD"


def test_a_page_that_is_exactly_full_is_the_last(shopped: Customer) -> None:
    assert shopped.ask("GET", "/v1/me/events?limit=12")["next"] is None


def test_a_wrong_cursor_is_said_to_be_one(shopped: Customer) -> None:
    assert shopped.ask("GET", "/v1/me/events?cursor=x", 422)["errors"][0]["field"] == "cursor"
