"""The command line: `ccx-broker serve`, `migrate`, and what operators need.

A command is one short function that imports what it needs, so that `--help` is quick. A group of
commands is a `typer.Typer()` of its own, added with `cli.add_typer(group, name="…")`. A command that
needs the data opens it with `database(settings())`, which also works beside a running server.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ccx_broker.defaults.tasks import defaults
from ccx_broker.kit.desk import Desk
from ccx_broker.kit.unusable import Unusable
from ccx_broker.organisations import tasks as organisations
from ccx_broker.organisations.registration_tasks import registration_token
from ccx_broker.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cli.add_typer(organisations.organisation, name="organisation")
cli.add_typer(organisations.application, name="application")
cli.add_typer(registration_token, name="registration-token")
cli.add_typer(defaults, name="defaults")

keys = typer.Typer(no_args_is_help=True, help="The keys that sign.")
cli.add_typer(keys, name="keys")


def settings() -> Settings:
    """Read the settings from the environment."""
    return load_settings(os.environ)


@contextlib.contextmanager
def database(s: Settings, *, migrated: bool = True) -> Iterator[str]:
    """Yield the address of the database, started first if it is the program's own, and brought up to date."""
    from ccx_broker.kit.embedded import EmbeddedPostgres
    from ccx_broker.kit.migrations import check_database, migrate

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` and background jobs ignore some
            signal.signal(number, _unwind)
    with contextlib.ExitStack() as stack:
        url = s.database_url or stack.enter_context(EmbeddedPostgres(s.data_dir))
        check_database(url)
        if migrated:
            migrate(url)
        yield url


@contextlib.contextmanager
def transactions() -> "Iterator[sessionmaker[Session]]":
    """Where a command gets its transactions on the database from."""
    from ccx_broker.kit.db import make_engine, make_sessions

    with database(settings()) as url:
        engine = make_engine(url, connections=1)
        try:
            yield make_sessions(engine)
        finally:
            engine.dispose()


@contextlib.contextmanager
def transaction() -> "Iterator[Session]":
    """One transaction on the database, for a command."""
    with transactions() as sessions, sessions.begin() as session:
        yield session


def vocabulary() -> Mapping[str, str]:
    """Return what an application may ask for: the catalogue's keys, each with its step."""
    from ccx_broker.profile.catalogue import CATALOGUE

    return {item.key: item.step for item in CATALOGUE.items}


@cli.callback()
def root(context: typer.Context) -> None:
    """CCX broker: the customer-controlled experience."""
    context.obj = Desk(transaction, transactions, vocabulary)


@cli.command()
def serve() -> None:
    """Run the broker, with a PostgreSQL of its own unless CCX_DATABASE_URL names one."""
    import uvicorn

    from ccx_broker.app import create_app
    from ccx_broker.kit import audit
    from ccx_broker.kit.listening import bound_socket

    s = settings()
    audit.write_to(s.audit_log)
    with bound_socket(s.host, s.port) as listener, database(s) as url:
        config = uvicorn.Config(
            create_app(s, url),
            loop="uvloop",
            http="httptools",
            log_level="debug" if s.debug else "warning",
            access_log=s.debug,
            server_header=False,
            proxy_headers=bool(s.trusted_proxies),
            forwarded_allow_ips=list(s.trusted_proxies),
            timeout_graceful_shutdown=5,
        )
        typer.echo(
            f"CCX broker on {s.issuer} (listening on {s.host} port {s.port}; Ctrl-C stops it)", err=True
        )
        uvicorn.Server(config).run(sockets=[listener])


@cli.command()
def demo(
    households: Annotated[int, typer.Option(min=1, max=1000, help="How many households take part.")] = 200,
    once: Annotated[bool, typer.Option("--once", help="End when the story does.")] = False,
) -> None:
    """Play the whole story with real purchases and two supermarkets, and leave the server up."""
    from ccx_broker.demo.purchases import MISSING, are_installed

    s = settings()
    if not are_installed():
        raise Unusable(MISSING)
    if s.env == "production":
        raise Unusable("The demo makes up customers and shops: run it without CCX_ENV=production.")
    from ccx_broker.demo.place import Place
    from ccx_broker.demo.run import Plan, run

    elsewhere = os.environ.get("CCX_DATABASE_URL") or os.environ.get("CCX_DATA_DIR")
    own_folder = None if elsewhere else s.data_dir.with_name(f"{s.data_dir.name}-demo")
    port = s.port if os.environ.get("CCX_PORT") else None
    raise typer.Exit(run(Plan(Place(os.environ, own_folder), port, households, once)))


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with database(settings()):
        typer.echo("The database is up to date.")


@cli.command()
def tidy() -> None:
    """Delete codes and tokens that are over, and record which grants have expired. Run it daily."""
    from ccx_broker.kit.clock import now
    from ccx_broker.oauth.tasks import tidy as one_batch

    total = 0
    with transactions() as sessions:
        touched = True
        while touched:
            with sessions.begin() as session:
                touched = bool(done := one_batch(session, now()))
            total += done
    typer.echo(f"{total} rows were tidied up.")


@cli.command()
def notify() -> None:
    """Tell customers of first looks and coming ends, and send the mails that wait. `serve` does it by itself."""
    from ccx_broker.app import post_office
    from ccx_broker.inbox.rounds import Round
    from ccx_broker.kit.clock import now

    with transactions() as sessions:
        try:
            Round(sessions, post_office(settings()), now)()
        except OSError as error:
            raise Unusable(f"The mail server does not take mail: {error}") from error


@keys.command("rotate")
def rotate_keys(
    leaked: Annotated[
        bool, typer.Option("--leaked", help="At once: what the old keys signed is trusted no more.")
    ] = False,
) -> None:
    """Publish the next key for signatures; it takes over in an hour, when every client has it."""
    from ccx_broker.kit.clock import now, rfc3339
    from ccx_broker.oauth.keys import replace_leaked, rotate

    with transaction() as session:
        made = (replace_leaked if leaked else rotate)(session, settings().secret_key, now())
    typer.echo(f"{made.kid} signs from {rfc3339(made.active_from)}.")


@cli.command()
def openapi(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the OpenAPI document."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(openapi_document())


@cli.command()
def check_settings() -> None:
    """Read the settings, say what is wrong with them, and print them without the secrets."""
    s = settings()
    for field in fields(s):
        value: Any = getattr(s, field.name)
        shown = value if field.repr else "(not set)" if value is None else "(set, not shown)"
        typer.echo(f"CCX_{field.name.upper()}: {shown}")


def openapi_document() -> str:
    """Return the OpenAPI document; the same for everyone, whatever their settings are."""
    from ccx_broker.app import create_app

    secrets = {"CCX_SECRET_KEY": "no-secret", "CCX_PASSWORD_KEY": "none-either"}
    app = create_app(load_settings(secrets), "postgresql://")
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _unwind(number: int, _: object) -> NoReturn:
    # From here on everything is being closed; a second signal must not stop that half-way.
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(0 if number == signal.SIGTERM else 128 + number)


def main() -> None:
    """Run the command line; what the operator can put right is said in a sentence, with exit code 2."""
    try:
        cli()
    except (SettingsError, Unusable) as error:
        print(f"ccx-broker: {error}", file=sys.stderr)
        sys.exit(2)
