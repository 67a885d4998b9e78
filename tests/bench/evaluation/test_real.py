"""Sixty real households: what is exported, and every figure of a simple predictor, as they were found once.

The figures come from a second implementation of the same definitions, so they check this one, and any drift shows.
"""

import json
from pathlib import Path

import pytest

from bench.evaluation.data import OUTER, Purchases, cold, in_fold, load
from bench.evaluation.export import Few, export
from bench.evaluation.labels import label
from bench.evaluation.predictions import by_household
from bench.evaluation.score import score
from tests.bench.evaluation.counting import predict

FROZEN = json.loads(Path(__file__).with_name("frozen.json").read_text())
FEW = Few(lines=10, bucket=3)
SHA256 = {
    "whole": "6d57939457493b77d4f5c25e18a9bc953aad9d11415c70a69fd8235492a3e7e7",
    "few": "97d8ab784fcbfbeb78b48adbaf583540de6ed58bca08858700e460365d31b7d0",
}


@pytest.fixture(scope="module")
def purchases() -> Purchases:
    return load("dev", OUTER)


@pytest.mark.parametrize(("name", "few"), [("whole", None), ("few", FEW)])
def test_the_figures_are_what_they_were(
    purchases: Purchases, tmp_path: Path, name: str, few: Few | None
) -> None:
    households = purchases.households(60)
    exported = export(purchases, households, tmp_path / "events.jsonl", few)
    assert exported.sha256 == SHA256[name]
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]
    measured = cold(households, FEW.bucket) if few else households
    scores = score(by_household(predict(exported.path)), label(purchases, measured))
    assert scores.keys() == FROZEN[name].keys()
    for task, figures in FROZEN[name].items():
        expected = {figure: float("nan") if it is None else it for figure, it in figures.items()}
        assert scores[task] == pytest.approx(expected, abs=1e-6, nan_ok=True), task


def test_of_few_households_each_is_one_of_many(purchases: Purchases) -> None:
    many = purchases.households()
    assert len(many) == 1144
    assert set(purchases.households(60)) < set(purchases.households(300)) < set(many)
    assert 300 < len(cold(many, 3)) < 460


def test_every_household_is_in_one_half() -> None:
    for household in range(1, 100):
        assert in_fold(household, "dev") != in_fold(household, "other")
        assert in_fold(household, "all")


def test_of_a_cold_household_only_its_last_usable_lines_are_known(
    purchases: Purchases, tmp_path: Path
) -> None:
    households = purchases.households(12)
    little = {f"hh-{i}" for i in cold(households, FEW.bucket)}
    assert 0 < len(little) < len(households)
    lines: dict[str, int] = {}
    for line in export(purchases, households, tmp_path / "few.jsonl", FEW).path.read_text().splitlines():
        event = json.loads(line)
        assert event["timestamp"] < "2017-10-17", "nothing of the weeks that are to be predicted"
        lines[event["userId"]] = lines.get(event["userId"], 0) + len(event["properties"]["products"])
    assert {lines[i] for i in little} == {FEW.lines}
    assert min(count for i, count in lines.items() if i not in little) > FEW.lines
