"""Asks a server as fast as it answers, over a fixed number of connections, and checks every answer."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

from bench.questions import Question

TIMEOUT = 30.0  # seconds for the last answers to come in


@dataclass
class Round:
    """What one round came to. `latencies` are in seconds, one for each answer.

    `processor` is how long the server had the processor, in seconds: what else runs on the machine hardly changes it.
    """

    seconds: float = 0.0
    processor: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


class Connection(asyncio.Protocol):
    """One connection that sends its next request when the last was answered."""

    def __init__(self, question: Question, result: Round) -> None:
        self.question = question
        self.result = result
        self.ended = asyncio.get_running_loop().create_future()
        self.stopping = False
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self.ask()

    def ask(self) -> None:
        request, self.customer = self.question.ask()
        self.begun = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        lower = head.lower()
        start = lower.index(b"content-length: ") + 16
        if len(body) < int(lower[start:].split(b"\r\n", 1)[0]):
            return
        self.result.latencies.append(time.perf_counter() - self.begun)
        if not head.startswith(b"HTTP/1.1 200") or not self.question.is_right(body, self.customer):
            self.result.wrong.append(self.received)
        self.received = b""
        if self.stopping:
            self.transport.close()
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopping:
            self.result.wrong.append(f"the server hung up: {error}".encode())
        self.ended.set_result(None)


async def load(port: int, question: Question, *, connections: int, seconds: float) -> Round:
    """Ask for so many seconds, then let what is under way come in; all answers count."""
    result = Round()
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    protocols = [
        (await loop.create_connection(lambda: Connection(question, result), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for protocol in protocols:
        protocol.stopping = True
    await asyncio.wait_for(asyncio.gather(*(p.ended for p in protocols)), TIMEOUT)
    result.seconds = time.perf_counter() - begun
    return result
