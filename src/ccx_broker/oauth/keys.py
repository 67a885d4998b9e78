"""The keys that sign: made on the first start, changed by the operator, published for everybody.

The private part lies in the database, so that every process signs alike, encrypted by a key derived from
`CCX_SECRET_KEY`: the database alone signs nothing.
"""

from datetime import datetime
from typing import Any

import orjson
from joserfc.jwk import ECKey, KeySet
from sqlalchemy.orm import Session

from ccx_broker.kit.sealing import seal, unseal
from ccx_broker.oauth.rules.keys import PUBLISHED_AHEAD, SigningKey, next_key, published, signers
from ccx_broker.oauth.store import keys as store

ALGORITHM = "ES256"
USE = "signing-keys"


def signing_key(session: Session, secret: bytes, now: datetime) -> ECKey:
    """Return the key that signs now; the first to ask makes it, and others who ask at once find that one.

    One that this secret does not open is passed over: after a change of `CCX_SECRET_KEY` a new one is made.
    """
    found = _opened(session, secret, now)
    if found is None:
        store.lock_keys(session)
        found = _opened(session, secret, now)
    if found is None:
        _add(session, secret, now)
        found = _opened(session, secret, now)
        assert found is not None, "it was added a moment ago"  # noqa: S101
    return found


def rotate(session: Session, secret: bytes, now: datetime) -> SigningKey:
    """Publish the next key, which takes over in an hour; one that is under way is returned as it is."""
    present = signing_key(session, secret, now)
    store.lock_keys(session)
    keys = store.all_keys(session)
    under_way = next_key(keys, now)
    if under_way is not None:
        return under_way
    since = next(key.active_from for key in keys if key.kid == present.kid)
    store.forget_private_parts(session, [key.kid for key in keys if key.active_from < since])
    return _add(session, secret, now + PUBLISHED_AHEAD)


def replace_leaked(session: Session, secret: bytes, now: datetime) -> SigningKey:
    """Withdraw every key at once and sign by a new one: what the old ones signed is trusted no more."""
    store.lock_keys(session)
    store.withdraw_keys(session, now)
    return _add(session, secret, now)


def public_keys(session: Session, now: datetime) -> dict[str, Any]:
    """Return the published keys as a JWK set (RFC 7517 §5)."""
    return {"keys": [dict(key.public_jwk) for key in published(store.all_keys(session), now)]}


def known_keys(session: Session) -> KeySet:
    """Return every key whose signature we still stand by, also those that no client needs any more."""
    standing = (key for key in store.all_keys(session) if key.withdrawn_at is None)
    return KeySet([ECKey.import_key(dict(key.public_jwk)) for key in standing])


def _opened(session: Session, secret: bytes, now: datetime) -> ECKey | None:
    for key in signers(store.all_keys(session), now):
        private = unseal(secret, USE, key.kid, key.sealed or b"")
        if private is not None:
            return ECKey.import_key(orjson.loads(private))
    return None


def _add(session: Session, secret: bytes, active_from: datetime) -> SigningKey:
    made = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    kid = made.thumbprint()  # RFC 7638
    sealed = seal(secret, USE, kid, orjson.dumps(made.as_dict(private=True)))
    key = SigningKey(kid, made.as_dict(private=False), sealed, active_from)
    store.insert_key(session, key)
    return key
