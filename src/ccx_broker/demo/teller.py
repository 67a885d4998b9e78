"""How the story is printed: numbered steps in short sentences, who asked what, who answered what, tables."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table

WIDEST = 80


class NotAsTold(Exception):
    """The story did not go as it is told; the message says what was expected and what came."""


class Teller:
    """Prints to a terminal or a file; every `check` has to hold."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.console.width = min(self.console.width, WIDEST)
        self.number = 0
        self.title = ""

    def opening(self, title: str, *sentences: str) -> None:
        """Say what this is."""
        self.console.print(Rule(f"[bold]{title}[/]"))
        for sentence in sentences:
            self.say(sentence, indent=0)

    def closing(self, sentence: str) -> None:
        """Say that it is over."""
        self.console.print()
        self.console.print(f"[bold green]{escape(sentence)}[/]")

    def failed(self, error: Exception) -> None:
        """Say which step did not go as told."""
        self.console.print(f"[bold red]Step {self.number}, “{escape(self.title)}”, did not go as told.[/]")
        self.say(str(error) if isinstance(error, NotAsTold) else f"{type(error).__name__}: {error}")

    def step(self, title: str, *sentences: str) -> None:
        """Begin the next step."""
        self.number += 1
        self.title = title
        self.console.print()
        self.console.print(f"[bold cyan]{self.number}. {escape(title)}[/]")
        for sentence in sentences:
            self.say(sentence)

    def say(self, sentence: str, indent: int = 3) -> None:
        """Print a sentence."""
        self._print(escape(sentence), indent)

    def item(self, headline: str, sentence: str) -> None:
        """Print one thing of a list, and what is to be said about it."""
        self._marked("[bold]•[/]", f"[bold]{escape(headline)}[/]")
        self._print(escape(sentence), 5)

    def asks(self, who: str, whom: str, what: str) -> None:
        """Say who asks what, as a request goes out."""
        self._print(f"[yellow]{escape(who)} → {escape(whom)}:[/] {escape(what)}", 3)

    def answers(self, who: str, what: str) -> None:
        """Say what the answer is."""
        self._print(f"[yellow]{escape(who)} answers:[/] {escape(what)}", 3)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table."""
        shown = Table(*columns, padding=(0, 1), header_style="bold", show_header=any(columns))
        for row in rows:
            shown.add_row(*(escape(cell) for cell in row))
        self.console.print(Padding(shown, (0, 0, 0, 3), expand=False))

    def check(self, sentence: str, holds: bool, got: object = None) -> None:
        """Say what must be so here; raises `NotAsTold` if it is not."""
        if not holds:
            raise NotAsTold(f"expected: {sentence}" + ("" if got is None else f" But there was: {got}"))
        self._marked("[green]✓[/]", f"[green]{escape(sentence)}[/]")

    def bar(self) -> Progress:
        """Return a progress bar for long work; in a file only its end is printed."""
        return Progress(
            TextColumn("   {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=self.console,
        )

    def _marked(self, mark: str, text: str) -> None:
        grid = Table.grid(padding=(0, 1))  # so that a long text stays to the right of its mark
        grid.add_row(mark, text)
        self.console.print(Padding(grid, (0, 0, 0, 3), expand=False))

    def _print(self, text: str, indent: int) -> None:
        self.console.print(Padding(text, (0, 0, 0, indent), expand=False))
