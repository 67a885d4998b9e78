"""Fit the numbers that ship with the program, on the first 42 weeks of the development fold.

python -m bench.evaluation.models
"""

import json
import tempfile
from operator import attrgetter
from pathlib import Path

from bench.evaluation.data import OUTER, load
from bench.evaluation.export import export
from ccx_broker.defaults import calibration
from ccx_broker.defaults.calibration import History, backtest
from ccx_broker.defaults.replay import read
from ccx_broker.defaults.rules.population import fold_of

SHIPPED = Path(calibration.__file__).parent / "data" / "models.json"


def main() -> None:
    """Export, look back, fit, and write the file anew."""
    purchases = load("dev", OUTER)
    with tempfile.TemporaryDirectory() as folder:
        exported = export(purchases, purchases.households(None), Path(folder) / "history.jsonl", None)
        seen = read(exported.path)
    histories = [
        History(fold_of(who.encode()), sorted(observed, key=attrgetter("at")))
        for who, observed in seen.items()
        if observed
    ]
    fitted = {key: models for key, models in backtest(histories).items() if models}
    SHIPPED.write_text(json.dumps(fitted, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"{len(fitted)} keys of {len(histories)} households: {SHIPPED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
