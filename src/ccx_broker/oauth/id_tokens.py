"""ID tokens (OpenID Connect Core §2): who has signed in, said to one application and signed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.errors import JoseError
from sqlalchemy.orm import Session

from ccx_broker.oauth import keys
from ccx_broker.oauth.rules.keys import ID_TOKEN_LIFETIME
from ccx_broker.organisations import store as organisations


@dataclass(frozen=True)
class Hint:
    """What a former ID token of ours says (`id_token_hint`)."""

    client_id: str
    subject: str


def sign(
    session: Session,
    secret: bytes,
    issuer: str,
    *,
    client_id: str,
    subject: str,
    auth_time: datetime,
    nonce: str | None,
    access_token: str,
    now: datetime,
) -> str:
    """Return an ID token for one application; it holds no name and no address, only the pairwise subject."""
    key = keys.signing_key(session, secret, now)
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LIFETIME).timestamp()),
        "auth_time": int(auth_time.timestamp()),
        # §3.1.3.6: ties the access token to this answer.
        "at_hash": create_half_hash(access_token, keys.ALGORITHM).decode(),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return jwt.encode({"alg": keys.ALGORITHM, "kid": key.kid}, claims, key, [keys.ALGORITHM])


def names(session: Session, hint: Hint, customer_id: UUID) -> bool:
    """Say whether a hint is about this customer."""
    application = organisations.find_application(session, hint.client_id)
    if application is None:
        return False
    return organisations.find_subject(session, customer_id, application.organisation_id) == hint.subject


def read_hint(session: Session, issuer: str, id_token: str) -> Hint | None:
    """Return what a former ID token says, also after its time; None unless we signed it."""
    try:
        claims = jwt.decode(id_token, keys.known_keys(session), [keys.ALGORITHM]).claims
    except (JoseError, ValueError):
        return None
    client_id, subject = claims.get("aud"), claims.get("sub")
    if claims.get("iss") != issuer or not isinstance(client_id, str) or not isinstance(subject, str):
        return None
    return Hint(client_id, subject)
