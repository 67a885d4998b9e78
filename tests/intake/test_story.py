"""From a consent page to a default with its reason, with tokens as organisations really get them."""

import httpx2

from ccx_broker.intake.rules import NOT_YOURS
from tests.intake.test_api import weeks
from tests.oauth_support import authorise, new_application, new_customer, post
from tests.support import Broker


def test_a_customer_lets_a_shop_send_behaviour_and_gets_reasons(broker: Broker, http: httpx2.Client) -> None:
    shop = new_application(broker, ["pref:buy", "events:write"])
    customer = new_customer(broker)
    granted = authorise(broker, shop, customer, ["pref:buy", "events:write"], ["buy.store"], events=True)
    asked = post(broker, "/oauth/introspect", shop, {"token": granted["access_token"]}).json()
    own = post(
        broker, "/oauth/token", shop, {"grant_type": "client_credentials", "scope": "events:write"}
    ).json()

    def send(token: str, count: int) -> httpx2.Response:
        batch = {"batch": weeks(asked["sub"], count)}
        return http.post("/v1/events", json=batch, headers={"Authorization": f"Bearer {token}"})

    assert send(granted["access_token"], 6).json() == {"accepted": 6, "duplicates": 0, "refused": []}
    assert send(own["access_token"], 12).json() == {"accepted": 6, "duplicates": 6, "refused": []}

    events = http.get("/v1/me/events", headers=customer.bearer).json()["items"]
    assert {event["organisation"] for event in events} == {shop.organisation}
    broker.conclude()
    guessed = http.get("/v1/me/defaults", headers=customer.bearer).json()["items"]
    (store,) = (item for item in guessed if item["key"] == "buy.store")
    assert store["value"] == "367"
    assert store["evidence"]["sentence"].startswith("You bought at store 367 on 12 of your 12 visits between")

    (grant,) = http.get("/v1/me/grants", headers=customer.bearer).json()["items"]
    assert http.delete(f"/v1/me/grants/{grant['grant_id']}", headers=customer.bearer).is_success
    assert send(granted["access_token"], 13).status_code == 401
    refused = send(own["access_token"], 13).json()["refused"]
    assert {item["reason"] for item in refused} == {NOT_YOURS}
    assert len(refused) == 13


def test_without_the_customers_tick_the_shop_may_not_send(broker: Broker, http: httpx2.Client) -> None:
    shop = new_application(broker, ["pref:buy", "events:write"])
    granted = authorise(
        broker, shop, new_customer(broker), ["pref:buy", "events:write"], ["buy.store"], events=False
    )
    answer = http.post(
        "/v1/events", json={"batch": []}, headers={"Authorization": f"Bearer {granted['access_token']}"}
    )
    assert answer.status_code == 403
