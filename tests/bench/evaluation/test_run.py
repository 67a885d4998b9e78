"""The whole of it with few households: export, the broker's own engine, figures, a report."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.evaluation.goals import TEN_LINES, WHOLE

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_it_measures_what_the_engine_says_and_leaves_the_report_of_the_standard_run_alone(
    tmp_path: Path,
) -> None:
    kept = ROOT / "bench" / "defaults.md"
    before = kept.read_bytes() if kept.exists() else None
    command = [
        sys.executable,
        "-m",
        "bench.evaluation",
        "--cut=inner",
        "--households=90",
        f"--folder={tmp_path}",
    ]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    for goals, scores in ((WHOLE, figures["whole"]), (TEN_LINES, figures["few"])):
        assert all(goal.figure in scores[goal.task] for goal in goals)
    assert figures["whole"]["preferred_store"]["coverage"] > 0.9
    assert figures["whole"]["preferred_store"]["accuracy"] > 0.5, "chance would be one in a hundred stores"
    assert figures["few"]["preferred_store"]["n"] < figures["whole"]["preferred_store"]["n"]
    report = (tmp_path / "defaults.md").read_text()
    assert "weeks 34 to 42 tell" in report
    assert report.split("## How to read this")[0].split("## With the whole history")[1].strip() in run.stdout
    assert (kept.read_bytes() if kept.exists() else None) == before
