"""The quick way of introspection says what the general way says, to the letter, and nothing more."""

import base64
from collections.abc import Callable
from typing import Any

import httpx2
import psycopg
import pytest

from ccx_broker.kit.ids import token_hash
from ccx_broker.oauth.forms import Received
from ccx_broker.oauth.inspector import Question, question
from tests.dpop_support import Prover
from tests.oauth_support import (
    SomeApplication,
    SomeCustomer,
    authorise,
    new_application,
    new_customer,
    post,
)
from tests.support import Broker

SCOPES = ["pref:buy", "events:write", "offline_access"]


@pytest.fixture(scope="module")
def shop(broker: Broker) -> SomeApplication:
    return new_application(broker, ["pref:buy", "events:write", "preferences:read"])


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def both_ways(broker: Broker, shop: SomeApplication, token: str) -> list[tuple[int, Any]]:
    """Ask by HTTP Basic, which is quick, and with the secret in the form, which is not."""
    answers = [
        post(broker, "/oauth/introspect", shop, {"token": token}),
        httpx2.post(
            f"{broker.url}/oauth/introspect",
            data={"token": token, "client_id": shop.client_id, "client_secret": shop.client_secret},
            timeout=30,
        ),
    ]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    return [(answer.status_code, answer.json()) for answer in answers]


def share(broker: Broker, shop: SomeApplication, customer: SomeCustomer) -> dict[str, Any]:
    return authorise(broker, shop, customer, SCOPES, ["buy.store", "buy.coupons"], events=True)


def nothing(_: httpx2.Client, __: SomeCustomer, ___: str) -> None:
    """Leave everything as it is."""


def narrow(http: httpx2.Client, customer: SomeCustomer, grant: str) -> None:
    change = {"keys": ["buy.store"], "allow_events": False}
    http.patch(grant, json=change, headers=customer.bearer).raise_for_status()


def withdraw(http: httpx2.Client, customer: SomeCustomer, grant: str) -> None:
    http.delete(grant, headers=customer.bearer).raise_for_status()


@pytest.mark.parametrize(
    ("change", "active"),
    [(nothing, True), (narrow, True), (withdraw, False)],
    ids=["live", "narrowed", "withdrawn"],
)
def test_a_customers_token(
    broker: Broker,
    http: httpx2.Client,
    shop: SomeApplication,
    customer: SomeCustomer,
    change: Callable[[httpx2.Client, SomeCustomer, str], None],
    active: bool,
) -> None:
    token = share(broker, shop, customer)
    change(http, customer, f"/v1/me/grants/{token['grant_id']}")
    quick, general = both_ways(broker, shop, token["access_token"])
    assert quick == general
    assert (quick[0], quick[1]["active"]) == (200, active)


def test_an_organisations_own_token_and_a_bound_one(broker: Broker, shop: SomeApplication) -> None:
    form = {"grant_type": "client_credentials", "scope": "preferences:read"}
    auth = (shop.client_id, shop.client_secret or "")
    own = post(broker, "/oauth/token", shop, form).json()["access_token"]
    bound = Prover().send(broker, "POST", "/oauth/token", data=form, auth=auth).json()["access_token"]
    for token, kind in ((own, "Bearer"), (bound, "DPoP")):
        quick, general = both_ways(broker, shop, token)
        assert quick == general
        assert quick[1]["token_type"] == kind
        assert ("cnf" in quick[1]) == (kind == "DPoP")


def test_what_it_does_not_settle_goes_the_general_way(
    broker: Broker, shop: SomeApplication, customer: SomeCustomer, database_url: str
) -> None:
    token = share(broker, shop, customer)
    refresh, access = token["refresh_token"], token["access_token"]
    stranger = new_application(broker, ["pref:buy"])
    assert both_ways(broker, shop, refresh)[0][1]["active"]
    for who, about in ((stranger, access), (stranger, refresh), (shop, "ccxa_unknown"), (shop, "ünknown")):
        assert both_ways(broker, who, about) == [(200, {"active": False})] * 2
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE access_tokens SET expires_at = now() WHERE grant_id = %s", (token["grant_id"],)
        )
    assert both_ways(broker, shop, access) == [(200, {"active": False})] * 2


def test_a_wrong_secret_learns_nothing(broker: Broker, shop: SomeApplication, customer: SomeCustomer) -> None:
    token = share(broker, shop, customer)["access_token"]
    for client_id, secret in (
        (shop.client_id, "x"),
        ("nobody", shop.client_secret or ""),
        (shop.client_id, ""),
    ):
        answer = httpx2.post(
            f"{broker.url}/oauth/introspect", data={"token": token}, auth=(client_id, secret), timeout=30
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_client_that_is_registered_for_another_way_is_refused(
    broker: Broker, shop: SomeApplication, customer: SomeCustomer, database_url: str
) -> None:
    token = share(broker, shop, customer)["access_token"]
    other = new_application(broker, ["pref:buy"], organisation_id=shop.organisation_id)
    assert both_ways(broker, other, token)[0][1]["active"]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE applications SET auth_method = 'client_secret_post' WHERE client_id = %s",
            (other.client_id,),
        )
    by_basic, by_form = both_ways(broker, other, token)
    assert by_basic[0] == 401
    assert by_form[1]["active"]


def received(authorization: str, **parameters: str) -> Received:
    return Received("POST", "/oauth/introspect", {"authorization": authorization}, parameters)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_only_a_plain_request_is_read() -> None:
    assert question(received(basic("shop:secret"), token="ccxa_x")) == Question(
        "shop", token_hash("secret"), token_hash("ccxa_x")
    )
    for request in (
        received("", token="x"),
        received("Bearer x", token="x"),
        received("Basic ü", token="x"),
        received(basic("shop"), token="x"),
        received(basic("sh%6Fp:secret"), token="x"),
        received(basic("shop:se+cret"), token="x"),
        received(basic("shöp:secret"), token="x"),
        received(basic("shop:secret"), token="ü"),
        received(basic("shop:secret"), token="x", client_assertion="y"),
        received(basic("shop:secret"), token="x", client_id="shop"),
    ):
        assert question(request) is None
