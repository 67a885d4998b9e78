"""Clients that sign (RFC 7523): with their own key, for us, for a while, once; and each client in its one way."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ccx_broker.oauth.assertions import ALGORITHMS, ASSERTION_TYPE, claimed_client
from tests.oauth_support import SomeApplication, new_application
from tests.support import Broker, start_broker

KEY = ECKey.generate_key("P-256", {"kid": "one"})
SECOND = RSAKey.generate_key(2048)
JWKS = {"keys": [KEY.as_dict(private=False), SECOND.as_dict(private=False)]}
SCOPES = ["preferences:read"]


@pytest.fixture(scope="module")
def shop(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES, auth_method="private_key_jwt", jwks=JWKS)


def assertion(
    broker: Broker,
    shop: SomeApplication,
    key: Any = KEY,
    header: dict[str, Any] = {"alg": "ES256", "kid": "one"},  # noqa: B006
    **changes: Any,
) -> str:
    """Sign what is to be signed; `changes` replace claims, and None leaves one out."""
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": shop.client_id,
        "sub": shop.client_id,
        "aud": broker.url,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 60,
    } | changes
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(header, said, key, algorithms=list(ALGORITHMS))


def ask(url: str, sent: str, **more: str) -> httpx2.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sent,
    }
    return httpx2.post(f"{url}/oauth/token", data=form | more, timeout=30)


def refused(answer: httpx2.Response) -> bool:
    return (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_standard_client_signs(broker: Broker, shop: SomeApplication, algorithm: str) -> None:
    client = OAuth2Client(
        shop.client_id,
        SECOND.as_pem(private=True).decode(),
        token_endpoint_auth_method=PrivateKeyJWT(f"{broker.url}/oauth/token", alg=algorithm),
        timeout=30,
    )
    token = client.fetch_token(f"{broker.url}/oauth/token", grant_type="client_credentials")
    assert token["scope"] == "preferences:read"


def test_the_issuer_or_the_endpoint_is_the_audience(broker: Broker, shop: SomeApplication) -> None:
    for aud in (broker.url, f"{broker.url}/oauth/token", [broker.url]):
        assert ask(broker.url, assertion(broker, shop, aud=aud)).status_code == 200
    introspected = httpx2.post(
        f"{broker.url}/oauth/introspect",
        data={
            "token": "ccxa_any",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(broker, shop, aud=f"{broker.url}/oauth/introspect"),
        },
    )
    assert introspected.json() == {"active": False}


def test_a_key_without_a_kid_is_found(broker: Broker, shop: SomeApplication) -> None:
    assert ask(broker.url, assertion(broker, shop, SECOND, {"alg": "RS256"})).status_code == 200


def test_an_assertion_is_good_once_in_every_process(
    broker: Broker, database_url: str, shop: SomeApplication
) -> None:
    sent = assertion(broker, shop)
    assert ask(broker.url, sent).status_code == 200
    with start_broker(database_url, CCX_ISSUER=broker.url) as other:
        assert refused(ask(other.url, sent))
        # Also one that came with a request that failed.
        sent = assertion(broker, shop)
        assert ask(broker.url, sent, scope="nonsense").json()["error"] == "invalid_scope"
        assert refused(ask(other.url, sent))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": []},
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"jti": None},
        {"jti": ""},
        {"exp": None},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(
    broker: Broker, shop: SomeApplication, changes: dict[str, Any]
) -> None:
    assert refused(ask(broker.url, assertion(broker, shop, **changes)))


def test_one_that_is_also_good_elsewhere_is_refused(broker: Broker, shop: SomeApplication) -> None:
    assert refused(ask(broker.url, assertion(broker, shop, aud=[broker.url, "https://other.example"])))


def test_only_a_registered_key_signs(broker: Broker, shop: SomeApplication) -> None:
    for key, header in (
        (ECKey.generate_key("P-256"), {"alg": "ES256"}),
        (OKPKey.generate_key("Ed25519"), {"alg": "Ed25519", "kid": "one"}),
    ):
        assert refused(ask(broker.url, assertion(broker, shop, key, header)))
    # The public key as a shared secret, an old confusion. Libraries refuse to write that, so it is by hand.
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=")
    body = assertion(broker, shop).split(".")[1].encode()
    mac = hmac.new(KEY.as_pem(private=False), head + b"." + body, hashlib.sha256).digest()
    sent = b".".join([head, body, urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    assert refused(ask(broker.url, sent))
    for sent in ("", "a.b.c", "é.é.é", assertion(broker, shop)[:-4]):
        assert ask(broker.url, sent).status_code in (400, 401)
    assert claimed_client("a.b.c") is None


def test_each_application_has_its_one_way(broker: Broker, shop: SomeApplication) -> None:
    secret = new_application(broker, SCOPES)
    assert refused(ask(broker.url, assertion(broker, secret)))
    posted = new_application(broker, SCOPES, auth_method="client_secret_post")
    form = {"grant_type": "client_credentials"}
    url = f"{broker.url}/oauth/token"
    auth = {"client_id": posted.client_id, "client_secret": posted.client_secret or ""}
    assert refused(httpx2.post(url, data=form, auth=(auth["client_id"], auth["client_secret"])))
    assert httpx2.post(url, data=form | auth).status_code == 200
    basic = new_application(broker, SCOPES, auth_method="client_secret_basic")
    auth = {"client_id": basic.client_id, "client_secret": basic.client_secret or ""}
    assert refused(httpx2.post(url, data=form | auth))
    assert refused(httpx2.post(url, data=form | {"client_id": shop.client_id}))
    twice = ask(broker.url, assertion(broker, shop), client_secret="x")
    assert twice.json()["error"] == "invalid_request"


def test_the_command_line_takes_keys_and_bindings(broker: Broker, tmp_path: Path) -> None:
    organisation = json.loads(broker.cli("organisation", "add", f"Shop {uuid4().hex}", "--json"))
    (tmp_path / "jwks.json").write_text(json.dumps(JWKS))
    made = json.loads(
        broker.cli(
            *("application", "add", "--organisation", organisation["organisation_id"], "--name", "Shop app"),
            *("--redirect-uri", "https://shop.example/cb", "--scope", "preferences:read"),
            *("--jwks", str(tmp_path / "jwks.json"), "--dpop", "--json"),
        )
    )
    assert made["client_secret"] is None
    shop = SomeApplication(organisation["organisation_id"], "", made["client_id"], None, "")
    answer = ask(broker.url, assertion(broker, shop))
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_the_metadata_names_methods_and_algorithms(broker: Broker) -> None:
    said = httpx2.get(f"{broker.url}/.well-known/oauth-authorization-server").json()
    for endpoint in ("token", "introspection", "revocation"):
        assert "private_key_jwt" in said[f"{endpoint}_endpoint_auth_methods_supported"]
        assert "ES256" in said[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
