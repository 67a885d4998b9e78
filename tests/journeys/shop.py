"""A shop with a web site to which the browser comes back, and a standard OAuth client (Authlib's) behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx2
from authlib.common.security import generate_token

from tests.oauth_support import AUTHORIZE, TOKEN, new_application
from tests.support import Broker

PAGE = b"<!doctype html><html lang=en><title>Shop</title><main><h1>Thank you</h1></main>"


class Site(BaseHTTPRequestHandler):
    """The page that shops show to those who come back."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def site() -> Iterator[str]:
    """Serve shops' page and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/back"
        server.shutdown()


class Shop:
    """An organisation that asks a customer for something and then looks at it, or tells what they bought."""

    def __init__(self, broker: Broker, name: str, back: str, scopes: tuple[str, ...]) -> None:
        self.name = f"{name} {uuid4().hex[:6]}"
        why = ["dpv:ServiceProvision=We serve you the way you like it."]
        self.application = new_application(
            broker, scopes, name=self.name, redirect_uri=back, purposes=why, needs=["buy.store"]
        )
        self.client = self.application.client(broker, scopes)
        self.verifier = generate_token(48)
        self.state = ""
        self.broker = broker

    def asks(self) -> str:
        """Return the path to which it sends the customer's browser."""
        url, self.state = self.client.create_authorization_url(AUTHORIZE, code_verifier=self.verifier)
        return str(url)

    def takes(self, address: str) -> None:
        """Make a token of the address with which the browser came back."""
        self.client.fetch_token(
            TOKEN, authorization_response=address, state=self.state, code_verifier=self.verifier
        )

    def looks(self) -> httpx2.Response:
        """Look at what the customer shares."""
        answer: httpx2.Response = self.client.get("/v1/preferences")
        return answer

    def sees(self) -> dict[str, Any]:
        """Return the values that it may see just now."""
        shared = self.looks().raise_for_status().json()["preferences"]
        return {each["key"]: (each["value"], each["source"]) for each in shared}

    def tells(self, visits: int) -> None:
        """Send the orders of weekly visits to one store."""
        last, subject = datetime.now(UTC) - timedelta(days=1), self.looks().json()["subject"]
        line = {"product_id": "1", "category": "COFFEE", "brand": "Private", "quantity": 1, "price": 5}
        orders = [
            {
                "type": "track",
                "event": "Order Completed",
                "userId": subject,
                "messageId": f"{self.name}-{week}",
                "timestamp": f"{last - timedelta(weeks=week):%Y-%m-%dT%H:%M:%SZ}",
                "properties": {"store_id": "Old Mill", "currency": "EUR", "total": 5, "products": [line]},
            }
            for week in range(visits)
        ]
        told = self.client.post("/v1/events", json={"batch": orders}).raise_for_status().json()
        assert told["refused"] == []
        self.broker.conclude()
