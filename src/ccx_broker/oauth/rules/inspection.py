"""What a client that proves itself by its secret may learn about an access token: one pure decision."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ccx_broker.consent.rules import Grant
from ccx_broker.oauth.rules import AccessToken, Introspected, effective, scope_string, token_type
from ccx_broker.oauth.rules.details import granted


@dataclass(frozen=True)
class Facts:
    """All that the decision needs, as it stood at the moment `at`.

    The first line is the client's side: the hash of the secret that came, and what is registered.
    """

    at: datetime
    given_secret_hash: bytes
    organisation_id: UUID | None
    auth_method: str | None
    secret_hash: bytes | None
    token: AccessToken | None
    grant: Grant | None


def inspect(facts: Facts, allowed: bool) -> Introspected | None:
    """Return what may be told; None unless the client proved itself and the token is live and its own.

    `allowed`: whether the client may prove itself the way it did. The comparison is constant in time.
    """
    known, token, grant = facts.secret_hash, facts.token, facts.grant
    if known is None or not allowed or not hmac.compare_digest(facts.given_secret_hash, known):
        return None
    if token is None or token.expires_at <= facts.at or token.organisation_id != facts.organisation_id:
        return None
    if token.customer_id is not None:
        if grant is None or not grant.is_live(facts.at):
            return None
        token = effective(token, grant)
    return Introspected(
        client_id=token.client_id,
        scope=scope_string(token.keys, token.scopes),
        token_type=token_type(token.jkt),
        subject=None if grant is None else grant.subject,
        grant_id=token.grant_id,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        audience=token.audience,
        authorization_details=None if grant is None else granted(token.details, token.keys, grant),
        jkt=token.jkt,
    )
