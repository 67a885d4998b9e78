"""What every step of the story has at hand: Ada, her browser, the two shops, and whoever tells it."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from ccx_broker.demo.browser import Browser
from ccx_broker.demo.customers import Person, api
from ccx_broker.demo.stage import Shop
from ccx_broker.demo.teller import Teller
from ccx_broker.demo.words import counted, in_words, source_in_words
from ccx_broker.kit.unusable import Unusable

PATIENCE = 600
"""How often the guesses are asked for, ten times a second."""


@dataclass
class Scene:
    """Who is there. `http` asks the broker's API, with `token` as Ada."""

    tell: Teller
    alma: Shop
    tern: Shop
    ada: Person
    http: httpx2.Client
    browser: Browser
    token: str = ""
    questions: dict[str, str] = field(default_factory=dict)
    """What each key asks, in plain words."""

    def __post_init__(self) -> None:
        """Read the questions."""
        catalogue = self.http.get("/v1/catalogue").raise_for_status().json()
        self.questions = {item["key"]: item["question"] for item in catalogue["items"]}

    def mine(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """Ask the broker as Ada; raises if it refuses."""
        return api(self.http, self.token, method, path, body)

    def profile(self) -> dict[str, Any]:
        """Return all of her profile by key."""
        return {p["key"]: p for p in self.mine("GET", "/v1/me/preferences").json()["items"]}

    def guesses(self) -> dict[str, Any]:
        """Return what is guessed of her by key, as soon as the broker has thought about all that it was sent."""
        for _ in range(PATIENCE):
            told = self.mine("GET", "/v1/me/defaults").json()
            if not told["pending"]:
                return {guess["key"]: guess for guess in told["items"]}
            time.sleep(0.1)
        raise Unusable("The broker does not come to its conclusions.")

    def reads(self, shop: Shop, card: str, way: str = "token") -> tuple[int, dict[str, Any]]:
        """Let a shop ask the broker about her; returns the status and the body."""
        path = "GET /v1/preferences" if way == "token" else "GET /v1/customers/{her name there}/preferences"
        self.tell.asks(shop.name, "broker", path)
        told = shop.office.get(f"/read/{card}", params={"way": way}).raise_for_status().json()
        return told["status"], told["body"]

    def show(self, shop: Shop, status: int, body: dict[str, Any]) -> None:
        """Show what a shop was answered."""
        self.tell.answers("broker", f"{status}, {counted(len(body.get('preferences', [])), 'preference')}")
        if status != 200:
            self.tell.check(f"{shop.name} gets an answer.", False, body)
        self.tell.table(
            ["Key", "Value", "From"],
            [[p["key"], in_words(p["value"]), source_in_words(p)] for p in body["preferences"]],
        )
