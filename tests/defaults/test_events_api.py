"""A customer looks at what was observed and decides about it, over HTTP; the sender can't tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.organisations.service import add_organisation
from ccx_broker.profile.store import effective_values
from tests.defaults.examples import learn
from tests.defaults.test_api import Customer, customer, listed
from tests.defaults.test_service import NOW, events
from tests.intake.test_api import weeks
from tests.oauth_support import authorise, new_application, new_customer, post
from tests.support import Broker

__all__ = ["customer"]


@dataclass(frozen=True)
class Two:
    """A customer who shopped at two: six Mondays at store 367 of ours, then nine at store 31 of theirs."""

    customer: Customer
    ours: UUID
    theirs: UUID

    def ask(self, method: str, path: str, status: int = 200) -> Any:
        return self.customer.ask(method, path, status)

    def events(self, **query: Any) -> list[dict[str, Any]]:
        """Return all events by pages of four."""
        found, cursor = [], {}
        while True:
            asked = httpx2.QueryParams(query | cursor | {"limit": 4})
            page = self.ask("GET", f"/v1/me/events?{asked}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def sources(self) -> dict[UUID, dict[str, Any]]:
        return {UUID(s["organisation_id"]): s for s in self.ask("GET", "/v1/me/sources")["items"]}

    def store(self) -> Any:
        return listed(self.customer).get("buy.store", {}).get("value")


@pytest.fixture
def two(customer: Customer, sessions: sessionmaker[Session]) -> Two:
    with sessions.begin() as session:
        ours, theirs = (
            add_organisation(session, f"Shop {uuid4()}", None, NOW)[0].organisation_id for _ in range(2)
        )
        learn(session, events(customer.customer_id, 6, shop=ours), NOW)
        learn(session, events(customer.customer_id, 9, shop=theirs, store="31", first=100), NOW)
    return Two(customer, ours, theirs)


def test_events_are_filtered_by_organisation_and_name(two: Two) -> None:
    assert len(two.events()) == 15
    assert {e["organisation_id"] for e in two.events(organisation_id=two.ours)} == {str(two.ours)}
    assert len(two.events(organisation_id=two.theirs, event="Order Completed")) == 9
    assert two.events(event="Product Viewed") == two.events(organisation_id=uuid4()) == []


def test_one_purchase_is_forgotten_for_good(two: Two) -> None:
    event = two.events(organisation_id=two.ours)[0]
    for _ in range(2):
        two.ask("DELETE", f"/v1/me/events/{event['event_id']}", 204)
    assert event["event_id"] not in {e["event_id"] for e in two.events()}
    assert two.sources()[two.ours]["events"] == 5


def test_a_whole_source_is_forgotten(two: Two) -> None:
    assert two.store() == "31"
    for _ in range(2):
        two.ask("DELETE", f"/v1/me/events?organisation_id={two.theirs}", 204)
    assert two.store() == "367"
    assert set(two.sources()) == {two.ours}


def test_to_forget_all_one_says_whose(two: Two) -> None:
    assert two.ask("DELETE", "/v1/me/events", 422)["errors"][0]["field"] == "organisation_id"
    assert len(two.events()) == 15


def test_only_ones_own_can_be_forgotten(two: Two, broker: Broker, http: httpx2.Client) -> None:
    other = new_customer(broker)
    path = f"/v1/me/events/{two.events()[0]['event_id']}"
    answers = [http.delete(p, headers=other.bearer) for p in (path, f"/v1/me/events/{uuid4()}")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert http.delete(path).status_code == 401
    assert http.delete(f"/v1/me/events?organisation_id={two.ours}", headers=other.bearer).is_success
    assert len(two.events()) == 15


def test_sources_say_who_sent_what_when(two: Two) -> None:
    source = two.sources()[two.ours]
    assert source["organisation"].startswith("Shop ")
    told = {k: source[k] for k in ("learning", "stopped_at", "events", "learnt", "first_at", "last_at")}
    assert told == {
        "learning": True,
        "stopped_at": None,
        "events": 6,
        "learnt": 6,
        "first_at": "2026-03-02T17:00:00Z",
        "last_at": "2026-04-06T17:00:00Z",
    }


def test_sources_are_paged(two: Two) -> None:
    first = two.ask("GET", "/v1/me/sources?limit=1")
    rest = two.ask("GET", f"/v1/me/sources?limit=1&cursor={first['next']}")
    assert rest["next"] is None
    ids = [UUID(page["items"][0]["organisation_id"]) for page in (first, rest)]
    assert ids == sorted((two.ours, two.theirs))


def test_a_shop_is_not_learnt_from_any_more_and_then_again(two: Two, sessions: sessionmaker[Session]) -> None:
    learning = f"/v1/me/sources/{two.theirs}/learning"
    for _ in range(2):
        two.ask("DELETE", learning, 204)
    source = two.sources()[two.theirs]
    assert (source["learning"], source["events"], source["learnt"]) == (False, 9, 0)
    assert source["stopped_at"] is not None
    assert {e["learnt"] for e in two.events(organisation_id=two.theirs)} == {False}
    assert {e["learnt"] for e in two.events(organisation_id=two.ours)} == {True}
    assert two.store() == "367"
    with sessions.begin() as session:
        learn(session, events(two.customer.customer_id, 2, shop=two.theirs, first=200, store="5"), NOW)
    for _ in range(2):
        two.ask("PUT", learning, 204)
    assert two.store() == "31"
    assert [e["learnt"] for e in two.events(organisation_id=two.theirs)] == [False] * 2 + [True] * 9


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_learning_from_nobody_is_no_such_thing(customer: Customer, method: str) -> None:
    customer.ask(method, f"/v1/me/sources/{uuid4()}/learning", 404)


def test_what_teaches_nothing_says_so(two: Two, sessions: sessionmaker[Session]) -> None:
    wine = [{"name": "Merlot", "category": "WINE", "quantity": 1, "price": 9}]
    with sessions.begin() as session:
        learn(session, events(two.customer.customer_id, 1, shop=two.ours, first=300, products=wine), NOW)
        (order,) = events(two.customer.customer_id, 1, shop=two.ours, first=301)
        learn(session, [replace(order, name="Something New")], NOW)
    assert [e["learnt"] for e in two.events(organisation_id=two.ours)] == [False] * 2 + [True] * 6


def test_no_to_profiling_switches_off_at_once_and_yes_resumes(
    two: Two, sessions: sessionmaker[Session]
) -> None:
    def say(value: str) -> None:
        two.customer.ask("PUT", "/v1/me/preferences/data.profiling", json={"value": value})

    def counts() -> Any:
        with sessions() as session:
            return effective_values(session, two.customer.customer_id).get("buy.store")

    before = listed(two.customer)["buy.store"]
    say("no")
    assert counts() is None
    with sessions.begin() as session:
        learn(session, events(two.customer.customer_id, 20, shop=two.ours, first=400, store="9"), NOW)
    say("yes")
    assert listed(two.customer)["buy.store"] == before
    assert counts().value == "31"
    assert [e["learnt"] for e in two.events(organisation_id=two.ours)] == [False] * 20 + [True] * 6


def test_a_guess_says_why_and_what_would_change_it(two: Two, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        (order,) = events(two.customer.customer_id, 1, shop=two.ours, first=301)
        learn(session, [replace(order, name="Message Opened")], NOW)  # says nothing about a store
    why = two.ask("GET", "/v1/me/defaults/buy.store")
    assert why["default"] == listed(two.customer)["buy.store"]
    assert (why["default"]["value"], why["default"]["counts"]) == ("31", True)
    assert why["learnt_from"] == ["Order Completed"]
    behind = two.events(default="buy.store")
    assert behind == two.events(event="Order Completed")
    assert why["events"] == behind[:10]
    assert any("Dismiss" in sentence for sentence in why["changes"])
    two.ask("DELETE", f"/v1/me/sources/{two.ours}/learning", 204)
    assert {e["organisation_id"] for e in two.events(default="buy.store")} == {str(two.theirs)}
    assert two.events(default="buy.store", event="Message Opened") == []
    assert two.events(default="diet.allergens") == []  # nobody guesses that


def test_why_follows_the_answer(two: Two) -> None:
    def why() -> Any:
        return two.ask("GET", "/v1/me/defaults/buy.store")

    offered = why()
    two.ask("POST", "/v1/me/defaults/buy.store/dismiss", 204)
    dismissed = why()
    two.ask("POST", "/v1/me/defaults/buy.store/restore", 204)
    two.ask("POST", "/v1/me/defaults/buy.store/accept", 204)
    accepted = why()
    found = [offered, dismissed, accepted]
    assert [each["default"]["state"] for each in found] == ["offered", "dismissed", "accepted"]
    assert [each["default"]["counts"] for each in found] == [True, False, False]
    assert len({tuple(each["changes"]) for each in found}) == 3


def test_a_guess_counts_until_the_customer_says_something(two: Two) -> None:
    def counts() -> bool:
        there: bool = listed(two.customer)["buy.store"]["counts"]
        assert two.ask("GET", "/v1/me/defaults/buy.store")["default"]["counts"] is there
        return there

    assert counts()
    two.customer.ask("PUT", "/v1/me/preferences/buy.store", json={"value": "8"})
    assert not counts()
    two.ask("DELETE", "/v1/me/preferences/buy.store", 204)
    assert counts()
    two.customer.ask("PUT", "/v1/me/preferences/data.profiling", json={"value": "no"})
    assert not counts()


@pytest.mark.parametrize("key", ["buy.store", "diet.allergens", "no.such_key"])
def test_there_is_no_why_where_nothing_is_guessed(customer: Customer, key: str) -> None:
    customer.ask("GET", f"/v1/me/defaults/{key}", 404)


def test_a_dismissed_guess_can_be_found_when_all_is_forgotten(two: Two) -> None:
    two.ask("POST", "/v1/me/defaults/buy.store/dismiss", 204)
    for shop in (two.ours, two.theirs):
        two.ask("DELETE", f"/v1/me/events?organisation_id={shop}", 204)
    (left,) = listed(two.customer).values()
    told = {name: left[name] for name in ("value", "described", "confidence", "evidence", "state", "counts")}
    assert told == {
        "value": None,
        "described": None,
        "confidence": None,
        "evidence": {},
        "state": "dismissed",
        "counts": False,
    }


def test_an_organisation_reads_a_guess_as_long_as_it_may_be_made(broker: Broker, http: httpx2.Client) -> None:
    """The hot path: no to profiling, a muted shop and a forgotten one are felt by the very next read."""
    shop, person = new_application(broker, ["pref:buy", "events:write"]), new_customer(broker)
    token = authorise(
        broker, shop, person, ["pref:buy", "events:write"], ["buy.store"], events=True, guesses=True
    )["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    def read() -> Any:
        answer = http.get("/v1/preferences", headers=bearer).raise_for_status().json()
        return [(p["key"], p["value"], p["source"]) for p in answer["preferences"]]

    def decide(method: str, path: str, **more: Any) -> None:
        http.request(method, path, headers=person.bearer, **more).raise_for_status()

    subject = http.get("/v1/preferences", headers=bearer).json()["subject"]
    sent = http.post("/v1/events", json={"batch": weeks(subject, 12)}, headers=bearer).raise_for_status()
    assert sent.json()["accepted"] == 12
    broker.conclude()
    guess = [("buy.store", "367", "default")]
    assert read() == guess
    source = http.get("/v1/me/sources", headers=person.bearer).json()["items"][0]["organisation_id"]
    for off, on in (
        (
            ("PUT", "/v1/me/preferences/data.profiling", "no"),
            ("PUT", "/v1/me/preferences/data.profiling", "yes"),
        ),
        (("DELETE", f"/v1/me/sources/{source}/learning"), ("PUT", f"/v1/me/sources/{source}/learning")),
        (("POST", "/v1/me/defaults/buy.store/dismiss"), ("POST", "/v1/me/defaults/buy.store/restore")),
    ):
        for (method, path, *value), expected in ((off, []), (on, guess)):
            decide(method, path, **({"json": {"value": value[0]}} if value else {}))
            assert read() == expected
    decide("DELETE", f"/v1/me/events?organisation_id={source}")
    assert read() == []


def test_the_sender_can_not_tell(broker: Broker, http: httpx2.Client) -> None:
    """Two customers, one of whom forgets, mutes and forbids: all answers to the shop are the same."""
    shop = new_application(broker, ["pref:buy", "events:write"])
    people = [new_customer(broker) for _ in range(2)]
    granted = [
        authorise(broker, shop, who, ["pref:buy", "events:write"], ["buy.store"], events=True)["access_token"]
        for who in people
    ]
    subjects = [post(broker, "/oauth/introspect", shop, {"token": token}).json()["sub"] for token in granted]

    def send(count: int) -> Sequence[Any]:
        return [
            http.post(
                "/v1/events",
                json={"batch": weeks(subject, count)},
                headers={"Authorization": f"Bearer {token}"},
            ).json()
            for subject, token in zip(subjects, granted, strict=True)
        ]

    def decide(method: str, path: str, **more: Any) -> httpx2.Response:
        answer = http.request(method, path, headers=people[0].bearer, **more)
        assert answer.is_success, answer.text
        return answer

    answers = [send(6)]
    (source,) = decide("GET", "/v1/me/sources").json()["items"]
    event = decide("GET", "/v1/me/events").json()["items"][3]
    decide("DELETE", f"/v1/me/events/{event['event_id']}")
    answers.append(send(8))  # the forgotten one comes again
    decide("DELETE", f"/v1/me/sources/{source['organisation_id']}/learning")
    answers.append(send(10))
    decide("DELETE", f"/v1/me/events?organisation_id={source['organisation_id']}")
    answers.append(send(12))
    decide("PUT", "/v1/me/preferences/data.profiling", json={"value": "no"})
    answers.append(send(14))
    assert [first for first, _ in answers] == [second for _, second in answers]
    assert [first["accepted"] for first, _ in answers] == [6, 2, 2, 2, 2]
    (source,) = decide("GET", "/v1/me/sources").json()["items"]
    assert (source["events"], source["learnt"], source["learning"]) == (4, 0, False)
