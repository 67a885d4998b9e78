from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.consent.rules import Grant
from ccx_broker.oauth.rules import (
    AccessToken,
    Authorisation,
    customer_scopes,
    effective,
    narrowed,
    organisation_scopes,
    redirect_uri_matches,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Item:
    key: str
    step: str
    special: bool = False


ITEMS = [
    Item("buy.store", "buy"),
    Item("buy.coupons", "buy"),
    Item("diet.pattern", "diet", special=True),
    Item("diet.allergens", "diet", special=True),
]
KEYS = [item.key for item in ITEMS]
TOKEN = AccessToken(
    client_id="client",
    organisation_id=NOBODY,
    customer_id=NOBODY,
    grant_id=NOBODY,
    scopes=frozenset({"events:write", "offline_access"}),
    keys=("buy.store", "diet.allergens"),
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
)
GRANT = Grant(
    customer_id=NOBODY,
    grant_id=NOBODY,
    organisation_id=NOBODY,
    client_id="client",
    subject="subject",
    version=1,
    keys=("buy.store", "buy.coupons"),
    purposes=(),
    include_defaults=False,
    allow_events=False,
    granted_at=NOW,
    expires_at=NOW + timedelta(days=1),
    ended_at=None,
    ended_reason=None,
)
WHOLE = Authorisation("client", NOBODY, NOBODY, NOBODY, ("offline_access",), ("buy.store", "diet.allergens"))


@pytest.mark.parametrize(
    ("asked", "registered", "allowed"),
    [
        (["pref:buy"], ["pref:buy"], ("pref:buy",)),
        (["pref:buy.store"], ["pref:buy"], ("pref:buy.store",)),
        (["pref:buy", "pref:buy"], ["pref:buy"], ("pref:buy",)),
        (["pref:diet.allergens"], ["pref:diet.allergens"], ("pref:diet.allergens",)),
        (["pref:diet.allergens"], ["pref:diet"], None),
        (["pref:buy"], ["pref:buy.store"], None),
        (["pref:buy", "events:write"], ["pref:buy"], None),
        (["pref:buy", "offline_access"], ["pref:buy"], ("pref:buy", "offline_access")),
        (["pref:buy", "preferences:read"], ["pref:buy", "preferences:read"], ("pref:buy",)),
        (["pref:buy", "preferences:read"], ["pref:buy"], None),
    ],
)
def test_what_can_be_put_to_a_customer(
    asked: list[str], registered: list[str], allowed: tuple[str, ...] | None
) -> None:
    assert customer_scopes(asked, registered, ITEMS) == allowed


@pytest.mark.parametrize(
    ("asked", "registered", "allowed"),
    [
        ([], ["pref:buy", "preferences:read", "events:write"], ("events:write", "preferences:read")),
        (["preferences:read"], ["preferences:read"], ("preferences:read",)),
        (["preferences:read"], ["pref:buy"], None),
        (["pref:buy"], ["pref:buy", "preferences:read"], None),
        ([], ["pref:buy"], None),
    ],
)
def test_what_an_organisation_can_have_for_its_own_work(
    asked: list[str], registered: list[str], allowed: tuple[str, ...] | None
) -> None:
    assert organisation_scopes(asked, registered) == allowed


@given(st.frozensets(st.sampled_from(KEYS)), st.frozensets(st.sampled_from(KEYS)), st.booleans())
def test_a_token_is_good_for_no_more_than_its_grant(
    token_keys: frozenset[str], grant_keys: frozenset[str], events: bool
) -> None:
    token = replace(TOKEN, keys=tuple(token_keys))
    now = effective(token, replace(GRANT, keys=tuple(grant_keys), allow_events=events))
    assert set(now.keys) == token_keys & grant_keys
    assert ("events:write" in now.scopes) == events


@given(st.lists(st.sampled_from(["pref:buy", "pref:diet", "offline_access", *(f"pref:{k}" for k in KEYS)])))
def test_a_refresh_never_gives_more_than_was_granted(asked: list[str]) -> None:
    part = narrowed(WHOLE, asked, ITEMS)
    if part is not None:
        assert set(part.keys) <= set(WHOLE.keys)
        assert set(part.scopes) <= set(WHOLE.scopes)
    if part is None:
        assert asked


@pytest.mark.parametrize(
    ("asked", "known", "public", "matches"),
    [
        ("https://a.example/cb", "https://a.example/cb", False, True),
        ("https://a.example/cb/", "https://a.example/cb", False, False),
        ("https://a.example:8443/cb", "https://a.example/cb", True, False),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1/cb", True, True),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:1234/cb", True, True),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1/cb", False, False),
        ("http://[::1]:5000/cb?x=1", "http://[::1]/cb?x=1", True, True),
        ("http://127.0.0.1:99999/cb", "http://127.0.0.1/cb", True, False),
        ("http://127.0.0.1:5000/cb#x", "http://127.0.0.1/cb", True, False),
        ("http://127.0.0.1:5000@evil.example/cb", "http://127.0.0.1/cb", True, False),
        ("HTTP://127.0.0.1:5000/cb", "http://127.0.0.1/cb", True, False),
    ],
)
def test_an_address_matches_exactly_but_for_the_port_of_a_loopback(
    asked: str, known: str, public: bool, matches: bool
) -> None:
    assert redirect_uri_matches(asked, [known], is_public=public) == matches
