"""`/v1/me/grants` over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.oauth_support import SomeApplication, SomeCustomer, authorise, new_application, new_customer
from tests.support import Broker

SCOPES = ("pref:buy", "events:write")


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES)


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture
def me(broker: Broker, customer: SomeCustomer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=broker.url, headers=customer.bearer, timeout=30) as client:
        yield client


@pytest.fixture
def grant(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, me: httpx2.Client
) -> dict[str, Any]:
    keys = ["buy.store", "buy.coupons"]
    token = authorise(broker, application, customer, SCOPES, keys, events=True)
    found: dict[str, Any] = me.get(f"/v1/me/grants/{token['grant_id']}").json()
    return found


def path(grant: dict[str, Any], rest: str = "") -> str:
    return f"/v1/me/grants/{grant['grant_id']}{rest}"


def test_a_grant_tells_everything(grant: dict[str, Any], application: SomeApplication) -> None:
    assert grant["organisation"] == application.organisation
    assert grant["application"] == "Shop app"
    assert grant["client_id"] == application.client_id
    assert grant["state"] == "live"
    assert grant["keys"] == ["buy.store", "buy.coupons"]
    assert grant["purposes"] == ["dpv:ServiceProvision"]
    assert (grant["include_defaults"], grant["allow_events"]) == (True, True)
    assert (grant["ended_at"], grant["ended_reason"], grant["version"]) == (None, None, 1)
    length = datetime.fromisoformat(grant["expires_at"]) - datetime.fromisoformat(grant["granted_at"])
    assert length == timedelta(days=90)


def test_narrowing_shortening_extending_and_withdrawing_leave_a_history(
    grant: dict[str, Any], me: httpx2.Client
) -> None:
    in_a_week = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    in_a_year = (datetime.now(UTC) + timedelta(days=364)).isoformat()
    for change in ({"keys": ["buy.store"]}, {"expires_at": in_a_week}, {"expires_at": in_a_year}):
        answer = me.patch(path(grant), json=change)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    assert answer.json()["keys"] == ["buy.store"]
    ended = me.delete(path(grant))
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert me.delete(path(grant)).json() == ended.json()
    history = me.get(path(grant, "/history")).json()["items"]
    actions = [event["action"] for event in history]
    assert actions == ["granted", "narrowed", "shortened", "extended", "withdrawn"]
    assert history[0]["keys"] == ["buy.store", "buy.coupons"]
    assert history[-1]["keys"] == ["buy.store"]
    refused = me.patch(path(grant), json={"keys": ["buy.store"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:ccx:problem:grant-ended")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"keys": ["buy.store", "diet.allergens"]}, "keys"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2036-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"keys": [], "allow_events": False}, "keys"),
        ({"key": ["buy.store"]}, "key"),
    ],
)
def test_a_change_that_is_not_allowed_names_the_field(
    grant: dict[str, Any], me: httpx2.Client, change: dict[str, Any], field: str
) -> None:
    answer = me.patch(path(grant), json=change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert me.get(path(grant)).json() == grant


def test_whoever_was_slower_is_told_so(grant: dict[str, Any], me: httpx2.Client) -> None:
    seen = me.get(path(grant)).headers["etag"]
    change = {"keys": ["buy.store"]}
    assert me.patch(path(grant), json=change, headers={"If-Match": seen}).status_code == 200
    assert me.patch(path(grant), json=change, headers={"If-Match": seen}).status_code == 412
    assert me.patch(path(grant), json=change, headers={"If-Match": "*"}).status_code == 200
    assert me.patch(path(grant), json=change, headers={"If-Match": '"nonsense"'}).status_code == 412


def test_grants_come_in_pages_live_and_ended_ones_apart(
    broker: Broker, customer: SomeCustomer, me: httpx2.Client
) -> None:
    made = [
        authorise(broker, new_application(broker, SCOPES), customer, SCOPES, ["buy.store"])["grant_id"]
        for _ in range(3)
    ]
    me.delete(f"/v1/me/grants/{made[1]}")
    first = me.get("/v1/me/grants?limit=2").json()
    second = me.get("/v1/me/grants", params={"limit": 2, "cursor": first["next"]}).json()
    seen = [grant["grant_id"] for page in (first, second) for grant in page["items"]]
    assert (seen, second["next"]) == (made[::-1], None)
    live = me.get("/v1/me/grants?state=live").json()["items"]
    ended = me.get("/v1/me/grants?state=ended").json()["items"]
    assert [grant["grant_id"] for grant in live] == [made[2], made[0]]
    assert [(grant["grant_id"], grant["ended_reason"]) for grant in ended] == [(made[1], "withdrawn")]
    assert me.get("/v1/me/grants?state=other").status_code == 422


def test_nobody_else_sees_or_touches_a_grant(broker: Broker, grant: dict[str, Any]) -> None:
    stranger = new_customer(broker)
    with httpx2.Client(base_url=broker.url, headers=stranger.bearer) as http:
        for answer in (
            http.get(path(grant)),
            http.patch(path(grant), json={"keys": []}),
            http.delete(path(grant)),
            http.get(path(grant, "/history")),
            http.get(f"/v1/me/grants/{uuid4()}"),
        ):
            assert answer.status_code == 404
        assert http.get("/v1/me/grants").json() == {"items": [], "next": None}
    with httpx2.Client(base_url=broker.url) as http:
        assert http.get("/v1/me/grants").status_code == 401
