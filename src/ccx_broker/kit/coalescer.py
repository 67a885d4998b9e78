"""Gathers questions that arrive while others are being answered, and answers them together.

A consented read costs a look-up, a ledger row and a commit. Done one by one, each request pays for three
trips to the database; gathered, a whole group does. Nothing waits on a timer and nothing is cached: a
question waits only while earlier groups are under way, and its own group starts after it was asked. So an
answer is never older than its question.

A group costs the same whether it is small or large, so groups should be large; yet while one waits for its
commit, another could be at work. So one starts beside others only if it is as large as the last: on a quick
disk they follow each other, on a slow one they overlap.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
AnswerAll = Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]


class Overloaded(Exception):
    """More questions are waiting than will be answered in reasonable time: refuse rather than pile up."""


class Coalescer(Generic[Question, Answer]):
    """Turns single questions into groups for `answer_all`, which answers in the order of its questions.

    `largest`: questions in one group at most; `at_once`: groups under way at most; `most_waiting`: beyond it `ask` raises `Overloaded`.
    """

    def __init__(
        self, answer_all: AnswerAll[Question, Answer], *, largest: int, at_once: int, most_waiting: int
    ) -> None:
        self._answer_all = answer_all
        self._largest = largest
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._under_way = 0
        self._enough = largest
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
        if self._under_way < self._at_once and self._is_due(beside=self._under_way):
            self._under_way += 1
            self._enough = self._largest  # until this group has been gathered
            task = loop.create_task(self._work())
            self._tasks.add(task)  # the loop itself keeps only a weak reference
            task.add_done_callback(self._tasks.discard)
        return answer

    def _is_due(self, *, beside: int) -> bool:
        """Say whether a group is to start beside so many others."""
        return len(self._waiting) >= (self._enough if beside else 1)

    async def _work(self) -> None:
        """Answer group after group until none is due. Whoever still waits then is left to the others."""
        try:
            while self._waiting:
                size = self._enough = min(len(self._waiting), self._largest)
                await self._answer([self._waiting.popleft() for _ in range(size)])
                if not self._is_due(beside=self._under_way - 1):
                    break
        finally:
            self._under_way -= 1

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
