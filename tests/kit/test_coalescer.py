import asyncio
from collections.abc import Sequence

import pytest

from ccx_broker.kit.coalescer import Coalescer, Overloaded


class Slow:
    """Doubles numbers, a group at a time, and only when told to go on."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go_on = asyncio.Semaphore(0)

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        await self.go_on.acquire()
        if 13 in numbers:
            raise ValueError("thirteen")
        return [2 * n for n in numbers]


def make(
    slow: Slow, *, at_once: int = 1, largest: int = 100, most_waiting: int = 1000
) -> Coalescer[int, int]:
    return Coalescer(slow.double, largest=largest, at_once=at_once, most_waiting=most_waiting)


def test_questions_asked_meanwhile_become_the_next_group_and_each_gets_its_own_answer() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow)
        first = gathered.ask(1)
        await asyncio.sleep(0)
        rest = [gathered.ask(n) for n in range(2, 6)]
        slow.go_on.release()
        assert await first == 2
        slow.go_on.release()
        assert await asyncio.gather(*rest) == [4, 6, 8, 10]
        assert slow.groups == [[1], [2, 3, 4, 5]]

    asyncio.run(play())


def test_a_question_never_joins_a_group_that_is_already_under_way() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow)
        gathered.ask(1)
        await asyncio.sleep(0)
        assert slow.groups == [[1]]
        late = gathered.ask(2)
        await asyncio.sleep(0)
        assert slow.groups == [[1]], "the group that had begun was handed a later question"
        slow.go_on.release()
        slow.go_on.release()
        assert await late == 4

    asyncio.run(play())


def test_groups_are_bounded_in_size_and_number() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow, at_once=2, largest=3)
        answers = [gathered.ask(n) for n in range(10)]
        await asyncio.sleep(0)
        assert [len(group) for group in slow.groups] == [3, 3]
        for _ in range(10):
            slow.go_on.release()
        assert await asyncio.gather(*answers) == [2 * n for n in range(10)]
        assert max(len(group) for group in slow.groups) == 3

    asyncio.run(play())


def test_a_failed_group_fails_all_its_questions_and_only_them() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow, largest=2)
        answers = [gathered.ask(n) for n in (12, 13, 14, 15)]
        for _ in range(2):
            slow.go_on.release()
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert [type(r) for r in results[:2]] == [ValueError, ValueError]
        assert results[2:] == [28, 30]

    asyncio.run(play())


def test_a_caller_that_hangs_up_takes_nobody_along() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow)
        gone, stays = gathered.ask(1), gathered.ask(2)
        await asyncio.sleep(0)
        gone.cancel()
        slow.go_on.release()
        assert await stays == 4

    asyncio.run(play())


def test_too_many_waiting_are_refused_at_once() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow, most_waiting=2)
        gathered.ask(1)
        await asyncio.sleep(0)
        gathered.ask(2)
        gathered.ask(3)
        with pytest.raises(Overloaded):
            gathered.ask(4)
        for _ in range(5):
            slow.go_on.release()

    asyncio.run(play())


def test_a_group_starts_beside_another_only_if_it_is_as_large() -> None:
    async def play() -> None:
        slow = Slow()
        gathered = make(slow, at_once=2)
        first = [gathered.ask(n) for n in range(3)]
        await asyncio.sleep(0)
        second = [gathered.ask(n) for n in range(3, 5)]
        await asyncio.sleep(0)
        assert slow.groups == [[0, 1, 2]], "a small group cost as much as a large one"
        second.append(gathered.ask(5))
        await asyncio.sleep(0)
        assert slow.groups == [[0, 1, 2], [3, 4, 5]]
        last = gathered.ask(6)
        slow.go_on.release()
        assert await asyncio.gather(*first) == [0, 2, 4]
        assert len(slow.groups) == 2, "too few wait, and the other group will see to them"
        slow.go_on.release()
        assert await asyncio.gather(*second) == [6, 8, 10]
        slow.go_on.release()
        assert await last == 12

    asyncio.run(play())


def test_nobody_is_forgotten_whatever_the_groups_do() -> None:
    """Asked one by one, in bursts and while groups fail, every question gets its own answer or an error."""

    async def double(numbers: Sequence[int]) -> list[int]:
        await asyncio.sleep(0.001 * (numbers[0] % 3))
        if numbers[0] % 7 == 0:
            raise ValueError
        return [2 * n for n in numbers]

    async def play(at_once: int) -> None:
        gathered = Coalescer(double, largest=5, at_once=at_once, most_waiting=1000)
        answers: list[asyncio.Future[int]] = []
        for n in range(400):
            answers.append(gathered.ask(n))
            if n % 11 == 0 or n % 17 < 3:
                await asyncio.sleep(0.0005 * (n % 4))
        got = await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), 20)
        assert all(answer == 2 * n or isinstance(answer, ValueError) for n, answer in enumerate(got))
        assert sum(isinstance(answer, int) for answer in got) > 200

    for at_once in (1, 2, 3):
        asyncio.run(play(at_once))
