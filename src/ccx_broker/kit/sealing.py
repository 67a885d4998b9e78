"""Encrypting what lies in the database and must be worthless without the settings' secret."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes; NIST SP 800-38D §8.2


def seal(secret: bytes, use: str, name: str, content: bytes) -> bytes:
    """Encrypt `content` (AES-256-GCM) by a key derived from `secret` for this `use` (HKDF, RFC 5869).

    It is bound to `name`: what was sealed under one can't be passed off as another's.
    """
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(_key(secret, use)).encrypt(nonce, content, name.encode())


def unseal(secret: bytes, use: str, name: str, sealed: bytes) -> bytes | None:
    """Decrypt what `seal` made; None if the secret is another, or the content was changed."""
    try:
        return AESGCM(_key(secret, use)).decrypt(sealed[:NONCE], sealed[NONCE:], name.encode())
    except InvalidTag:
        return None


def _key(secret: bytes, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"ccx-broker {use}".encode()).derive(secret)
