"""What a token is for: from a bare 401 to the authorization server, and no token serves another audience."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest

from ccx_broker.kit.ids import token_hash
from tests.oauth_support import (
    SomeApplication,
    SomeCustomer,
    ask_url,
    authorise,
    exchange,
    new_application,
    new_customer,
    obtain_code,
    post,
)
from tests.support import Broker

SCOPES = ("pref:buy", "events:write", "offline_access")
DOORS = (
    ("GET", "/v1/preferences"),
    ("GET", "/v1/customers/ccxu_x/preferences"),
    ("POST", "/v1/customers/preferences:batch"),
    ("POST", "/v1/events"),
)


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, [*SCOPES, "preferences:read"])


@pytest.fixture(scope="module")
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


def challenge_of(answer: httpx2.Response) -> dict[str, str]:
    scheme, _, rest = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return {name: value.strip('"') for name, _, value in (part.partition("=") for part in rest.split(", "))}


@pytest.mark.parametrize("token", [None, "ccxa_unknown"])
@pytest.mark.parametrize(("method", "path"), DOORS)
def test_a_bare_401_leads_to_the_authorization_server(
    broker: Broker, http: httpx2.Client, method: str, path: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    json = {"subjects": ["x"]} if path.endswith("batch") else None
    refused = http.request(method, path, headers=headers, json=json)
    assert refused.status_code == 401
    said = challenge_of(refused)
    # RFC 6750 §3.1: a request that brings no token is not told of an error.
    assert said.get("error") == (None if token is None else "invalid_token")
    resource = httpx2.get(said["resource_metadata"]).json()
    assert resource["resource"] == broker.url
    (issuer,) = resource["authorization_servers"]
    server = httpx2.get(f"{issuer}/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == issuer
    assert server["protected_resources"] == [resource["resource"]]
    assert set(resource["scopes_supported"]) == set(server["scopes_supported"])


def test_the_documents_may_be_kept_and_asked_for_by_their_tag(http: httpx2.Client) -> None:
    for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"):
        first = http.get(path)
        assert first.headers["cache-control"] == "public, max-age=3600"
        again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_token_is_for_the_api_whether_or_not_the_client_says_so(
    broker: Broker, application: SomeApplication, customer: SomeCustomer
) -> None:
    for resource in ("", broker.url, f"{broker.url}/"):
        code, verifier = obtain_code(broker, application, customer, SCOPES, ["buy.store"])
        token = exchange(broker, application, code, verifier, {"resource": resource}).json()
        learned = post(broker, "/oauth/introspect", application, {"token": token["access_token"]}).json()
        assert learned["aud"] == broker.url
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert httpx2.get(f"{broker.url}/v1/preferences", headers=headers).status_code == 200


@pytest.mark.parametrize("resource", ["https://other.example", "api", "{url}/v1", "{url}#x", "{url}.example"])
def test_another_resource_is_refused_at_both_endpoints(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, resource: str
) -> None:
    resource = resource.format(url=broker.url)
    path, _ = ask_url(application, SCOPES, state="s", resource=resource)
    location = httpx2.get(broker.url + path).headers["location"]
    said = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert location.startswith(application.redirect_uri)
    assert (said["error"], said["state"], said["iss"]) == ("invalid_target", "s", broker.url)

    code, verifier = obtain_code(broker, application, customer, SCOPES, ["buy.store"])
    for refused in (
        exchange(broker, application, code, verifier, {"resource": resource}),
        post(broker, "/oauth/token", application, {"grant_type": "client_credentials", "resource": resource}),
    ):
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert exchange(broker, application, code, verifier).status_code == 200, "the code was not used up"


def test_a_token_for_another_is_worthless_here(
    broker: Broker,
    application: SomeApplication,
    customer: SomeCustomer,
    http: httpx2.Client,
    database_url: str,
) -> None:
    tokens: list[dict[str, Any]] = [
        authorise(broker, application, customer, SCOPES, ["buy.store"], events=True),
        post(broker, "/oauth/token", application, {"grant_type": "client_credentials"}).json(),
    ]
    with psycopg.connect(database_url) as connection:
        for token in tokens:
            connection.execute(
                "UPDATE access_tokens SET audience = 'other' WHERE token_hash = %s",
                (token_hash(token["access_token"]),),
            )
    for token in tokens:
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        for method, path in DOORS:
            json = {"subjects": ["x"]} if path.endswith("batch") else {"batch": []}
            answer = http.request(method, path, headers=bearer, json=None if method == "GET" else json)
            assert (answer.status_code, challenge_of(answer)["error"]) == (401, "invalid_token"), path
    learned = post(broker, "/oauth/introspect", application, {"token": tokens[0]["access_token"]}).json()
    assert (learned["active"], learned["aud"]) == (True, "other")
