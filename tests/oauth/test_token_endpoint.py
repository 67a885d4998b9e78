"""The endpoints for programs, given what a standard client would never send."""

from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oauth_support import SomeApplication, new_application
from tests.support import Broker

ENDPOINTS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, ["pref:buy", "preferences:read"])


@pytest.fixture
def auth(application: SomeApplication) -> tuple[str, str]:
    assert application.client_secret is not None
    return application.client_id, application.client_secret


def error_of(answer: httpx2.Response) -> tuple[int, Any]:
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json().get("error")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_only_a_post_will_do(http: httpx2.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_request_that_can_not_be_read_is_refused(
    http: httpx2.Client, auth: tuple[str, str], path: str
) -> None:
    assert error_of(http.post(path, json={"grant_type": "x"}, auth=auth)) == (400, "invalid_request")
    for body in (b"token=a&token=b", b"token=%00", b"token=%ff", b"\xff", b"&".join([b"a=b"] * 101)):
        answer = http.post(path, content=body, headers=FORM, auth=auth)
        assert error_of(answer) == (400, "invalid_request"), body
    answer = http.post(path, content=b"token=" + b"a" * 65536, headers=FORM, auth=auth)
    assert error_of(answer) == (413, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_client_that_does_not_prove_itself_is_refused(
    http: httpx2.Client, auth: tuple[str, str], path: str
) -> None:
    body = {"grant_type": "client_credentials", "token": "x"}
    wrong = [
        http.post(path, data=body),
        http.post(path, data=body, auth=(auth[0], "wrong")),
        http.post(path, data=body, auth=("nobody", auth[1])),
        http.post(path, data=body, headers={"Authorization": "Basic /////w=="}),
        http.post(path, data=body, headers={"Authorization": "Basic !"}),
        http.post(path, data=body | {"client_id": auth[0]}),
        http.post(path, data=body | {"client_id": auth[0], "client_secret": "wrong"}),
        http.post(path, data=body | {"client_id": "nobody", "client_secret": "wrong"}),
    ]
    for answer in wrong:
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")
    # Nothing tells an unknown client from a wrong secret.
    assert len({answer.text for answer in wrong}) == 1


def test_one_way_of_authentication_at_a_time(http: httpx2.Client, auth: tuple[str, str]) -> None:
    body = {"grant_type": "client_credentials"}
    twice = http.post("/oauth/token", data=body | {"client_secret": auth[1]}, auth=auth)
    assert error_of(twice) == (400, "invalid_request")
    other = http.post("/oauth/token", data=body | {"client_id": "other"}, auth=auth)
    assert error_of(other) == (400, "invalid_request")


def test_the_secret_may_come_in_the_form(http: httpx2.Client, auth: tuple[str, str]) -> None:
    body = {"grant_type": "client_credentials", "client_id": auth[0], "client_secret": auth[1]}
    answer = http.post("/oauth/token", data=body)
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"x": "y"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "ccxr_x"}, "invalid_grant"),
    ],
)
def test_each_mistake_has_its_name(
    http: httpx2.Client, auth: tuple[str, str], body: dict[str, str], error: str
) -> None:
    assert error_of(http.post("/oauth/token", data=body, auth=auth)) == (400, error)


def test_the_token_is_missing(http: httpx2.Client, auth: tuple[str, str]) -> None:
    for path in ("/oauth/introspect", "/oauth/revoke"):
        assert error_of(http.post(path, data={"x": "y"}, auth=auth)) == (400, "invalid_request")


names = [
    "grant_type",
    "code",
    "refresh_token",
    "redirect_uri",
    "code_verifier",
    "scope",
    "client_id",
    "token",
]
values = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "a" * 43, "pref:buy"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(ENDPOINTS), body=st.dictionaries(st.sampled_from(names), values))
def test_whatever_is_sent_is_answered_as_the_rfc_says(
    http: httpx2.Client, auth: tuple[str, str], path: str, body: dict[str, str]
) -> None:
    answer = http.post(path, data=body, auth=auth)
    assert answer.status_code in (200, 400, 401)
    if answer.status_code != 200:
        assert set(answer.json()) <= {"error", "error_description"}


def test_the_metadata_names_every_endpoint(http: httpx2.Client, broker: Broker) -> None:
    metadata = http.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == broker.url
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert {"pref:buy", "pref:diet.allergens", "offline_access"} <= set(metadata["scopes_supported"])
    for name in ("token", "introspection", "revocation"):
        assert http.post(metadata[f"{name}_endpoint"], data={"a": "b"}).status_code in (400, 401)
    assert http.get(metadata["authorization_endpoint"]).status_code == 400
