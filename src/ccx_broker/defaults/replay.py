"""The same engine without a broker: from a file of events to a file of predictions.

Events come as JSON lines in the shape of `POST /v1/events`; predictions go out as `defaults-eval/1`
(docs/defaults.md). What is typical and how sure a guess may be is learnt from the file itself.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from ccx_broker.defaults.calibration import History, calibrate
from ccx_broker.defaults.predictions import predict
from ccx_broker.defaults.rules import learn_from
from ccx_broker.defaults.rules.interface import Progress
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.population import fold_of
from ccx_broker.kit.unusable import Unusable

SCHEMA = "defaults-eval/1"


def replay(events: Path, bars: Mapping[str, float], progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Return the predictions for every customer in the file.

    Raises `Unusable` that names the line which is no event.
    """
    histories = read(events)
    for observations in histories.values():
        observations.sort(key=attrgetter("at"))
    folded = {who: History(fold_of(who.encode()), seen) for who, seen in histories.items()}
    population = calibrate([h for h in folded.values() if h.observations], progress)
    customers = {}
    for i, (who, history) in enumerate(folded.items()):
        progress("guessing", i, len(folded))
        states = learn_from({}, history.observations)
        customers[who] = predict(states, population.view(history.fold), bars)
    return {"schema": SCHEMA, "customers": customers}


def read(events: Path) -> dict[str, list[Observation]]:
    """Return what may be learnt of each customer in the file, in the order in which it is there."""
    found: dict[str, list[Observation]] = {}
    for number, line in _lines(events):
        try:
            event = json.loads(line)
            who, at = str(event["userId"]), datetime.fromisoformat(event["timestamp"])
            mine = found.setdefault(who, [])
            if event["type"] != "track":
                continue
            seen = observe(
                event["event"], "replay", at, event.get("properties", {}), event.get("context", {})
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unusable(f"Line {number} of {events} is no event: {error!r}.") from error
        if seen is not None:
            mine.append(seen)
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} can't be read: {error}.") from error
