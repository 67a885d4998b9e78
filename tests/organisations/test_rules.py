"""Where a browser may be sent, and how a purpose is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.organisations.rules import Vocabulary, auth_problems, purpose_from, redirect_uri_problem

VOCABULARY = Vocabulary({"buy.store": "buy", "diet.pattern": "diet"})


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/callback",
        "https://shop.example:8443/cb?tenant=1",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:5000/cb",
        "http://[::1]:5000/cb",
        "http://localhost:5000/cb",
        "com.example.shop:/callback",
    ],
)
def test_where_a_browser_may_be_sent(uri: str) -> None:
    assert redirect_uri_problem(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "shop.example/callback",
        "//shop.example/cb",
        "http://shop.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://shop.example/cb#fragment",
        "https://shop.example/cb#",
        "https://user:secret@shop.example/cb",
        "https:///cb",
        "https://[::1/cb",
        "https://shop.example:99999/cb",
        "https://shop.example/a b",
        "https://shop.example\\@evil.example/cb",
        "https://shop.example/\n",
        "javascript:alert(1)",
        "data:text/html,hi",
        "myapp:/callback",
        "https://" + "x" * 2000,
    ],
)
def test_where_it_may_not(uri: str) -> None:
    assert redirect_uri_problem(uri)


@given(st.text())
def test_any_text_gets_an_answer(uri: str) -> None:
    problem = redirect_uri_problem(uri)
    assert problem is None or problem


@pytest.mark.parametrize("scope", ["pref:buy", "pref:buy.store", "pref:diet", "events:write", "openid"])
def test_scopes_there_are(scope: str) -> None:
    assert VOCABULARY.knows_scope(scope)


@pytest.mark.parametrize(
    "scope", ["", "pref:", "pref:*", "pref:buy.*", "buy", "buy.store", "pref:nothing", "PREF:buy"]
)
def test_scopes_there_are_not(scope: str) -> None:
    assert not VOCABULARY.knows_scope(scope)


def test_a_purpose_is_a_term_and_a_sentence() -> None:
    purpose = purpose_from("dpv:ServiceProvision=We pick = pack   your shopping.")
    assert (purpose.purpose, purpose.sentence) == ("dpv:ServiceProvision", "We pick = pack your shopping.")


@pytest.mark.parametrize(
    "text", ["", "because", "dpv:=x", "dpv:Marketing=", "dpv:Marketing", f"dpv:M={'x' * 301}"]
)
def test_what_is_no_purpose(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        purpose_from(text)


@pytest.mark.parametrize(
    ("method", "jwks", "field"),
    [
        ("secret", None, "auth_method"),
        ("private_key_jwt", None, "jwks"),
        ("private_key_jwt", [], "jwks"),
        ("private_key_jwt", {"keys": []}, "jwks"),
        ("private_key_jwt", {"keys": [{"kty": "oct", "k": "AA"}]}, "jwks"),
        ("private_key_jwt", {"keys": [{"kty": "EC", "d": "AA"}]}, "jwks"),
        ("private_key_jwt", {"keys": [{"kty": "EC"}] * 11}, "jwks"),
        ("none", {"keys": [{"kty": "EC"}]}, "jwks"),
    ],
)
def test_how_an_application_proves_itself_is_checked(method: str, jwks: object, field: str) -> None:
    assert [name for name, problem in auth_problems(method, jwks) if problem] == [field]


def test_public_keys_are_taken() -> None:
    assert not [p for _, p in auth_problems("private_key_jwt", {"keys": [{"kty": "EC"}]}) if p]
