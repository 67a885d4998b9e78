"""A JavaScript client walks the whole way: PAR, RAR, PKCE, DPoP with nonces, refresh, revocation (oauth4webapi)."""

import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.oauth_support import Browser, consent, new_application, new_customer
from tests.support import Broker, need_node, need_npm

FOLDER = Path(__file__).parents[1] / "js"
KEYS = ["buy.store", "diet.allergens"]


def test_the_lock_pins_by_hash_and_names_no_host() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    for name, package in installed.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_a_javascript_client_walks_the_whole_way(broker: Broker, http: httpx2.Client) -> None:
    node = need_node()
    need_npm("oauth4webapi")
    app = new_application(broker, ["pref:buy", "pref:diet.allergens"], public=True, dpop_bound=None)
    customer = new_customer(broker)
    http.put(
        "/v1/me/preferences/buy.store", json={"value": "367"}, headers=customer.bearer
    ).raise_for_status()
    given = {
        "issuer": broker.url,
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "keys": KEYS,
    }
    client = subprocess.Popen(
        [node, str(FOLDER / "client.js"), json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with client:
        assert client.stdin
        assert client.stdout
        address = client.stdout.readline().strip()
        assert urlsplit(address).path == "/oauth/authorize", client.communicate()[1]
        browser = Browser(broker)
        browser.open(address)
        browser.sign_in(customer)
        back = consent(browser, ["buy.store"])
        printed, errors = client.communicate(f"{back}\n", timeout=60)
    assert client.returncode == 0, errors
    said = json.loads(printed)
    assert said["tokens"]["token_type"] == "dpop"  # the library writes it small
    (detail,) = said["tokens"]["authorization_details"]
    assert detail["keys"] == ["buy.store"]
    for answer in (said["first"], said["second"]):
        assert [held["key"] for held in answer["preferences"]] == ["buy.store"]
    assert said["refreshed"]["refresh_token"] != said["tokens"]["refresh_token"]
    assert said["afterwards"] == 401
    # One round trip more for the first proof, and none after: each answer brings the newest nonce.
    assert said["nonces"] == ["par"]
