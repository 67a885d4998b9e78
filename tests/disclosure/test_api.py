from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.clock import now
from ccx_broker.profile import service as profile
from ccx_broker.profile.rules import Offer
from tests.disclosure.support import (
    VALUES,
    log_of,
    new_shop,
    own_bearer,
    share,
    state,
    withdraw,
)
from tests.oauth_support import authorise, new_application, new_customer
from tests.support import Broker


def test_a_shop_reads_exactly_what_was_shared_and_the_customer_sees_the_look(
    broker: Broker, http: httpx2.Client
) -> None:
    shared = share(broker, http, ["buy.store", "buy.coupons"])
    answer = http.get("/v1/preferences", headers=shared.bearer)
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    (preference,) = body["preferences"]
    assert preference.pop("set_at").endswith("Z")
    assert preference == {"key": "buy.store", "value": "367", "source": "stated", "rank": "want"}
    assert body["grant_id"] == shared.token["grant_id"]
    assert body["expires_at"].endswith("Z")

    (line,) = log_of(http, shared.customer)
    assert line["outcome"] == "disclosed"
    assert line["keys"] == ["buy.store"]
    assert line["organisation"] == {"id": shared.shop.organisation_id, "name": shared.shop.organisation}
    assert line["application"]["id"] == shared.shop.client_id
    assert line["grant_id"] == body["grant_id"]
    assert line["purposes"] == ["dpv:ServiceProvision"]


def test_the_shop_reads_by_subject_with_its_own_token(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    own = own_bearer(broker, shared.shop)
    by_token = http.get("/v1/preferences", headers=shared.bearer).json()
    by_subject = http.get(f"/v1/customers/{by_token['subject']}/preferences", headers=own)
    assert by_subject.json() == by_token
    refused = http.get(f"/v1/customers/{by_token['subject']}/preferences", headers=shared.bearer)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert http.get("/v1/preferences", headers=own).status_code == 403


def test_many_customers_are_read_in_one_request_each_by_itself(broker: Broker, http: httpx2.Client) -> None:
    shop = new_shop(broker)
    first, gone, third = (share(broker, http, ["buy.store"], shop=shop) for _ in range(3))
    names = [http.get("/v1/preferences", headers=s.bearer).json()["subject"] for s in (first, gone, third)]
    withdraw(http, gone.customer)
    asked = [names[0], names[1], "nobody\0★", names[2], names[0]]
    answer = http.post(
        "/v1/customers/preferences:batch", json={"subjects": asked}, headers=own_bearer(broker, shop)
    )
    items = answer.json()["items"]
    assert [item["subject"] for item in items] == asked
    assert [item.get("error") for item in items] == [None, "not_shared", "not_shared", None, None]
    assert items[0]["preferences"][0]["value"] == "367"
    assert [line["outcome"] for line in log_of(http, first.customer)] == ["disclosed"] * 3
    assert [line["reason"] for line in log_of(http, gone.customer)] == ["no_live_grant", None]


@pytest.mark.parametrize("subjects", [[], ["x"] * 501, ["x" * 201], "x", None])
def test_a_batch_has_limits(broker: Broker, http: httpx2.Client, subjects: Any) -> None:
    answer = http.post(
        "/v1/customers/preferences:batch",
        json={"subjects": subjects},
        headers={"Authorization": "Bearer ccxa_whatever"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("subjects")


def test_absent_and_not_granted_look_the_same(broker: Broker, http: httpx2.Client) -> None:
    """Promise 1: one has said nothing, the other shares nothing of what they said."""
    shop = new_shop(broker)
    silent = share(broker, http, ["buy.store", "buy.coupons"], shop=shop, values={"buy.store": "1"})
    closed = share(broker, http, ["buy.store"], shop=shop, values={"buy.store": "1", "buy.coupons": "offer"})
    answers = [http.get("/v1/preferences", headers=s.bearer) for s in (silent, closed)]
    bodies = [answer.json() for answer in answers]
    for body in bodies:
        for personal in ("subject", "grant_id", "expires_at"):
            body.pop(personal)
        body["preferences"][0].pop("set_at")
    assert bodies[0] == bodies[1]
    assert answers[0].headers["content-length"] == answers[1].headers["content-length"]
    assert {*answers[0].headers} == {*answers[1].headers}


def test_every_name_that_leads_nowhere_gets_the_same_answer(broker: Broker, http: httpx2.Client) -> None:
    shop, other = new_shop(broker), new_shop(broker)
    withdrawn, foreign = (
        share(broker, http, ["buy.store"], shop=shop),
        share(broker, http, ["buy.store"], shop=other),
    )
    own = own_bearer(broker, shop)
    names = [http.get("/v1/preferences", headers=s.bearer).json()["subject"] for s in (withdrawn, foreign)]
    withdraw(http, withdrawn.customer)
    answers = [
        http.get(f"/v1/customers/{name}/preferences", headers=own)
        for name in (*names, "ccxu_never", "%00x", "%E2%98%85")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


def test_another_organisation_learns_nothing_and_is_seen_trying(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    subject = http.get("/v1/preferences", headers=shared.bearer).json()["subject"]
    nosy = new_shop(broker)
    assert (
        http.get(f"/v1/customers/{subject}/preferences", headers=own_bearer(broker, nosy)).status_code == 404
    )
    newest = log_of(http, shared.customer)[0]
    assert newest["organisation"]["name"] == nosy.organisation
    assert (newest["outcome"], newest["reason"], newest["keys"]) == ("refused", "subject_of_another", [])


def test_two_organisations_know_one_customer_by_different_names(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    state(http, customer, VALUES)
    names = set()
    for _ in range(2):
        token = authorise(broker, new_shop(broker), customer, ["pref:buy"], ["buy.store"])["access_token"]
        body = http.get("/v1/preferences", headers={"Authorization": f"Bearer {token}"}).json()
        names.add(body["subject"])
    assert len(names) == 2


def test_an_expired_grant_shares_nothing(broker: Broker, http: httpx2.Client, database_url: str) -> None:
    shared = share(broker, http, ["buy.store"])
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE grants SET expires_at = now() WHERE grant_id = %s", (shared.token["grant_id"],)
        )
    answer = http.get("/v1/preferences", headers=shared.bearer)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert log_of(http, shared.customer)[0]["reason"] == "grant_expired"


def test_an_expired_token_is_refused_and_recorded(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE access_tokens SET expires_at = now() WHERE grant_id = %s", (shared.token["grant_id"],)
        )
    assert http.get("/v1/preferences", headers=shared.bearer).status_code == 401
    assert log_of(http, shared.customer)[0]["reason"] == "token_expired"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic eDp5", "Bearer ccxa_unknown", "Bearer " + "x" * 500]
)
def test_without_a_good_token_there_is_nothing(http: httpx2.Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for answer in (
        http.get("/v1/preferences", headers=headers),
        http.get("/v1/customers/ccxu_x/preferences", headers=headers),
        http.post("/v1/customers/preferences:batch", json={"subjects": ["x"]}, headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_star_key_leaves_only_by_its_own_name(broker: Broker, http: httpx2.Client) -> None:
    """Promise 4: a step's scope covers ordinary keys only, whoever asks and whatever is stated."""
    shop = new_application(broker, ["pref:diet", "pref:buy"])
    customer = new_customer(broker)
    state(http, customer, {"diet.allergens": ["peanuts"], "diet.pattern": ["vegan"], "buy.store": "367"})
    token = authorise(broker, shop, customer, ["pref:diet", "pref:buy"], ["buy.store"])
    assert "diet" not in token["scope"]
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    read = http.get("/v1/preferences", headers=bearer).json()["preferences"]
    assert [p["key"] for p in read] == ["buy.store"]

    by_name = share(broker, http, ["diet.allergens"])
    read = http.get("/v1/preferences", headers=by_name.bearer).json()["preferences"]
    assert [(p["key"], p["value"]) for p in read] == [("diet.allergens", ["peanuts"])]


def test_a_guess_that_was_ticked_is_shared_as_a_guess_unless_the_customer_leaves_guesses_out(
    broker: Broker, http: httpx2.Client, sessions: sessionmaker[Session]
) -> None:
    shop, customer = new_shop(broker), new_customer(broker)
    guess = Offer("buy.coupons", "offer", 0.8, {"sentence": "You used coupons on 9 of 10 visits."})
    with sessions.begin() as session:
        profile.offer_defaults(session, [(UUID(customer.customer_id), guess)], now())

    def read(*, guesses: bool) -> list[dict[str, Any]]:
        token = authorise(broker, shop, customer, ["pref:buy"], ["buy.coupons"], guesses=guesses)
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        shared: list[dict[str, Any]] = http.get("/v1/preferences", headers=bearer).json()["preferences"]
        return shared

    assert read(guesses=False) == []
    (shared,) = read(guesses=True)
    assert (shared["value"], shared["source"], shared["confidence"]) == ("offer", "default", 0.8)
    assert "evidence" not in shared, "why we think so is between us and the customer"


def test_narrowing_takes_effect_at_the_next_read(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store", "contact.channel"])
    grant = f"/v1/me/grants/{shared.token['grant_id']}"
    http.patch(grant, json={"keys": ["contact.channel"]}, headers=shared.customer.bearer).raise_for_status()
    read = http.get("/v1/preferences", headers=shared.bearer).json()["preferences"]
    assert [p["key"] for p in read] == ["contact.channel"]


def test_the_log_is_paged_newest_first_without_gaps(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    for _ in range(5):
        http.get("/v1/preferences", headers=shared.bearer).raise_for_status()
    seen: list[str] = []
    address: str | None = "/v1/me/disclosures?limit=2"
    while address:
        page = http.get(address, headers=shared.customer.bearer).json()
        assert len(page["items"]) <= 2
        seen += [line["disclosure_id"] for line in page["items"]]
        address = page["next"] and f"/v1/me/disclosures?limit=2&cursor={page['next']}"
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    assert http.get("/v1/me/disclosures?cursor=nonsense", headers=shared.customer.bearer).status_code == 422


def test_nobody_sees_the_log_of_another(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    http.get("/v1/preferences", headers=shared.bearer)
    assert log_of(http, new_customer(broker)) == []
    assert http.get("/v1/me/disclosures").status_code == 401
