"""Measure the defaults on real purchases: export, replay, score, and write `bench/defaults.md`."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import orjson
import platformdirs

from bench.evaluation import report
from bench.evaluation.data import FOLDS, INNER, OUTER, Cut, Fold, Purchases, cold, load
from bench.evaluation.export import Exported, Few, export
from bench.evaluation.goals import Scores
from bench.evaluation.labels import label
from bench.evaluation.predictions import by_household
from bench.evaluation.score import score

RESULTS = Path(__file__).parents[1] / "defaults.md"
CUTS = {"outer": OUTER, "inner": INNER}


def replay(events: Path, predictions: Path) -> None:
    """Let the broker's engine predict; exits if it fails."""
    command = [
        sys.executable,
        "-m",
        "ccx_broker",
        "defaults",
        "replay",
        str(events),
        "--out",
        str(predictions),
    ]
    begun = time.monotonic()
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"`ccx-broker defaults replay {events}` failed")
    say(f"predicted in {time.monotonic() - begun:.0f} s: {predictions}")


def measure(predictions: Path, purchases: Purchases, households: Collection[int]) -> Scores:
    """Score a file of predictions."""
    customers = orjson.loads(predictions.read_bytes())["customers"]
    return score(by_household(customers), label(purchases, households))


def evaluate(fold: Fold, cut: Cut, count: int | None, few: Few, folder: Path) -> report.Run:
    """Export, replay and score, with the whole history and with little of it; files are left in `folder`."""
    say("loading the purchases …")
    purchases = load(fold, cut)
    households = purchases.households(count)
    folder.mkdir(parents=True, exist_ok=True)

    def predict(name: str, little: Few | None) -> tuple[Exported, Path]:
        say(f"exporting {name} …")
        exported = export(purchases, households, folder / f"{name}.jsonl", little)
        say(f"{exported.orders:,} orders of {exported.households:,} households: {exported.path}")
        predictions = folder / f"{name}.predictions.json"
        replay(exported.path, predictions)
        return exported, predictions

    whole, of_whole = predict("whole", None)
    little, of_little = predict("few", few)
    say("scoring …")
    return report.Run(
        fold=fold,
        cut=cut,
        few=few,
        whole=whole,
        little=little,
        scores=measure(of_whole, purchases, households),
        scores_of_few=measure(of_little, purchases, cold(households, few.bucket)),
    )


def say(what: str) -> None:
    """Tell how far it is."""
    print(what, flush=True)


def main() -> None:
    """Evaluate, print the tables and keep them; or score a file of predictions that somebody else made."""
    options = argparse.ArgumentParser(prog="python -m bench.evaluation", description=__doc__)
    options.add_argument("--fold", choices=FOLDS, default="dev", help="which half of the households")
    options.add_argument("--cut", choices=CUTS, default="outer", help="inner: weeks 1-33 → 34-42, for tuning")
    options.add_argument("--households", type=int, metavar="N", help="only so many, always the same")
    options.add_argument(
        "--lines", type=int, default=10, help="that a household keeps of which little is known"
    )
    options.add_argument("--bucket", type=int, default=3, help="of one household in how many little is known")
    options.add_argument("--folder", type=Path, help="where exports, predictions and all figures are left")
    options.add_argument("--results", type=Path, help="the report; only the standard run is kept in bench/")
    options.add_argument(
        "--score", type=Path, metavar="FILE", help="score these predictions and do nothing else"
    )
    options.add_argument(
        "--few", action="store_true", help="with --score: they are of the export with few lines"
    )
    given = options.parse_args()
    fold, cut, few = given.fold, CUTS[given.cut], Few(given.lines, given.bucket)
    if given.score:
        purchases = load(fold, cut)
        households: Collection[int] = purchases.households(given.households)
        households = cold(households, few.bucket) if given.few else households
        print(json.dumps(measure(given.score, purchases, households), indent=1))
        return
    cache = platformdirs.user_cache_path("ccx-broker") / "evaluation"
    folder = (
        given.folder or cache / f"{fold}-{given.cut}-{given.households or 'all'}-{few.lines}-{few.bucket}"
    )
    run = evaluate(fold, cut, given.households, few, folder)
    standard = (fold, cut, given.households, few) == ("dev", OUTER, None, Few())
    results = given.results or (RESULTS if standard else folder / "defaults.md")
    figures = {"whole": run.scores, "few": run.scores_of_few}
    (folder / "figures.json").write_text(json.dumps(figures, indent=1))
    report.write(results, run)
    print("", *report.tables(run), f"All of it: {results} and {folder}", sep="\n")


if __name__ == "__main__":
    main()
