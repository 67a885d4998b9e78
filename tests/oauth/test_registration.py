"""Dynamic registration (RFC 7591) and its management (RFC 7592)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ccx_broker.kit.errors import NotFound
from ccx_broker.kit.ids import new_id, token_hash
from ccx_broker.organisations import registration
from ccx_broker.organisations import service as organisations
from tests.oauth_support import SomeApplication, ask_url, authorise, new_customer
from tests.support import Broker

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
CALLBACK = "https://shop.example/callback"
METADATA: dict[str, Any] = {
    "client_name": "Shop app",
    "redirect_uris": [CALLBACK],
    "scope": "pref:buy preferences:read offline_access",
    "ccx_purposes": [
        {"purpose": "dpv:ServiceProvision", "sentence": "We pick what you like.", "needs": ["buy.store"]}
    ],
    "contacts": ["help@shop.example"],
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "something_new": {"nobody": "knows"},
}


@pytest.fixture(scope="module")
def organisation_id(broker: Broker) -> str:
    made = json.loads(broker.cli("organisation", "add", f"Shop {uuid4()}", "--json"))
    found: str = made["organisation_id"]
    return found


@pytest.fixture(scope="module")
def initial(broker: Broker, organisation_id: str) -> dict[str, str]:
    made = json.loads(broker.cli("registration-token", "add", "--organisation", organisation_id, "--json"))
    assert (made["uses"], made["expires_at"]) == (None, None)
    return {"Authorization": f"Bearer {made['registration_token']}"}


def register(http: httpx2.Client, initial: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = http.post("/oauth/register", json=METADATA | changes, headers=initial)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    said: dict[str, Any] = answer.json()
    return said


def own(said: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {said['registration_access_token']}"}


def test_a_registered_application_works_at_once(
    http: httpx2.Client, broker: Broker, initial: dict[str, str], organisation_id: str
) -> None:
    metadata = http.get("/.well-known/oauth-authorization-server").json()
    assert metadata["registration_endpoint"] == f"{broker.url}/oauth/register"
    said = register(http, initial)
    assert said["registration_client_uri"] == f"{broker.url}/oauth/register/{said['client_id']}"
    assert said["client_secret_expires_at"] == 0
    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    assert said["ccx_purposes"] == METADATA["ccx_purposes"]
    assert "something_new" not in said
    assert "software_id" not in said
    application = SomeApplication(organisation_id, "Shop", said["client_id"], said["client_secret"], CALLBACK)
    token = authorise(broker, application, new_customer(broker), ["pref:buy"], ["buy.store"])
    assert token["scope"] == "pref:buy.store"


def test_a_public_application_has_no_secret(http: httpx2.Client, initial: dict[str, str]) -> None:
    said = register(http, initial, token_endpoint_auth_method="none", scope=None)
    assert said["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in said
    assert "client_credentials" not in said["grant_types"]
    assert said["scope"] == "openid"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer ccxi_guess"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
    ],
)
def test_nobody_registers_without_a_token(http: httpx2.Client, headers: dict[str, str]) -> None:
    answer = http.post("/oauth/register", json=METADATA, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://shop.example"}, "invalid_client_metadata"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://shop.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://shop.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK] * 51}, "invalid_client_metadata"),
        ({"scope": "pref:everything"}, "invalid_client_metadata"),
        ({"scope": ["pref:buy"]}, "invalid_client_metadata"),
        ({"client_name": "x" * 101}, "invalid_client_metadata"),
        ({"client_name": "\u202eevil"}, "invalid_client_metadata"),
        ({"client_name": "\0"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"ccx_purposes": ["x"]}, "invalid_client_metadata"),
        ({"ccx_purposes": [{"purpose": "dpv:X", "sentence": ""}]}, "invalid_client_metadata"),
        ({"ccx_purposes": [{"sentence": "So.", "needs": ["no.key"]}]}, "invalid_client_metadata"),
    ],
)
def test_what_the_command_line_refuses_is_refused(
    http: httpx2.Client, initial: dict[str, str], changes: dict[str, Any], error: str
) -> None:
    answer = http.post("/oauth/register", json=METADATA | changes, headers=initial)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"].isascii()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_metadata_is_refused(http: httpx2.Client, initial: dict[str, str], body: bytes) -> None:
    answer = http.post("/oauth/register", content=body, headers=initial)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_a_token_for_three_registers_three(broker: Broker, organisation_id: str) -> None:
    made = json.loads(
        broker.cli(
            "registration-token",
            "add",
            "--organisation",
            organisation_id,
            "--uses",
            "3",
            "--days",
            "7",
            "--json",
        )
    )
    assert made["uses"] == 3
    headers = {"Authorization": f"Bearer {made['registration_token']}"}
    # A mistake uses nothing up.
    bad = httpx2.post(f"{broker.url}/oauth/register", json={}, headers=headers, timeout=30)
    assert bad.status_code == 400

    def once(_: int) -> int:
        return httpx2.post(
            f"{broker.url}/oauth/register", json=METADATA, headers=headers, timeout=30
        ).status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(once, range(10))) == [201] * 3 + [401] * 7


def test_a_token_ends_and_belongs_to_an_organisation(session: Session) -> None:
    organisation, _ = organisations.add_organisation(session, f"Shop {uuid4()}", None, AT)
    end = AT + timedelta(days=1)
    token = registration.add_registration_token(
        session, organisation.organisation_id, uses=None, expires_at=end, now=AT
    )
    assert registration.spend(session, token, AT) == organisation.organisation_id
    assert registration.spend(session, token, end) is None
    stored = session.execute(
        text("SELECT * FROM registration_tokens WHERE token_hash = :hash"), {"hash": token_hash(token)}
    ).one()
    assert token not in repr(stored)
    with pytest.raises(NotFound):
        registration.add_registration_token(session, new_id(), uses=None, expires_at=None, now=AT)


def test_a_registration_is_read_changed_and_ended_by_its_own_token(
    http: httpx2.Client, broker: Broker, initial: dict[str, str], organisation_id: str
) -> None:
    said = register(http, initial)
    path = f"/oauth/register/{said['client_id']}"
    read = http.get(path, headers=own(said)).json()
    assert read == {name: value for name, value in said.items() if not name.startswith("client_secret")}

    changed = METADATA | {"client_id": said["client_id"], "client_name": "Shop 2", "scope": "pref:pay"}
    answer = http.put(path, json=changed, headers=own(said))
    assert answer.status_code == 200, answer.text
    assert (answer.json()["client_name"], answer.json()["scope"]) == ("Shop 2", "pref:pay")
    application = SomeApplication(organisation_id, "Shop", said["client_id"], said["client_secret"], CALLBACK)
    refused = http.get(ask_url(application, ["pref:buy"])[0])
    assert "invalid_scope" in refused.headers["location"]

    token = authorise(broker, application, new_customer(broker), ["pref:pay"], ["pay.method_order"])
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert http.get("/v1/preferences", headers=bearer).status_code == 200
    assert http.delete(path, headers=own(said)).status_code == 204
    assert http.get("/v1/preferences", headers=bearer).status_code == 401
    assert http.get(ask_url(application, ["pref:pay"])[0]).status_code == 400
    for answer in (http.get(path, headers=own(said)), http.delete(path, headers=own(said))):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_one_registration_is_out_of_anothers_reach(http: httpx2.Client, initial: dict[str, str]) -> None:
    first, second = register(http, initial), register(http, initial)
    body = METADATA | {"client_id": first["client_id"]}
    for headers in (own(second), initial, {}, {"Authorization": "Bearer x"}):
        for path in (
            f"/oauth/register/{first['client_id']}",
            "/oauth/register/nobody",
            "/oauth/register/%00",
        ):
            for answer in (
                http.get(path, headers=headers),
                http.put(path, json=body, headers=headers),
                http.delete(path, headers=headers),
            ):
                assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert http.get(f"/oauth/register/{first['client_id']}", headers=own(first)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"client_secret": "not-it"},
        {"token_endpoint_auth_method": "none"},
        {"redirect_uris": ["http://shop.example/cb"]},
    ],
)
def test_a_change_is_checked_as_the_registration_was(
    http: httpx2.Client, initial: dict[str, str], changes: dict[str, Any]
) -> None:
    said = register(http, initial)
    body = METADATA | {"client_id": said["client_id"], "client_secret": said["client_secret"]}
    path = f"/oauth/register/{said['client_id']}"
    assert http.put(path, json=body, headers=own(said)).status_code == 200
    assert http.put(path, json=body | changes, headers=own(said)).status_code == 400


def test_an_ended_application_keeps_its_name_in_histories(session: Session) -> None:
    from ccx_broker.oauth.registration import VOCABULARY
    from ccx_broker.organisations import store

    organisation, _ = organisations.add_organisation(session, f"Shop {uuid4()}", None, AT)
    made, _ = organisations.add_application(
        session,
        organisation_id=UUID(str(organisation.organisation_id)),
        name="Gone",
        redirect_uris=[CALLBACK],
        scopes=["pref:buy"],
        purposes=[],
        public=True,
        vocabulary=VOCABULARY,
        now=AT,
    )
    registration.end(session, made.client_id, AT)
    assert store.find_application(session, made.client_id) is None
    assert store.application_names(session, [made.client_id])[made.client_id][1] == "Gone"
