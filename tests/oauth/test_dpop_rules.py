"""A DPoP proof is good only if it says all that RFC 9449 §4.3 wants, by the key it names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from ccx_broker.kit.runtime import Keys
from ccx_broker.oauth.dpop import NONCE_STEP, WINDOW, Nonces, check_proof
from ccx_broker.oauth.rules.proofs import Flawed, Proof, same_target
from tests.dpop_support import Prover, digest, signed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://ccx.example/v1/preferences"
NONCES = Nonces(Keys(b"s" * 32, b"p" * 32))
TOKEN = "ccxa_token"
ME = Prover(nonce=NONCES.current(NOW))


def judged(sent: str, **changes: Any) -> Proof | Flawed:
    request = {"method": "GET", "url": URL, "now": NOW, "is_fresh": NONCES.is_fresh} | changes
    return check_proof(sent, **request)


def proof(me: Prover = ME, **changes: Any) -> str:
    return me.proof("GET", URL, TOKEN, **{"iat": int(NOW.timestamp())} | changes)


def error_of(found: Proof | Flawed) -> str:
    assert isinstance(found, Flawed), found
    return found.error


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256"), "ES256"),
        (ECKey.generate_key("P-384"), "ES384"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (RSAKey.generate_key(2048), "PS256"),
    ],
)
def test_a_good_proof_names_its_key(key: Any, algorithm: str) -> None:
    me = Prover(key, algorithm, ME.nonce)
    found = judged(proof(me), access_token=TOKEN)
    assert isinstance(found, Proof)
    assert found.jkt == key.thumbprint()
    assert found.expires_at >= NOW + WINDOW


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"htm": "POST"},
        {"htm": "get"},
        {"htm": None},
        {"htu": "https://ccx.example/v1/events"},
        {"htu": "https://evil.example/v1/preferences"},
        {"htu": "http://ccx.example/v1/preferences"},
        {"htu": "\ud800"},
        {"htu": None},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": 10**400},
        {"iat": float("nan")},
        {"iat": int((NOW - WINDOW - timedelta(seconds=1)).timestamp())},
        {"iat": int((NOW + WINDOW + timedelta(seconds=1)).timestamp())},
        {"ath": None},
        {"ath": digest("ccxa_another")},
    ],
)
def test_a_proof_for_something_else_is_refused(changes: dict[str, Any]) -> None:
    assert error_of(judged(proof(**changes), access_token=TOKEN)) == "invalid_dpop_proof"


@pytest.mark.parametrize("nonce", [None, "", 7, "made-up", NONCES.current(NOW - timedelta(minutes=10))])
def test_a_proof_without_a_fresh_nonce_is_told_to_use_one(nonce: Any) -> None:
    assert error_of(judged(proof(nonce=nonce), access_token=TOKEN)) == "use_dpop_nonce"


def test_nonces_change_overlap_and_are_the_same_in_every_process() -> None:
    step = timedelta(seconds=NONCE_STEP)
    nonce = NONCES.current(NOW)
    assert Nonces(Keys(b"s" * 32, b"another")).current(NOW) == nonce
    assert Nonces(Keys(b"t" * 32, b"p" * 32)).current(NOW) != nonce
    assert NONCES.current(NOW + step) != nonce
    assert [NONCES.is_fresh(nonce, NOW + n * step) for n in (0, 1, 2)] == [True, True, False]


def claims() -> dict[str, Any]:
    return {"jti": "1", "htm": "GET", "htu": URL, "iat": int(NOW.timestamp()), "nonce": ME.nonce}


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"jwk": None},
        {"jwk": ME.key.as_dict(private=True)},
        {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
        {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"jwk": []},
        {"crit": ["exp"], "exp": 1},
    ],
)
def test_a_header_that_is_not_a_proofs_is_refused(header: dict[str, Any]) -> None:
    whole = {"typ": "dpop+jwt", "alg": "ES256", "jwk": ME.key.as_dict(private=False)} | header
    sent = signed(ME.key, {name: value for name, value in whole.items() if value is not None}, claims())
    assert error_of(judged(sent)) == "invalid_dpop_proof"


def test_only_asymmetric_keys_of_a_fair_size_sign_proofs() -> None:
    small = RSAKey.generate_key(1024)
    assert error_of(judged(proof(Prover(small, "PS256", ME.nonce)))) == "invalid_dpop_proof"
    shared = OctKey.generate_key(256)
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": shared.as_dict()}
    assert error_of(judged(signed(shared, header, claims()))) == "invalid_dpop_proof"


def test_a_changed_proof_is_refused() -> None:
    head, body, signature = proof().split(".")
    other = proof(jti="other").split(".")[1]
    for sent in (f"{head}.{other}.{signature}", f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.AAAA"):
        assert error_of(judged(sent)) == "invalid_dpop_proof"
    assert error_of(judged(signed(ME.key, {"typ": "dpop+jwt", "alg": "ES256"}, ["a list"]))) == (
        "invalid_dpop_proof"
    )


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)))
def test_whatever_comes_is_refused_and_nothing_breaks(sent: str) -> None:
    assert error_of(judged(sent)) == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        (URL, True),
        (URL + "?a=b#c", True),
        ("HTTPS://CCX.example:443/v1/preferences", True),
        ("https://ccx.example/v1/%70references", True),
        ("https://ccx.example/v1%2Fpreferences", False),
        ("https://ccx.example/v1/preferences/", False),
        ("https://ccx.example/V1/preferences", False),
        ("https://ccx.example:444/v1/preferences", False),
        ("https://me@ccx.example/v1/preferences", False),
        ("https://ccx.example:x/v1/preferences", False),
        ("/v1/preferences", False),
        ("", False),
    ],
)
def test_addresses_are_compared_as_uris_are(sent: str, same: bool) -> None:
    assert same_target(sent, URL) is same


@given(st.text())
def test_no_address_breaks_the_comparison(sent: str) -> None:
    assert same_target(sent, URL) in (True, False)
