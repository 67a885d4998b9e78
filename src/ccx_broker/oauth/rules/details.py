"""Authorization details in tokens and answers (RFC 9396 §§6, 7, 9.2). Pure decisions."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from ccx_broker.consent.rules import Detail, Grant
from ccx_broker.consent.rules.details import TYPE
from ccx_broker.oauth.rules import Authorisation


def cut_down(details: Sequence[Detail], keys: Collection[str]) -> tuple[Detail, ...]:
    """Return the details with only these keys in them; one without any is left out."""
    cut = (replace(each, keys=tuple(key for key in each.keys if key in keys)) for each in details)
    return tuple(each for each in cut if each.keys)


def granted(
    details: Sequence[Detail], keys: Collection[str], grant: Grant
) -> tuple[dict[str, Any], ...] | None:
    """Write what the details amount to under this grant now; None if none was asked for.

    A customer may have granted less, and may have chosen a shorter time: so the end is the grant's.
    """
    if not details:
        return None
    return tuple(
        {
            "type": TYPE,
            "keys": list(each.keys),
            "purposes": [p for p in each.purposes or grant.purposes if p in grant.purposes],
            "include_defaults": grant.include_defaults and each.include_defaults,
            "until": f"{grant.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        for each in cut_down(details, set(keys).intersection(grant.keys))
    )


def whole(grant: Grant) -> dict[str, Any]:
    """Write a whole grant as one authorization detail."""
    (detail,) = granted([Detail(grant.keys)], grant.keys, grant) or ({},)
    return detail


def part_named(authorisation: Authorisation, details: Sequence[Detail]) -> Authorisation:
    """Return the part of an authorisation that a token request's details name (RFC 9396 §6)."""
    wanted = {key for each in details for key in each.keys}
    keys = tuple(key for key in authorisation.keys if key in wanted)
    return replace(authorisation, keys=keys, details=cut_down(details, keys))
