"""The tables: what is held against what, and whether it is reached."""

import json
import math
import subprocess
import sys
from pathlib import Path

from bench.evaluation import report
from bench.evaluation.data import OUTER
from bench.evaluation.export import Exported, Few
from bench.evaluation.goals import SERVED, TEN_LINES, WHOLE, Goal, Range, least, most

ROOT = Path(__file__).parents[3]
FROZEN = json.loads(Path(__file__).with_name("frozen.json").read_text())
SCORES, SCORES_OF_FEW = (
    {task: {name: math.nan if it is None else it for name, it in of.items()} for task, of in FROZEN[which].items()}
    for which in ("whole", "few")
)  # fmt: skip
RUN = report.Run(
    fold="dev",
    cut=OUTER,
    few=Few(),
    whole=Exported(Path("whole.jsonl"), 60, 3442, 28818, "cafe"),
    little=Exported(Path("few.jsonl"), 60, 2346, 21243, "beef"),
    scores=SCORES,
    scores_of_few=SCORES_OF_FEW,
)


def test_every_goal_is_about_a_figure_that_is_measured() -> None:
    for goal in (*WHOLE, *TEN_LINES, *SERVED):
        assert goal.figure in FROZEN["whole"][goal.task], goal
        assert not goal.reach.holds(math.nan), "what was not measured is not reached"


def test_no_goal_is_behind_the_counters_unless_they_are_good_by_chance() -> None:
    assert [g.default for g in (*WHOLE, *SERVED) if g.reach.holds(g.floor) and g.figure != "band80"] == [
        "own brand"
    ]


def test_a_verdict_says_how_far_a_figure_is() -> None:
    goal = Goal("store", "ECE", "store", "ece", 0.158, most(0.04), most(0.02))
    verdicts = [goal.verdict({"store": {"ece": ece}}) for ece in (0.041, 0.04, 0.02, math.nan)]
    assert verdicts == ["not reached", "reached", "beyond", "not reached"]


def test_ranges_read_as_they_are_meant() -> None:
    assert [str(r) for r in (least(0.343), most(9.15), Range(0.78, 0.82))] == [
        "≥ 0.343",
        "≤ 9.15",
        "0.78 to 0.82",
    ]


def test_the_report_has_every_figure_and_says_what_it_is_of(tmp_path: Path) -> None:
    report.write(tmp_path / "defaults.md", RUN)
    text = (tmp_path / "defaults.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    assert len(rows) == len(WHOLE) + len(TEN_LINES) + len(SERVED) + 3 * 2
    assert [
        "usual categories",
        "next-basket recall@10",
        "0.340",
        "≥ 0.343",
        "≥ 0.35",
        "0.3483",
        "reached",
    ] in rows
    assert [
        "replenishment",
        "mean absolute error, days",
        "9.400",
        "≤ 9.15",
        "≤ 8.9",
        "8.92",
        "reached",
    ] in rows
    assert ["store", "0.81", "≥ 0.9", "62 %", "1.0000", "reached", "0 %", "–"] in rows
    assert "60 households (the half for development), 3,442 orders with 28,818 lines" in text
    assert "weeks 43 to 53 tell" in text
    assert "`cafe`" in text


def test_anybodys_predictions_can_be_scored(tmp_path: Path) -> None:
    nobody = tmp_path / "predictions.json"
    nobody.write_text(json.dumps({"schema": "defaults-eval/1", "customers": {}}))
    command = [sys.executable, "-m", "bench.evaluation", "--score", str(nobody), "--households", "60"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert json.loads(run.stdout)["shopping_day"]["coverage"] == 0
    assert json.loads(run.stdout)["shopping_day"]["n"] == FROZEN["whole"]["shopping_day"]["n"]
