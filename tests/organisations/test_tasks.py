"""`ccx-broker organisation …` and `application …` as an operator types them."""

import json
import subprocess
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from ccx_broker.kit.ids import token_hash
from ccx_broker.organisations import store
from tests.support import Broker


def organisation(broker: Broker) -> str:
    made = json.loads(broker.cli("organisation", "add", f"Shop {uuid4()}", "--json"))
    found: str = made["organisation_id"]
    return found


def application(
    broker: Broker, organisation_id: str, *more: str, uri: str = "https://shop.example/cb"
) -> str:
    return broker.cli(
        "application",
        "add",
        "--organisation",
        organisation_id,
        "--name",
        "Shop app",
        "--redirect-uri",
        uri,
        *more,
    )


def test_adding_an_organisation_twice_shows_the_same_one(broker: Broker) -> None:
    name = f"Corner Shop {uuid4()}"
    first = json.loads(broker.cli("organisation", "add", name, "--complaints", "help@shop.example", "--json"))
    again = json.loads(broker.cli("organisation", "add", name.upper(), "--json"))
    assert first == again
    assert first["name"] == name
    assert "is there already" in broker.cli("organisation", "add", name)
    listed = json.loads(broker.cli("organisation", "list", "--json"))
    assert [each["complaints"] for each in listed if each["name"] == name] == ["help@shop.example"]
    assert name in broker.cli("organisation", "list")


def test_an_application_is_found_with_everything_it_declared(broker: Broker, session: Session) -> None:
    made = json.loads(
        application(
            broker,
            organisation(broker),
            *("--redirect-uri", "http://127.0.0.1/cb", "--scope", "pref:buy pref:diet.pattern events:write"),
            *(
                "--purpose",
                "dpv:ServiceProvision=We pick your shopping.",
                "--needs",
                "buy.store buy.day_time",
            ),
            "--json",
        )
    )
    found = store.find_application(session, made["client_id"])
    assert found is not None
    assert found.secret_hash == token_hash(made["client_secret"])
    assert not found.is_public
    assert found.redirect_uris == ("https://shop.example/cb", "http://127.0.0.1/cb")
    assert found.scopes == ("pref:buy", "pref:diet.pattern", "events:write")
    assert found.purposes[0].sentence == "We pick your shopping."
    assert found.purposes[0].needs == ("buy.store", "buy.day_time")
    assert store.application_names(session, [found.client_id, "none"]) == {
        found.client_id: (found.organisation_name, "Shop app")
    }


def test_a_public_application_has_no_secret_and_a_plain_purpose(broker: Broker, session: Session) -> None:
    made = json.loads(application(broker, organisation(broker), "--scope", "openid", "--public", "--json"))
    assert made["client_secret"] is None
    found = store.find_application(session, made["client_id"])
    assert found is not None
    assert found.is_public
    assert [purpose.sentence for purpose in found.purposes] == ["To treat you the way you asked."]


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("--redirect-uri", ("--scope", "openid", "--redirect-uri", "http://shop.example/cb")),
        ("--scope", ("--scope", "pref:nothing")),
        ("--scope", ("--scope", "everything")),
        ("--needs", ("--scope", "openid", "--needs", "buy.nothing")),
        ("--purpose", ("--scope", "openid", "--purpose", "because")),
        ("--name", ("--scope", "openid", "--name", " ")),
    ],
)
def test_a_wrong_option_is_named(broker: Broker, option: str, more: tuple[str, ...]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        application(broker, organisation(broker), *more)
    assert failed.value.returncode == 2
    assert option in failed.value.stderr


def test_an_unknown_organisation_is_named(broker: Broker) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        application(broker, str(uuid4()), "--scope", "openid")
    assert "--organisation" in failed.value.stderr
