"""What people and programs are told when something fails on our side."""

from datetime import timedelta

import httpx2
import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit.errors import NotSignedIn, install_error_handlers
from ccx_broker.kit.runtime import Keys, Lifetimes, Runtime
from ccx_broker.web import static
from ccx_broker.web.errors import install_page_errors


@pytest.fixture
def client() -> TestClient:
    """A small application whose pages fail."""
    app = FastAPI()
    lifetime = timedelta(days=1)
    app.state.runtime = Runtime(
        issuer="http://testserver",
        sessions=sessionmaker[Session](),
        pool=AsyncConnectionPool("", open=False),
        keys=Keys(b"s" * 32, b"p" * 32),
        lifetimes=Lifetimes(lifetime, lifetime, lifetime, lifetime),
    )
    install_error_handlers(app)
    install_page_errors(app)
    app.include_router(static.router)

    @app.api_route("/fails", methods=["GET", "POST"])
    @app.get("/v1/fails")
    def fails() -> None:
        raise RuntimeError("the secret reason")

    @app.api_route("/private", methods=["GET", "POST"])
    def private() -> None:
        raise NotSignedIn("Sign in to see this page.")

    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def test_a_failure_of_ours_is_told_kindly_and_without_its_reason(client: TestClient) -> None:
    page = client.get("/fails", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    assert page.headers["content-security-policy"]
    problem = client.get("/v1/fails", headers={"Accept": "text/html"})
    assert problem.status_code == 500
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"] == "urn:ccx:problem:broken"
    assert "secret" not in page.text + problem.text


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(client: TestClient) -> None:
    page = client.get("/private?a=1&b=/x", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/signin?next=/private%3Fa%3D1%26b%3D/x")
    sent = client.post("/private", headers={"Accept": "text/html"})
    assert sent.status_code == 401
    assert 'href="/signin"' in sent.text
    assert client.get("/private").status_code == 401


def test_a_form_that_failed_leads_back_to_its_own_page_only(client: TestClient) -> None:
    for referer, link in (
        ("http://testserver/page?x=1", 'href="/page?x=1"'),
        ("https://evil.example/page", 'href="/"'),
        ("http://testserver//evil.example", 'href="/"'),
    ):
        headers = {"Accept": "text/html", "Referer": referer}
        page = client.post("/fails", headers=headers)
        assert page.status_code == 500
        assert link in page.text
        assert "evil" not in page.text


def test_the_api_describes_its_failures_as_they_are(http: httpx2.Client) -> None:
    document = http.get("/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    shape = document["components"]["schemas"]["Problem"]
    failed = http.post("/v1/accounts", json={"email": 1})
    jsonschema.validate(failed.json(), shape)
    default = document["paths"]["/v1/accounts"]["post"]["responses"]["default"]["content"]
    assert list(default) == [failed.headers["content-type"]]


def test_no_page_loads_a_script_from_elsewhere(http: httpx2.Client) -> None:
    """FastAPI's documentation pages would, and such a script could act for whoever is signed in."""
    for path in ("/docs", "/redoc"):
        assert http.get(path).status_code == 404
