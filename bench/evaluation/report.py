"""The figures as tables, for the terminal and for `bench/defaults.md`."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.evaluation.data import OUTER, Cut, Fold
from bench.evaluation.export import Exported, Few
from bench.evaluation.goals import SERVED, TEN_LINES, WHOLE, Goal, Scores

HEAD = ["default", "measure", "counters", "to reach", "beyond", "ours", ""]
SERVED_HEAD = ["default", "counters right", "to reach", "served to", "right", "", "with ten lines", "right"]


@dataclass(frozen=True)
class Run:
    """One evaluation: what went in, and what came out."""

    fold: Fold
    cut: Cut
    few: Few
    whole: Exported
    little: Exported
    scores: Scores
    scores_of_few: Scores


def number(value: float) -> str:
    """Return a figure to four digits (days to two); a dash if there was nothing to measure."""
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if value >= 2 else f"{value:.4f}"


def percent(value: float) -> str:
    """Return a share in percent."""
    return f"{value:.0%}".replace("%", " %")


def goals(wanted: Sequence[Goal], scores: Scores) -> list[list[str]]:
    """Return the rows of a table of goals."""
    return [
        [
            goal.default,
            goal.measure,
            f"{goal.floor:.3f}",
            str(goal.reach),
            str(goal.beyond or ""),
            number(goal.ours(scores)),
            goal.verdict(scores),
        ]
        for goal in wanted
    ]


def served(run: Run) -> list[list[str]]:
    """Return the rows of the table of what would be served."""
    return [
        [
            goal.default,
            f"{goal.floor:.2f}",
            str(goal.reach),
            percent(run.scores[goal.task]["would_serve"]),
            number(goal.ours(run.scores)),
            goal.verdict(run.scores),
            percent(run.scores_of_few[goal.task]["would_serve"]),
            number(goal.ours(run.scores_of_few)),
        ]
        for goal in SERVED
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return a table in Markdown that can be read as plain text too."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"


def tables(run: Run) -> list[str]:
    """Return the three tables."""
    return [
        "## With the whole history",
        "",
        *table(HEAD, goals(WHOLE, run.scores)),
        "",
        f"## With the last {run.few.lines} lines of a household",
        "",
        *table(HEAD, goals(TEN_LINES, run.scores_of_few)),
        "",
        "## What would be served, and what is kept back",
        "",
        *table(SERVED_HEAD, served(run)),
        "",
    ]


def write(path: Path, run: Run) -> None:
    """Keep the figures in `path`."""
    half = {"dev": "the half for development", "other": "the other half", "all": "all"}[run.fold]
    tuned = (
        "Nothing was tuned on those."
        if run.cut == OUTER
        else "Those are for tuning: the report uses later ones."
    )
    text = [
        "# How good the defaults are",
        "",
        f"Measured by `make eval` on {datetime.now(UTC):%Y-%m-%d}, on dunnhumby's Complete Journey: {run.whole.households:,}"
        f" households ({half}), {run.whole.orders:,} orders with {run.whole.lines:,} lines in weeks 1 to {run.cut.known} of"
        f" 2017. The broker's own engine (`ccx-broker defaults replay`) learns from them; weeks {run.cut.known + 1} to"
        f" {run.cut.until} tell whether it is right. {tuned}",
        "",
        *tables(run),
        "## How to read this",
        "",
        "- **counters** are simple ones, which decay and know what is typical; measured once on the development half.",
        "- **recall@10**: which part of the next basket of at least three categories is among the ten listed.",
        "- **accuracy at 50 % coverage**: how often the surer half is right. Right is the day, slot or store that most "
        "later trips went to, of households with at least five.",
        "- **ECE**, the expected calibration error: by how much the confidence misses what comes true, on average.",
        "- **AUC**: of two households, one above and one below the median, how often the right one ranks higher. For coupons: "
        "one that uses any, and one that doesn't.",
        "- **mean absolute error**: in days, of when a category is bought again; later than 35 days counts as 35.",
        "- **pinball loss**: of the 10th, 50th and 90th percentile of the price, in natural logarithms; less is better.",
        f"- **ten lines**: one household in {run.few.bucket} keeps only its last {run.few.lines} lines and is measured; the "
        "others stay whole, to learn from.",
        "- **served to**: for how many the chance of being right is worth the risk of being wrong. For the others the "
        "broker is silent.",
        "",
        f"The exports have SHA-256 `{run.whole.sha256}` (whole) and `{run.little.sha256}` (ten lines): the same everywhere.",
        "",
    ]
    path.write_text("\n".join(text), encoding="utf-8")
