"""The command line's door to registration: `ccx-broker registration-token add`."""

import json
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from ccx_broker.kit.clock import now, rfc3339
from ccx_broker.kit.desk import desk
from ccx_broker.organisations.registration import add_registration_token
from ccx_broker.organisations.tasks import AsJson, plain_errors

registration_token = typer.Typer(
    no_args_is_help=True, help="Initial access tokens, by which an organisation registers applications."
)


@registration_token.callback()
def group() -> None:
    """Keep `add` a command of its own."""


@registration_token.command("add")
def add(
    context: typer.Context,
    organisation: Annotated[UUID, typer.Option(help="The organisation's id.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help="How long it is good for; without it, for ever.")
    ] = None,
    uses: Annotated[
        int | None, typer.Option(min=1, help="How many applications it registers; without it, any number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token that lets an organisation register applications (RFC 7591 §3); shown this once."""
    at = now()
    expires_at = None if days is None else at + timedelta(days=days)
    with plain_errors(), desk(context).transaction() as session:
        token = add_registration_token(session, organisation, uses=uses, expires_at=expires_at, now=at)
    shown = {"registration_token": token, "expires_at": expires_at and rfc3339(expires_at), "uses": uses}
    typer.echo(json.dumps(shown) if as_json else f"{token}  (shown this once)")
