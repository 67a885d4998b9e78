"""Ada at her browser: what a test needs that looks at pages as she would see them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright

from tests.oauth_support import SomeApplication, SomeCustomer, new_application, new_customer
from tests.support import Broker, need_chromium

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
OPTIONS += ["--disable-sync", "--no-first-run"]
SCOPES = ("pref:buy", "pref:deliver", "pref:diet.allergens", "events:write", "offline_access")
STATED = {
    "buy.store": "Old Mill",
    "diet.allergens": ["nuts"],
    "deliver.window": [{"days": ["mon", "tue"], "from": "18:00", "to": "20:30"}],
    "pay.method_order": ["card", "cash"],
}


@dataclass
class Stage:
    """A page of Chromium, and what there is to be seen: a customer with an application that may look."""

    broker: Broker
    page: Page
    customer: SomeCustomer
    application: SomeApplication

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.broker.url + path)

    def sign_in(self) -> None:
        """Be the customer, whatever was before."""
        self.visit()
        secure = {"name": "ccx_session", "value": self.customer.token, "url": self.broker.url}
        self.page.context.add_cookies([secure])  # type: ignore[list-item]

    def visit(self) -> None:
        """Be nobody."""
        self.page.context.clear_cookies()

    def api(self, method: str, path: str, **more: object) -> httpx2.Response:
        """Do something as the customer, over the API."""
        answer = httpx2.request(
            method,
            self.broker.url + path,
            headers=self.customer.bearer,
            timeout=30,
            **more,  # type: ignore[arg-type]
        )
        return answer.raise_for_status()


def somebody(broker: Broker) -> SomeCustomer:
    """Make a customer who has said a few things."""
    customer = new_customer(broker)
    for key, value in STATED.items():
        httpx2.put(
            f"{broker.url}/v1/me/preferences/{key}",
            json={"value": value},
            headers=customer.bearer,
            timeout=30,
        ).raise_for_status()
    return customer


def some_application(broker: Broker) -> SomeApplication:
    """Register a shop that asks for something of everything."""
    return new_application(
        broker,
        SCOPES,
        purposes=["dpv:ServiceProvision=We pick your shopping the way you like it."],
        needs=["buy.store", "diet.allergens"],
        post_logout_redirect_uris=["https://shop.example/bye"],
    )


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(), args=OPTIONS)
        yield browser
        browser.close()


def path_of(page: Page) -> str:
    """Return the path that a page has arrived at."""
    return urlsplit(page.url).path
