"""`ccx-broker tidy` beside a running server."""

import httpx2
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from tests.oauth_support import authorise, new_application, new_customer, post
from tests.support import Broker


def test_tidying_up_beside_the_server_takes_only_what_is_over(
    broker: Broker, sessions: sessionmaker[Session], http: httpx2.Client
) -> None:
    application, customer = new_application(broker, ["pref:buy"]), new_customer(broker)
    scopes = ["pref:buy", "offline_access"]
    old = authorise(broker, application, customer, scopes, ["buy.store"], duration="now")
    with sessions.begin() as session:
        session.execute(
            text("UPDATE grants SET expires_at = now() - interval '1 second' WHERE grant_id = :grant"),
            {"grant": old["grant_id"]},
        )
        session.execute(
            text("UPDATE access_tokens SET expires_at = now() - interval '2 days' WHERE grant_id = :grant"),
            {"grant": old["grant_id"]},
        )
    new = authorise(broker, application, new_customer(broker), scopes, ["buy.store"])
    assert "tidied up" in broker.cli("tidy")
    with sessions() as session:
        count = text("SELECT count(*) FROM access_tokens WHERE grant_id = :grant")
        assert session.scalar(count, {"grant": old["grant_id"]}) == 0
    history = http.get(f"/v1/me/grants/{old['grant_id']}/history", headers=customer.bearer).json()
    assert [event["action"] for event in history["items"]] == ["granted", "expired"]
    learned = post(broker, "/oauth/introspect", application, {"token": new["access_token"]})
    assert learned.json()["active"] is True
