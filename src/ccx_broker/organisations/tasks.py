"""The command line's door: `ccx-broker organisation …` and `ccx-broker application …`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from ccx_broker.kit.clock import now, rfc3339
from ccx_broker.kit.desk import desk
from ccx_broker.kit.errors import Invalid, NotFound
from ccx_broker.organisations import service, store
from ccx_broker.organisations.rules import (
    DEFAULT_PURPOSE,
    DEFAULT_SENTENCE,
    Purpose,
    Vocabulary,
    purpose_from,
)

organisation = typer.Typer(no_args_is_help=True, help="The organisations that may ask customers.")
application = typer.Typer(no_args_is_help=True, help="Their OAuth clients.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


NO_SECRET = {
    "none": "It is public: no client_secret.",
    "private_key_jwt": "It signs with its own key: no client_secret.",
}


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what is wrong with which option, instead of a traceback."""
    try:
        yield
    except Invalid as error:
        said = [f"--{e['field'].replace('_', '-')}: {e['reason']}" for e in error.errors]
        raise typer.BadParameter("\n".join(said)) from None
    except NotFound as error:
        raise typer.BadParameter(f"--organisation: {error.detail}") from None


@organisation.command("add")
def add_organisation(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The trading name, as customers know it.")],
    complaints: Annotated[
        str | None, typer.Option(help="Where customers may complain: a web or e-mail address.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take an organisation in; a name that is there already is shown again."""
    with plain_errors(), desk(context).transaction() as session:
        found, is_new = service.add_organisation(session, name, complaints, now())
    if as_json:
        typer.echo(json.dumps({"organisation_id": str(found.organisation_id), "name": found.name}))
    else:
        typer.echo(f"{found.name} {'was added' if is_new else 'is there already'}: {found.organisation_id}")


@organisation.command("list")
def list_organisations(context: typer.Context, as_json: AsJson = False) -> None:
    """Show all organisations."""
    with desk(context).transaction() as session:
        found = store.list_organisations(session)
    if as_json:
        shown = [
            {
                "organisation_id": str(each.organisation_id),
                "name": each.name,
                "complaints": each.complaints,
                "created_at": rfc3339(each.created_at),
            }
            for each in found
        ]
        typer.echo(json.dumps(shown))
    else:
        for each in found:
            typer.echo(f"{each.organisation_id}  {each.name}")


@application.command("add")
def add_application(
    context: typer.Context,
    organisation: Annotated[UUID, typer.Option(help="The organisation's id.")],
    name: Annotated[str, typer.Option(help="What customers call the application.")],
    redirect_uri: Annotated[
        list[str], typer.Option(help="Where a browser may be sent back to; may be repeated.")
    ],
    scope: Annotated[str, typer.Option(help="What it may ask for at most, with spaces between.")],
    public: Annotated[
        bool, typer.Option("--public", help="It can't keep a secret: an app, a page in a browser.")
    ] = False,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Why it asks: dpv:Term=A sentence. May be repeated.")
    ] = None,
    needs: Annotated[
        str, typer.Option(help="The keys it can't do without, with spaces between, for every purpose.")
    ] = "",
    post_logout_redirect_uri: Annotated[
        list[str] | None,
        typer.Option(help="Where a browser may be sent after signing out; may be repeated."),
    ] = None,
    auth_method: Annotated[
        str | None,
        typer.Option(
            help="How it proves itself: client_secret_basic, client_secret_post, private_key_jwt; or none."
        ),
    ] = None,
    jwks: Annotated[
        Path | None, typer.Option(help="A file with its public keys (JWK Set), for private_key_jwt.")
    ] = None,
    dpop: Annotated[
        bool | None,
        typer.Option(
            "--dpop/--bearer",
            help="Whether its tokens must be bound to a key (DPoP); if left out: those of a public one.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take an application in; its secret is shown this once."""
    with plain_errors(), desk(context).transaction() as session:
        found, secret = service.add_application(
            session,
            organisation_id=organisation,
            name=name,
            redirect_uris=redirect_uri,
            scopes=scope.split(),
            purposes=purposes_from(purpose or [], tuple(needs.split())),
            public=public,
            vocabulary=Vocabulary(desk(context).vocabulary()),
            now=now(),
            post_logout_redirect_uris=post_logout_redirect_uri or [],
            auth_method=auth_method or ("private_key_jwt" if jwks else None),
            jwks=keys_in(jwks) if jwks else None,
            dpop_bound=dpop,
        )
    if as_json:
        typer.echo(json.dumps({"client_id": found.client_id, "client_secret": secret}))
        return
    typer.echo(f"{found.name} of {found.organisation_name} was added.")
    typer.echo(f"client_id:     {found.client_id}")
    typer.echo(f"client_secret: {secret}  (shown this once)" if secret else NO_SECRET[found.auth_method])
    if found.dpop_bound:
        typer.echo("Its tokens are bound to a key of its own: it sends DPoP proofs (RFC 9449).")


def keys_in(file: Path) -> Any:
    """Read a JWK Set from a file. Raises `typer.BadParameter`."""
    try:
        return json.loads(file.read_text())
    except OSError as error:
        raise typer.BadParameter(f"--jwks: {file} can't be read: {error.strerror}") from None
    except ValueError:
        raise typer.BadParameter(f"--jwks: {file} is not JSON") from None


def purposes_from(texts: list[str], needs: tuple[str, ...]) -> list[Purpose]:
    """Read the purposes; without one, but with needs, the plain one. Raises `typer.BadParameter`."""
    texts = texts or ([f"{DEFAULT_PURPOSE}={DEFAULT_SENTENCE}"] if needs else [])
    try:
        read = [purpose_from(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(f"--purpose: {error}") from None
    return [Purpose(each.purpose, each.sentence, needs) for each in read]
