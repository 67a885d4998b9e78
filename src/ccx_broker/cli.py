"""The command line: `ccx-broker serve`, `migrate`, and what operators need."""

import os

import typer

from ccx_broker.settings import Settings, load_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False)


def settings() -> Settings:
    """Read the settings from the environment."""
    return load_settings(os.environ)


@cli.callback()
def root() -> None:
    """CCX broker: the customer-controlled experience."""


@cli.command()
def serve() -> None:
    """Run the broker."""
    import uvicorn

    from ccx_broker.app import create_app
    from ccx_broker.kit.migrations import migrate

    s = settings()
    assert s.database_url  # noqa: S101
    migrate(s.database_url)
    uvicorn.run(
        create_app(s, s.database_url), host=s.host, port=s.port, log_level="warning", access_log=False
    )


def main() -> None:
    """Run the command line."""
    cli()
