"""What the server computes when behaviour comes in, without the server: observing, learning, concluding."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bench.load import Round
from bench.orders import Order, Queue, number_of
from ccx_broker.defaults.calibration import History, calibrate
from ccx_broker.defaults.populations import BARS
from ccx_broker.defaults.rules import conclude_all, learn_from, memories_that_hear
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.population import fold_of

EARLY, LATE = 10, 10_000
PANEL = 5
"""Customers whose tenth and ten thousandth event are compared."""
TIMES = 50
"""How often each is learnt from. Learning is pure: it can be done again."""


class Learning:
    """Customers, by number, as they are known after the past of a queue, and what all of them teach."""

    def __init__(self, queue: Queue) -> None:
        self.batches = queue.batches()
        self.past = observed(queue.past)
        self.states = {number: learn_from({}, seen) for number, seen in self.past.items()}
        self.population = calibrate([History(fold(number), seen) for number, seen in self.past.items()])

    def take_in(self, batch: Iterable[Order], *, concluding: bool) -> None:
        """Learn from orders, and conclude about each of their customers at once if asked to."""
        for number, seen in observed(batch).items():
            self.states[number] = learn_from(self.states.get(number, {}), seen)
            if concluding:
                self.conclude(number, self.states[number], seen)

    def conclude(self, number: int, states: dict[str, Any], seen: Iterable[Observation]) -> None:
        """Draw the conclusions about a customer."""
        conclude_all(
            states, self.population.view(fold(number)), BARS, memories_that_hear({each.name for each in seen})
        )

    def measure(self, seconds: float, *, concluding: bool) -> Round:
        """Take batches in for so many seconds; a latency is a batch's."""
        result = Round()
        begun, worked = time.perf_counter(), time.process_time()
        while (now := time.perf_counter()) - begun < seconds:
            self.take_in(next(self.batches), concluding=concluding)
            result.latencies.append(time.perf_counter() - now)
        result.seconds, result.processor = time.perf_counter() - begun, time.process_time() - worked
        return result

    def growth(self) -> tuple[float, float]:
        """Return what learning from a customer's 10,000th order costs against the 10th.

        The second number is with the conclusions that follow.
        """
        longest = sorted(self.past, key=lambda number: (-len(self.past[number]), number))[:PANEL]
        learning, both = zip(*map(self.growth_of, longest), strict=True)
        return statistics.median(learning), statistics.median(both)

    def growth_of(self, number: int) -> tuple[float, float]:
        """Return that of one customer, whose past is learnt again and again, each time a minute later."""
        order, *others = self.past[number]
        early = learn_from({}, others[: EARLY - 1])
        late = learn_from({}, again(others, LATE - 1))

        def learn(states: dict[str, Any]) -> None:
            learn_from(states, [order])

        def learn_and_conclude(states: dict[str, Any]) -> None:
            self.conclude(number, learn_from(states, [order]), [order])

        return (
            cost(learn, late) / cost(learn, early),
            cost(learn_and_conclude, late) / cost(learn_and_conclude, early),
        )


def fold(number: int) -> int:
    """Return the fold of a customer."""
    return fold_of(b"%d" % number)


def observed(orders: Iterable[Order]) -> dict[int, list[Observation]]:
    """Return what may be learnt from orders, by the customer's number."""
    found: dict[int, list[Observation]] = {}
    for order in orders:
        at = datetime.fromisoformat(order["timestamp"])
        seen = observe(order["event"], "bench", at, order["properties"], order["context"])
        if seen is not None:  # of some orders nothing is left but fuel
            found.setdefault(number_of(order), []).append(seen)
    return found


def again(seen: list[Observation], times: int) -> Iterator[Observation]:
    """Yield so many of `seen`, over and over."""
    for i in range(times):
        turn, at = divmod(i, len(seen))
        yield replace(seen[at], at=seen[at].at + timedelta(minutes=turn))


def cost(work: Callable[[dict[str, Any]], None], states: dict[str, Any]) -> float:
    """Return the seconds that work on `states` takes, the median of some times."""
    each = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work(states)
        each.append(time.perf_counter() - begun)
    return statistics.median(each)
