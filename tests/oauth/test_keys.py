"""The keys that sign: made once, changed with overlap, worthless in the database alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.oauth import keys
from ccx_broker.oauth.rules.keys import (
    JWKS_KEPT,
    PUBLISHED_AFTER,
    PUBLISHED_AHEAD,
    SigningKey,
    next_key,
    published,
    signers,
)
from tests.support import Broker

SECRET = b"one secret of the settings"
NOW = datetime(2031, 1, 1, tzinfo=UTC)  # after every key that the other tests make
SECOND = timedelta(seconds=1)


def kids(session: Session, now: datetime) -> set[str]:
    return {key["kid"] for key in keys.public_keys(session, now)["keys"]}


@pytest.fixture
def first(session: Session) -> ECKey:
    session.execute(text("DELETE FROM signing_keys"))
    return keys.signing_key(session, SECRET, NOW)


def test_the_first_key_is_made_once_by_however_many_ask(sessions: sessionmaker[Session]) -> None:
    def ask(_: int) -> str:
        with sessions.begin() as session:
            found: str = keys.signing_key(session, SECRET, NOW).thumbprint()
            return found

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(16)))
    assert len(found) == 1
    with sessions.begin() as session:
        session.execute(text("DELETE FROM signing_keys WHERE kid = :kid"), {"kid": found.pop()})


def test_a_rotation_overlaps_on_both_sides(session: Session, first: ECKey) -> None:
    second = keys.rotate(session, SECRET, NOW)
    takes_over = NOW + PUBLISHED_AHEAD
    assert second.active_from == takes_over
    assert kids(session, NOW) == {first.kid, second.kid}, "published before it signs"
    assert PUBLISHED_AHEAD > JWKS_KEPT
    assert keys.signing_key(session, SECRET, takes_over - SECOND).kid == first.kid
    assert keys.signing_key(session, SECRET, takes_over).kid == second.kid
    assert kids(session, takes_over + PUBLISHED_AFTER - SECOND) == {first.kid, second.kid}
    assert kids(session, takes_over + PUBLISHED_AFTER) == {second.kid}


def test_rotating_twice_in_a_row_publishes_one_key(session: Session, first: ECKey) -> None:
    assert keys.rotate(session, SECRET, NOW) == keys.rotate(session, SECRET, NOW + SECOND)


def test_a_key_that_has_done_signing_loses_its_private_part(session: Session, first: ECKey) -> None:
    keys.rotate(session, SECRET, NOW)
    later = NOW + PUBLISHED_AHEAD
    keys.rotate(session, SECRET, later)
    sealed = session.scalar(text("SELECT sealed FROM signing_keys WHERE kid = :kid"), {"kid": first.kid})
    assert sealed is None
    signed = jwt.encode({"alg": "ES256", "kid": first.kid}, {"a": 1}, first, ["ES256"])
    assert jwt.decode(signed, keys.known_keys(session), ["ES256"]).claims == {"a": 1}


def test_a_leaked_key_is_trusted_no_more(session: Session, first: ECKey) -> None:
    made = keys.replace_leaked(session, SECRET, NOW)
    assert kids(session, NOW) == {made.kid}
    assert keys.signing_key(session, SECRET, NOW).kid == made.kid
    signed = jwt.encode({"alg": "ES256", "kid": first.kid}, {"a": 1}, first, ["ES256"])
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(signed, keys.known_keys(session), ["ES256"])


def test_the_database_alone_signs_nothing(session: Session, first: ECKey) -> None:
    stored = session.execute(text("SELECT sealed, public_jwk::text FROM signing_keys")).one()
    private = first.as_dict(private=True)["d"]
    assert isinstance(private, str)
    assert private.encode() not in bytes(stored[0])
    assert '"d"' not in stored[1]
    assert "d" not in keys.public_keys(session, NOW)["keys"][0]


def test_another_secret_makes_a_key_of_its_own(session: Session, first: ECKey) -> None:
    other = keys.signing_key(session, b"another secret", NOW + SECOND)
    assert other.kid != first.kid
    assert keys.signing_key(session, SECRET, NOW + SECOND).kid == first.kid


def test_a_sealed_key_under_another_name_does_not_open(session: Session, first: ECKey) -> None:
    session.execute(text("UPDATE signing_keys SET kid = 'swapped'"))
    assert keys.signing_key(session, SECRET, NOW + SECOND).thumbprint() != first.thumbprint()


def test_the_rules_in_one_row() -> None:
    a, b, c = (
        SigningKey(kid, {}, b"x", NOW + timedelta(hours=hours))
        for kid, hours in (("a", 0), ("b", 10), ("c", 20))
    )
    at = NOW + timedelta(hours=19, minutes=30)
    assert [key.kid for key in published([a, b, c], at)] == ["c", "b"]
    assert [key.kid for key in signers([a, b, c], at)] == ["b", "a"]
    assert next_key([a, b, c], at) == c
    assert next_key([a, b], at) is None


def jwks(http: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/oauth/jwks.json").json()["keys"]
    return found


def test_the_operator_rotates_by_one_command(broker: Broker, http: httpx2.Client) -> None:
    before = http.get("/oauth/jwks.json")
    assert before.headers["cache-control"] == "public, max-age=300"
    etag = before.headers["etag"]
    assert http.get("/oauth/jwks.json", headers={"If-None-Match": etag}).status_code == 304
    assert "signs from" in broker.cli("keys", "rotate")
    after = http.get("/oauth/jwks.json", headers={"If-None-Match": etag})
    assert after.status_code == 200
    assert len(after.json()["keys"]) == len(before.json()["keys"]) + 1
    assert {(key["kty"], key["alg"], key["use"]) for key in jwks(http)} == {("EC", "ES256", "sig")}
    KeySet.import_key_set(after.json())
    made = broker.cli("keys", "rotate", "--leaked").split()[0]
    assert [key["kid"] for key in jwks(http)] == [made]
