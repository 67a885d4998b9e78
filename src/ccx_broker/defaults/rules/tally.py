"""A decayed count per name, with a cap on the names: what most estimators remember.

As JSON: `{"n": how many, "w": their weight, "first": day, "last": day, "at": latest second,
"of": {name: [how many, weight]}}`. `n` and `w` cover everything ever counted, also names let go since.
"""

from collections.abc import Sequence
from typing import Any

from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.observation import Observation

Tally = dict[str, Any]


def empty() -> Tally:
    """Return a tally of nothing."""
    return {"n": 0, "w": 0, "first": "", "last": "", "at": 0, "of": {}}


def add(
    tally: Tally, names: Sequence[str], observation: Observation, decay: Decay, *, tries: int, cap: int
) -> Tally:
    """Return `tally` with one more of each of `names` (repeats count), out of `tries` more chances."""
    weight = decay.weight(observation.second)
    of = dict(tally["of"])
    for name in names:
        times, heavy = of.get(name, (0, 0))
        of[name] = [times + 1, heavy + weight]
    day = observation.day
    return {
        "n": tally["n"] + tries,
        "w": tally["w"] + tries * weight,
        "first": min(tally["first"] or day, day),
        "last": max(tally["last"], day),
        "at": max(tally["at"], observation.second),
        "of": of if len(of) <= cap else heaviest(of, cap - cap // 4),
    }


def heaviest(of: dict[str, list[int]], keep: int) -> dict[str, list[int]]:
    """Return the `keep` heaviest names. A quarter goes at a time, so that most updates need not sort."""
    return dict(sorted(of.items(), key=lambda item: (-item[1][1], item[0]))[:keep])


def ranked(tally: Tally, decay: Decay) -> list[tuple[str, int, float]]:
    """Return (name, how many, decayed count as of the latest observation), most first."""
    present = tally["at"]
    return [
        (name, times, decay.as_of(weight, present))
        for name, (times, weight) in sorted(tally["of"].items(), key=lambda i: (-i[1][1], i[0]))
    ]


def total(tally: Tally, decay: Decay) -> float:
    """Return the decayed count of all chances, as of the latest observation."""
    return decay.as_of(tally["w"], tally["at"])
