"""WebAuthn's two ceremonies (level 3, §7.1 and §7.2): what the browser is asked, and what its answer proves.

A challenge is a sealed note of whom and what it was made for and until when. Nothing is stored until one is
answered, and only the browser, and the purpose, for which it was made can answer it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ccx_broker.accounts.rules.passkeys import Challenge, Passkey, Purpose, RelyingParty
from ccx_broker.kit.runtime import Keys
from ccx_broker.kit.sealing import seal, unseal

ANSWER_WITHIN = timedelta(minutes=10)
USE = "passkey challenge"
NOBODY = UUID(int=0)
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]

Answer = Mapping[str, Any]
"""A `PublicKeyCredential` in its JSON form (§5.1), as any client may have made it up."""


def new_challenge(
    keys: Keys, purpose: Purpose, bound_to: str, customer_id: UUID | None, now: datetime
) -> bytes:
    """Return a challenge with 128 random bits (§13.4.3 asks for them) that says itself what it is for."""
    until = int((now + ANSWER_WITHIN).timestamp())
    note = (customer_id or NOBODY).bytes + until.to_bytes(8) + os.urandom(16)
    return seal(keys.secret, USE, f"{purpose} {bound_to}", note)


def challenge_of(answer: Answer) -> bytes:
    """Return the challenge that an answer claims to be for; empty if it can't be read."""
    try:
        data = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        return base64url_to_bytes(data["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return b""


def open_challenge(
    keys: Keys, challenge: bytes, purpose: Purpose, bound_to: str, now: datetime
) -> Challenge | None:
    """Read back what `new_challenge` made; None if it is not ours, for something else, or too old."""
    note = unseal(keys.secret, USE, f"{purpose} {bound_to}", challenge) if len(challenge) > 40 else None
    if note is None:
        return None
    customer_id = UUID(bytes=note[:16])
    expires_at = datetime.fromtimestamp(int.from_bytes(note[16:24]), UTC)
    if now >= expires_at:
        return None
    return Challenge(customer_id if customer_id != NOBODY else None, expires_at)


def creation_options(
    site: RelyingParty,
    challenge: bytes,
    *,
    customer_id: UUID,
    email: str,
    name: str,
    known: Iterable[Passkey] = (),
) -> dict[str, Any]:
    """Return what `navigator.credentials.create()` takes: a passkey that is found without an address."""
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name="CCX",
        user_id=customer_id.bytes,
        user_name=email,
        user_display_name=name,
        challenge=challenge,
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(site: RelyingParty, challenge: bytes, known: Iterable[Passkey] = ()) -> dict[str, Any]:
    """Return what `navigator.credentials.get()` takes; without `known` the browser offers what it has."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        allow_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json_dict(options)


def made_passkey(site: RelyingParty, answer: Answer, challenge: bytes) -> tuple[bytes, bytes, int] | None:
    """Return credential id, public key and counter of a new passkey; None if the answer proves nothing."""
    try:
        made = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception:  # whatever a parser stumbles over in bytes that anybody may send
        return None
    return made.credential_id, made.credential_public_key, made.sign_count


def proven_count(site: RelyingParty, answer: Answer, challenge: bytes, passkey: Passkey) -> int | None:
    """Return the device's counter if the answer is signed by this passkey; None if it proves nothing.

    Whether the counter went up is decided where it is stored.
    """
    try:
        proven = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
        )
    except Exception:  # whatever a parser stumbles over in bytes that anybody may send
        return None
    return proven.new_sign_count


def credential_id_of(answer: Answer) -> bytes:
    """Return the credential that an answer names; empty if it can't be read."""
    return _decoded(answer.get("rawId"))


def customer_of(answer: Answer) -> UUID | None:
    """Return the customer whom a discoverable passkey names (its user handle, §5.2.2)."""
    response = answer.get("response")
    handle = _decoded(response.get("userHandle")) if isinstance(response, dict) else b""
    return UUID(bytes=handle) if len(handle) == 16 else None


def _decoded(text: object) -> bytes:
    try:
        return base64url_to_bytes(text) if isinstance(text, str) else b""
    except ValueError:
        return b""
