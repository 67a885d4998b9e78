"""The audit log names what happened, and nothing that is secret."""

import json
import re
from pathlib import Path
from typing import get_args

import httpx2
import pytest

from ccx_broker.kit import audit
from tests.oauth_support import (
    PASSWORD,
    Browser,
    consent,
    exchange,
    new_application,
    new_customer,
    obtain_code,
    post,
)
from tests.support import start_broker

DOCUMENT = Path(__file__).parents[2] / "docs" / "operate.md"


def test_every_event_is_described_and_no_other() -> None:
    section = DOCUMENT.read_text("utf-8").partition("\n## The audit log\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(get_args(audit.Event))


def test_only_known_fields_can_be_written() -> None:
    with pytest.raises(ValueError, match="password"):
        audit.event("signed_in", password="x")


def test_a_whole_story_is_noted_without_a_secret_in_any_log(
    database_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "audit.log"
    secrets: list[str] = [PASSWORD, "a wrong password", "wrong-secret"]
    with start_broker(database_url, CCX_AUDIT_LOG=str(file)) as broker:
        application = new_application(broker, ["pref:buy", "offline_access", "preferences:read"])
        customer = new_customer(broker)
        assert application.client_secret is not None
        secrets += [application.client_secret, customer.email, customer.token]
        wrong = {"email": customer.email, "password": "a wrong password"}
        assert httpx2.post(f"{broker.url}/v1/sessions", json=wrong, timeout=30).status_code == 401

        code, verifier = obtain_code(
            broker, application, customer, ["pref:buy", "offline_access"], ["buy.store"]
        )
        token = exchange(broker, application, code, verifier).raise_for_status().json()
        secrets += [code, verifier, token["access_token"], token["refresh_token"]]
        body = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
        renewed = post(broker, "/oauth/token", application, body).raise_for_status().json()
        secrets += [renewed["access_token"], renewed["refresh_token"]]
        guess = {"grant_type": "refresh_token", "refresh_token": "ccxr_" + "g" * 43}
        assert post(broker, "/oauth/token", application, guess).status_code == 400
        secrets.append(guess["refresh_token"])
        # Whoever mixes up the two fields finds neither in the log.
        mixed_up = (application.client_secret, application.client_id)
        assert httpx2.post(f"{broker.url}/oauth/token", data=body, auth=mixed_up).status_code == 401
        assert (
            httpx2.post(
                f"{broker.url}/oauth/introspect",
                data={"token": code},
                auth=(application.client_id, "wrong-secret"),
            ).status_code
            == 401
        )
        post(broker, "/oauth/revoke", application, {"token": renewed["refresh_token"]})

        device = post(broker, "/oauth/device_authorization", application, {"scope": "pref:buy"}).json()
        secrets += [device["device_code"], device["user_code"]]
        browser = Browser(broker)
        browser.open(device["verification_uri_complete"])
        browser.sign_in(customer)
        browser.send(browser.form_with("user_code"), [])
        consent(browser, ["buy.store"])
        httpx2.post(f"{broker.url}/oauth/register", headers={"Authorization": "Bearer ccxi_guess"}, json={})
        secrets.append("ccxi_guess")
    said = capfd.readouterr()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    everything = file.read_text() + said.out + said.err
    for secret in secrets:
        assert secret not in everything
    assert {line["event"] for line in lines} >= {
        "signed_in", "sign_in_failed", "grant_changed", "token_issued", "token_refused", "token_revoked",
        "client_auth_failed", "device_begun", "device_answered", "registration_refused",
    }  # fmt: skip
    issued = [line for line in lines if line["event"] == "token_issued"]
    assert issued[0]["client_id"] == application.client_id
    assert issued[0]["grant_id"] == token["grant_id"]
    assert len({line["request_id"] for line in issued}) == 2
    failed, worked = (next(x for x in lines if x["event"] == e) for e in ("sign_in_failed", "signed_in"))
    assert failed["account"] == worked["account"]
