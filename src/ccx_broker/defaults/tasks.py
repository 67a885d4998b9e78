"""The command line's door: `ccx-broker defaults …`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from ccx_broker.defaults.rules.interface import Progress
from ccx_broker.kit.clock import now
from ccx_broker.kit.desk import desk
from ccx_broker.kit.unusable import Unusable

defaults = typer.Typer(no_args_is_help=True, help="The guesses from behaviour.")


@defaults.command()
def calibrate(context: typer.Context) -> None:
    """Learn anew what is typical and how sure guesses may be, and weigh every guess by it. Run it weekly."""
    from ccx_broker.defaults import conclusions, populations

    with desk(context).sessions() as sessions, shown() as progress:
        with sessions.begin() as session:
            population = populations.recalibrate(session, now(), progress)
        after: UUID | None = None
        while True:
            with sessions.begin() as session:
                after = conclusions.conclude_again(session, after, now())
            if after is None:
                break
    typer.echo(f"Learnt from {population.customers} customers.")


@defaults.command()
def replay(
    events: Annotated[Path, typer.Argument(help="JSON lines, one event each, as for POST /v1/events.")],
    out: Annotated[Path, typer.Option(help="The file of predictions to write.")],
) -> None:
    """Say what would be guessed of the customers in a file of events, without a broker."""
    from ccx_broker.defaults.populations import BARS
    from ccx_broker.defaults.replay import replay as predictions_from

    with shown() as progress:
        predictions = predictions_from(events, BARS, progress)
    try:
        out.write_text(json.dumps(predictions, separators=(",", ":")), "utf-8")
    except OSError as error:
        raise Unusable(f"{out} can't be written: {error}.") from error
    typer.echo(f"{len(predictions['customers'])} customers' predictions are in {out}.", err=True)


@contextmanager
def shown() -> Iterator[Progress]:
    """Show progress on standard error while the block runs, a line for each kind of work."""
    with Bars(console=Console(stderr=True), transient=True) as bars:
        lines: dict[str, TaskID] = {}

        def progress(what: str, done: int, of: int) -> None:
            if what not in lines:
                lines[what] = bars.add_task(what)
            bars.update(lines[what], completed=done + 1, total=of)

        yield progress
