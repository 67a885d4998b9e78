"""People who sign up at the broker, and let a supermarket send what they buy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import httpx2

from ccx_broker.demo.browser import Browser, NotOnThePage
from ccx_broker.demo.stage import Shop

THREADS = 4  # as many as the broker checks passwords at once


@dataclass(frozen=True)
class Person:
    """Somebody with an account at the broker."""

    name: str
    email: str
    password: str


def sign_up(http: httpx2.Client, person: Person) -> None:
    """Open an account over the API."""
    body = {"email": person.email, "password": person.password, "name": person.name}
    http.post("/v1/accounts", json=body).raise_for_status()


def sign_in(http: httpx2.Client, person: Person) -> str:
    """Return a session token of the API."""
    body = {"email": person.email, "password": person.password}
    token: str = http.post("/v1/sessions", json=body).raise_for_status().json()["token"]
    return token


def answer_consent(
    browser: Browser, shop: Shop, person: Person, ticked: dict[str, list[str]], *, card: str, occasion: str
) -> None:
    """Go from the shop's site to the broker, sign in if asked, tick, press *Share*, come back to the shop."""
    browser.open(f"{shop.address}/connect?card={card}&occasion={occasion}")
    if any("Sign in" in form.buttons for form in browser.forms()):
        browser.press("Sign in", {"email": person.email, "password": person.password})
    browser.press("Share", ticked=ticked)


def came_back(browser: Browser, shop: Shop) -> bool:
    """Say whether the shop has taken the browser in again as a member's."""
    page = browser.page
    return page is not None and page.is_success and str(page.url) == f"{shop.address}/member"


def send_orders(shop: Shop, card: str) -> dict[str, int]:
    """Let the shop send what a member bought; returns how much it sent and how much was taken in."""
    told: dict[str, int] = shop.office.post("/send", data={"card": card}).raise_for_status().json()
    return told


def move_in(broker: str, shop: Shop, people: dict[str, Person]) -> Iterator[dict[str, int]]:
    """Sign everybody up, let each allow the shop to send what they buy, and let it send; `people` by card.

    Yields what was sent for each, as each is done.
    """
    pool = httpx2.HTTPTransport()

    def one(card: str, person: Person) -> dict[str, int]:
        with httpx2.Client(base_url=broker, transport=_Shared(pool), timeout=60) as http:
            sign_up(http, person)
        with Browser(_Shared(pool)) as browser:
            answer_consent(browser, shop, person, {"events": ["true"]}, card=card, occasion="behaviour")
            if not came_back(browser, shop):
                raise NotOnThePage(f"{person.email} did not get back to {shop.name}: {browser.address}")
        return send_orders(shop, card)

    executor = ThreadPoolExecutor(THREADS)
    try:
        for done in as_completed([executor.submit(one, card, person) for card, person in people.items()]):
            yield done.result()
    finally:
        executor.shutdown(cancel_futures=True)
        pool.close()


class _Shared(httpx2.BaseTransport):
    """A connection pool that many clients use: closing one of them leaves it open."""

    def __init__(self, pool: httpx2.HTTPTransport) -> None:
        self.pool = pool

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request by the pool."""
        return self.pool.handle_request(request)


def api(http: httpx2.Client, token: str, method: str, path: str, body: Any = None) -> httpx2.Response:
    """Ask the broker as a signed-in customer; raises if it refuses."""
    sent = {} if body is None else {"json": body}
    return http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **sent).raise_for_status()
