"""What a supermarket makes of those who come back: an answer has to be the broker's, for this browser."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from ccx_broker.demo.shop_client import Credentials, NotShared, NotTheAnswer, ShopClient
from tests.oauth_support import Browser, SomeApplication, consent, new_application, new_customer
from tests.support import Broker

SCOPE = "pref:buy.store events:write"


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, ["pref:buy.store", "events:write", "preferences:read"])


@pytest.fixture
def shop(broker: Broker, application: SomeApplication) -> ShopClient:
    assert application.client_secret
    return ShopClient(
        Credentials(broker.url, application.client_id, application.client_secret, application.redirect_uri)
    )


@pytest.fixture
def come_back(broker: Broker) -> Callable[..., str]:
    """Send a new customer through the consent page; returns where they come back to."""

    def walk(address: str, action: str = "share") -> str:
        browser = Browser(broker)
        browser.open(address)
        browser.sign_in(new_customer(broker))
        return consent(browser, ["buy.store"], events=True, action=action)

    return walk


def test_a_member_is_read_until_they_withdraw(shop: ShopClient, come_back: Callable[..., str]) -> None:
    address, state = shop.ask("card", SCOPE)
    assert shop.redeem(come_back(address), state) == "card"
    assert shop.read("card")[0] == 200
    assert shop.read_by_subject("card")[0] == 200
    assert shop.send("card", []) == {"sent": 0, "accepted": 0, "refused": 0}


def test_who_refuses_is_no_member(shop: ShopClient, come_back: Callable[..., str]) -> None:
    address, state = shop.ask("card", SCOPE)
    with pytest.raises(NotShared):
        shop.redeem(come_back(address, "deny"), state)
    assert shop.members == {}


def test_an_answer_for_another_browser_is_refused(shop: ShopClient, come_back: Callable[..., str]) -> None:
    address, _ = shop.ask("card", SCOPE)
    with pytest.raises(NotTheAnswer, match="This browser"):
        shop.redeem(come_back(address), "another")
    assert shop.members == {}


def test_an_answer_is_good_once(shop: ShopClient, come_back: Callable[..., str]) -> None:
    address, state = shop.ask("card", SCOPE)
    back = come_back(address)
    shop.redeem(back, state)
    with pytest.raises(NotTheAnswer):
        shop.redeem(back, state)


@pytest.mark.parametrize("issuer", ["https://elsewhere.example", None])
def test_an_answer_of_another_server_is_refused(
    shop: ShopClient, come_back: Callable[..., str], issuer: str | None
) -> None:
    """RFC 9207 §2.4: also where it says nothing, since the metadata promises that it does."""
    address, state = shop.ask("card", SCOPE)
    came = urlsplit(come_back(address))
    query = {name: values[0] for name, values in parse_qs(came.query).items()} | {"iss": issuer or ""}
    forged = came._replace(query=urlencode({n: v for n, v in query.items() if v})).geturl()
    with pytest.raises(NotTheAnswer, match="somebody else"):
        shop.redeem(forged, state)


def test_metadata_of_another_server_is_refused(broker: Broker) -> None:
    elsewhere = broker.url.replace("127.0.0.1", "localhost")
    assert httpx2.get(f"{elsewhere}/healthz").is_success
    with pytest.raises(NotTheAnswer):
        ShopClient(Credentials(elsewhere, "id", "secret", "https://shop.example/callback"))
