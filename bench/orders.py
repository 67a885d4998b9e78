"""Real orders of about twelve lines, in the order in which they were made: what shops' tills would send.

A year of them is one long queue of all customers. The first part is learnt before anything is measured, so that
customers have a past; the rest is sent, and begins anew with other message ids when it is over.
"""

from collections.abc import Iterator
from itertools import count
from operator import itemgetter
from typing import Any

from bench.evaluation.data import OUTER, load
from bench.evaluation.export import orders

BATCH = 100
PAST = "2017-07-01"
"""What was bought before is known when the measurement begins."""

Order = dict[str, Any]


class Queue:
    """The orders of so many households, as those of the customers 1, 2 … of `bench.seed`."""

    def __init__(self, customers: int) -> None:
        purchases = load("all", OUTER)
        households = purchases.households(customers)
        numbers = {f"hh-{household}": number for number, household in enumerate(households, 1)}
        lines = purchases.lines[purchases.lines.household_id.isin(households)]
        made = sorted(orders(lines), key=itemgetter("timestamp", "messageId"))
        named = [order | {"userId": f"ccxu_bench{numbers[order['userId']]}"} for order in made]
        self.past = [order for order in named if order["timestamp"] < PAST]
        self.coming = [order for order in named if order["timestamp"] >= PAST]

    def batches(self) -> Iterator[list[Order]]:
        """Yield `BATCH` orders at a time, for ever; each time they concern nearly as many customers."""
        for turn in count():
            for start in range(0, len(self.coming) - BATCH + 1, BATCH):
                batch = self.coming[start : start + BATCH]
                yield [order | {"messageId": f"{order['messageId']}-{turn}"} for order in batch]


def number_of(order: Order) -> int:
    """Return the number of the customer whose order it is."""
    return int(order["userId"].removeprefix("ccxu_bench"))
