"""Clients that are named by the address of a document: what is fetched, from where, and what may stand in it."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ccx_broker.oauth.fetching import Fetcher, NotFetched
from ccx_broker.oauth.rules.documents import Document, is_public, kept_for, read_document, url_problem
from tests.oauth_support import Browser, SomeApplication, ask_url, authorise, new_customer, post
from tests.support import Broker, free_port, start_broker

URL = "https://agent.example/client.json"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.88.99.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "localhost", "",
    ],
)  # fmt: skip
def test_an_address_inside_is_never_connected_to(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_in_the_world_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://agent.example/c", "https://agent.example", "https://agent.example/", "https://agent.example/c?x=1",
        "https://agent.example/c#x", "https://u@agent.example/c", "https://u:p@agent.example/c",
        "https://agent.example/../c", "https://agent.example/a/%2e%2E/c", "https://agent.example:8443/c",
        "https://agent.example:99999/c", "https://127.0.0.1/c", "https://[::1]/c", "https://2130706433/c",
        "https://0x7f.1/c", "https://localhost/c", "https://agent/c", "https://AGENT.example/c",
        "https://agent.example/ c", "https://agent.example\\@10.0.0.1/c", "https://agent.example/\u00e9",
        "https://agent.example./c", "https://-a.example/c", "ftp://agent.example/c",
        "https://agent.example/" + "c" * 500, "http://127.0.0.1:8000/c",
    ],
)  # fmt: skip
def test_what_is_no_plain_public_address_is_refused(url: str) -> None:
    assert url_problem(url, loopback=False) is not None


def test_a_plain_address_is_taken_and_loopback_only_in_development() -> None:
    assert url_problem(URL, loopback=False) is None
    assert url_problem("https://agent.example:443/c", loopback=False) is None
    assert url_problem("https://agent.example:8443/c", loopback=False, any_port=True) is None
    assert url_problem("http://127.0.0.1:8000/c", loopback=True) is None
    assert url_problem("http://127.0.0.2:8000/c", loopback=True) is not None
    assert url_problem("http://127.0.0.1.evil.example/c", loopback=True) is not None


def a_document(url: str = URL, **changes: Any) -> dict[str, Any]:
    values = {"client_id": url, "client_name": "Agent", "redirect_uris": ["https://agent.example/back"]}
    return values | changes


def test_a_document_says_what_is_needed() -> None:
    found = read_document(URL, a_document(scope="pref:buy", logo_uri="https://x.example"), ("openid",))
    assert found == Document(URL, "Agent", ("https://agent.example/back",), ("pref:buy",))
    plain = {"client_id": URL, "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]:99/cb"]}
    found = read_document(URL, plain, ("openid",))
    assert isinstance(found, Document)
    assert (found.name, found.scopes) == ("agent.example", ("openid",))


@pytest.mark.parametrize(
    "given",
    [
        [],
        a_document("https://agent.example/other.json"),
        a_document(client_id=None),
        a_document(client_secret="x"),
        a_document(token_endpoint_auth_method="client_secret_basic"),
        a_document(token_endpoint_auth_method=["none"]),
        a_document(token_endpoint_auth_method="private_key_jwt", jwks=[]),
        a_document(dpop_bound_access_tokens="no"),
        a_document(redirect_uris=[]),
        a_document(redirect_uris="https://agent.example/back"),
        a_document(redirect_uris=[1]),
        a_document(redirect_uris=["https://agent.example/back", "https://evil.example/back"]),
        a_document(redirect_uris=["https://agent.example:8443/back"]),
        a_document(redirect_uris=["http://agent.example/back"]),
        a_document(redirect_uris=["com.example.app:/back"]),
        a_document(redirect_uris=["https://agent.example@evil.example/back"]),
        a_document(redirect_uris=["http://127.0.0.1.evil.example/back"]),
        a_document(client_name=1),
        a_document(scope=["pref:buy"]),
    ],
)
def test_a_document_that_speaks_for_others_or_not_clearly_is_refused(given: Any) -> None:
    assert isinstance(read_document(URL, given, ()), str)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, 300),
        ({"cache-control": "no-store"}, 300),
        ({"cache-control": "public, max-age=3600"}, 3600),
        ({"cache-control": "max-age=1"}, 300),
        ({"cache-control": "max-age=999999999"}, 86400),
        ({"cache-control": "s-maxage=7200"}, 300),
    ],
)
def test_a_document_is_kept_within_bounds(said: dict[str, str], kept: int) -> None:
    assert kept_for(said) == timedelta(seconds=kept)


@dataclass
class Site:
    """A website that answers as it is told, and remembers what it was asked."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def a_site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """`answers[path]` is `(status, headers, body)`; a body may be an iterator of pieces."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append({"path": self.path} | {k.lower(): v for k, v in self.headers.items()})
            status, headers, body = site.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in [body] if isinstance(body, bytes) else body:
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


JSON = {"Content-Type": "application/json"}


def drip() -> Iterator[bytes]:
    for _ in range(100):
        yield b" "
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((302, {"Location": "http://127.0.0.1:1/x"}, b""), "302"),
        ((404, JSON, b"{}"), "404"),
        ((200, {"Content-Type": "text/html"}, b"{}"), "not JSON"),
        ((200, {}, b"{}"), "not JSON"),
        ((200, JSON, b'"' + b"x" * 5200 + b'"'), "too large"),
        ((200, JSON | {"Content-Encoding": "gzip"}, b"{}"), "compressed"),
        ((200, JSON, b"{"), "JSONDecodeError"),
        ((200, JSON, drip()), "too long"),
    ],
)
def test_what_is_no_small_quick_json_is_not_taken(answer: Any, why: str) -> None:
    with a_site() as site:
        site.answers["/c"] = answer
        with pytest.raises(NotFetched, match=why):
            Fetcher(loopback=True).fetch(f"{site.url}/c")


def test_a_name_that_leads_inside_is_not_followed() -> None:
    for addresses in (["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:10.0.0.1"], []):
        fetcher = Fetcher(resolve=lambda host, port, found=addresses: found)
        with pytest.raises(NotFetched, match="not public"):
            fetcher.fetch(URL)


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server needs to be `name`, and a client to believe it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_the_connection_goes_to_the_checked_address_under_the_right_name(tmp_path: Path) -> None:
    """The name is asked for once: an answer that changes afterwards is never heard."""
    server, client = certificate("agent.example", tmp_path)
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with a_site(server) as site:
        site.answers["/c"] = (200, JSON | {"Cache-Control": "max-age=600"}, b'{"a": 1}')
        port = site.url.rpartition(":")[2]
        fetcher = Fetcher(
            any_port=True, resolve=resolve, may_connect=lambda address: address == "127.0.0.1", tls=client
        )
        assert fetcher.fetch(f"https://agent.example:{port}/c") == ({"a": 1}, timedelta(minutes=10))
        assert asked == ["agent.example"]
        assert site.asked[0]["host"] == f"agent.example:{port}"
        asked.clear()
        with pytest.raises(NotFetched, match="ConnectError"):  # the certificate is another's
            fetcher.fetch(f"https://other.example:{port}/c")


@pytest.fixture(scope="module")
def developing(database_url: str) -> Iterator[Broker]:
    """A broker that takes documents from this machine."""
    with start_broker(database_url, CCX_CLIENT_METADATA_LOOPBACK="true") as started:
        yield started


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as made:
        yield made


def an_agent(site: Site, **changes: Any) -> SomeApplication:
    """Put a document on the site, and return the client that it describes."""
    url, callback = f"{site.url}/client.json", f"{site.url}/back"
    document = {"client_id": url, "client_name": "Helpful agent", "redirect_uris": [callback]} | changes
    site.answers["/client.json"] = (200, JSON, json.dumps(document).encode())
    return SomeApplication("", "", url, None, callback)


def test_an_agent_that_nobody_registered_connects(developing: Broker, site: Site) -> None:
    agent, customer = an_agent(site), new_customer(developing)
    metadata = httpx2.get(f"{developing.url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert metadata["client_id_metadata_document_supported"] is True
    browser = Browser(developing)
    browser.open(ask_url(agent, ["pref:buy"])[0])
    browser.sign_in(customer)
    assert browser.page is not None
    host = site.url.removeprefix("http://")
    assert "Nobody has registered this app or agent here" in browser.page.text
    assert f"{host} (not registered)" in browser.page.text
    assert f'<b class="host">{host}</b>' in browser.page.text
    # It has said nothing, so nothing is put into its mouth.
    assert "own words" not in browser.page.text
    assert "It has not told us why" in browser.page.text
    token = authorise(developing, agent, customer, ["pref:buy", "offline_access"], ["buy.store"])
    assert token["scope"] == "pref:buy.store offline_access"
    body = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    assert post(developing, "/oauth/token", agent, body).status_code == 200
    assert len(site.asked) == 1  # kept


def test_a_document_that_is_refused_leads_nowhere(developing: Broker, site: Site) -> None:
    agent = an_agent(site, redirect_uris=["https://evil.example/back"])
    for _ in range(3):
        answer = httpx2.get(developing.url + ask_url(agent, ["pref:buy"])[0], timeout=30)
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert len(site.asked) == 1  # an error is remembered for a while, too


def test_it_asks_for_what_its_document_names(developing: Broker, site: Site) -> None:
    agent = an_agent(site, scope="pref:pay")
    answer = httpx2.get(developing.url + ask_url(agent, ["pref:buy"])[0], timeout=30)
    assert "invalid_scope" in answer.headers["location"]
    own = {"grant_type": "client_credentials", "client_id": agent.client_id}
    refused = httpx2.post(f"{developing.url}/oauth/token", data=own, timeout=30)
    assert refused.json()["error"] in ("invalid_client", "unauthorized_client")


def test_loopback_is_for_development_and_all_can_be_switched_off(
    broker: Broker, database_url: str, site: Site
) -> None:
    agent = an_agent(site)
    assert httpx2.get(broker.url + ask_url(agent, ["pref:buy"])[0], timeout=30).status_code == 400
    with start_broker(
        database_url, CCX_CLIENT_METADATA_DOCUMENTS="false", CCX_CLIENT_METADATA_LOOPBACK="true"
    ) as off:
        assert httpx2.get(off.url + ask_url(agent, ["pref:buy"])[0], timeout=30).status_code == 400
        said = httpx2.get(f"{off.url}/.well-known/oauth-authorization-server", timeout=30).json()
        assert said["client_id_metadata_document_supported"] is False
    assert site.asked == []


def test_a_site_that_does_not_answer_is_not_waited_for(developing: Broker) -> None:
    agent = SomeApplication("", "", f"http://127.0.0.1:{free_port()}/c", None, "http://127.0.0.1/cb")
    assert httpx2.get(developing.url + ask_url(agent, ["pref:buy"])[0], timeout=30).status_code == 400
