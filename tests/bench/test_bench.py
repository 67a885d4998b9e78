import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.load import Round
from bench.questions import Introspection, Read, Token
from bench.report import RATIOS, percentile, rate, ratios, work

ROOT = Path(__file__).parents[2]


def rounds(*counts: int) -> list[Round]:
    return [Round(seconds=1.0, latencies=[n / 1000 for n in range(1, count + 1)]) for count in counts]


def test_a_disturbed_round_does_not_count() -> None:
    assert rate(rounds(100, 3, 101)) == 100


def test_percentiles_are_over_the_answers_of_all_rounds() -> None:
    assert percentile(rounds(50, 50), 50) == 26
    assert percentile(rounds(100), 99) == 100


def test_ratios_compare_neighbours_in_time() -> None:
    measured = {"as built, 1,000": rounds(50, 5), "bare FastAPI": rounds(100, 10)}
    assert ratios(measured) == ["consented read / bare FastAPI: 0.50"]


def test_work_is_for_each_answer() -> None:
    one = Round(seconds=1.0, processor=0.002, latencies=[0.1] * 20)
    assert work([one]) == pytest.approx(100)


def test_an_answer_about_another_customer_is_wrong() -> None:
    keys = b'"key":' * 5
    assert Read(9).is_right(b'{"subject":"ccxu_bench7"}' + keys, 7)
    assert not Read(9).is_right(b'{"subject":"ccxu_bench70"}' + keys, 7)
    assert not Read(9).is_right(b'{"subject":"ccxu_bench7"}', 7)
    assert Introspection(9).is_right(b'{"active":true,"sub":"ccxu_bench7"}', 7)
    assert not Introspection(9).is_right(b'{"active":true,"sub":"ccxu_bench8"}', 7)


def test_no_token_is_wrong() -> None:
    assert not Introspection(9).is_right(b'{"active":false}', 7)
    assert Token().is_right(b'{"token_type":"Bearer","access_token":"ccxa_x"}', 0)
    assert not Token().is_right(b'{"token_type":"DPoP","access_token":"ccxa_x"}', 0)


@pytest.mark.slow
def test_it_measures_prints_the_ratios_and_counts_the_ledger(tmp_path: Path) -> None:
    """Small and short: that it works, not what it finds."""
    results = tmp_path / "results.md"
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--rounds=1", "--seconds=0.3", f"--results={results}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    for name in RATIOS:
        assert re.search(rf"^{re.escape(name)}: \d+\.\d\d$", run.stdout, re.MULTILINE)
    assert re.search(r"every answer stands in the ledger: [\d,]+ lines", run.stdout)
    assert "| bare FastAPI |" in results.read_text()
