"""Gathers questions that arrive while others are being answered, and answers them together.

A consented read costs a look-up, a ledger row and a commit. Done one by one, each request pays for three
trips to the database; gathered, a whole group does. Nothing waits on a timer and nothing is cached: a
question waits only while earlier groups are under way, and its own group starts after it was asked. So an
answer is never older than its question.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Overloaded(Exception):
    """More questions are waiting than will be answered in reasonable time: refuse rather than pile up."""


class Coalescer(Generic[Question, Answer]):
    """Turns single questions into groups for `answer_all`, which answers in the order of its questions.

    `largest`: questions in one group at most; `at_once`: groups under way at most (one is being decided
    while another waits for its commit); `most_waiting`: beyond it `ask` raises `Overloaded`.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]],
        *,
        largest: int,
        at_once: int,
        most_waiting: int,
    ) -> None:
        self._answer_all = answer_all
        self._largest = largest
        self._idle_groups = at_once
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self, question: Question) -> "asyncio.Future[Answer]":
        """Return the answer to come. It carries the error if the question's group failed."""
        if len(self._waiting) >= self._most_waiting:
            raise Overloaded
        # Asked for once: until Python 3.12 every `get_running_loop` is a system call, 4 % of a read.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        if self._idle_groups:
            self._idle_groups -= 1
            task = loop.create_task(self._work())
            self._tasks.add(task)  # the loop itself keeps only a weak reference
            task.add_done_callback(self._tasks.discard)
        return answer

    async def _work(self) -> None:
        """Answer group after group until nobody waits."""
        try:
            while self._waiting:
                size = min(len(self._waiting), self._largest)
                await self._answer([self._waiting.popleft() for _ in range(size)])
        finally:
            self._idle_groups += 1

    async def _answer(self, group: Sequence[tuple[Question, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._answer_all([question for question, _ in group])
        except BaseException as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else Overloaded())
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():  # a caller that hung up has cancelled it
                future.set_result(answer)
