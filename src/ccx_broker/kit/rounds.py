"""What a running broker does by itself, now and again, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Rounds:
    """Does `work` again and again, until it says that nothing is left; then every so often, or when called for.

    `work` does one piece and tells whether it should go on at once. After each piece it rests `rest` times as
    long as the piece had the processor, however loudly it is called for: so requests keep at least
    `rest` / (1 + `rest`) of a core. Then it waits for `called`, `every` seconds at most. Work that fails is
    tried again after that time.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], bool],
        *,
        every: float,
        rest: float = 0.0,
        called: threading.Event | None = None,
    ) -> None:
        self.name, self.work, self.every, self.rest = name, work, every, rest
        self.called = threading.Event() if called is None else called
        self.stopping = threading.Event()
        self.failing: str | None = None
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with a first piece at once."""
        self.thread.start()

    def stop(self) -> None:
        """End, at the latest after a few seconds; what is left is done after the next start."""
        self.stopping.set()
        self.called.set()
        self.thread.join(3)

    def _run(self) -> None:
        while not self.stopping.is_set():
            self.called.clear()  # before the work: who calls during it wants more of it
            begun = time.thread_time()
            more = self._work()
            self.stopping.wait(self.rest * (time.thread_time() - begun))
            if not more and not self.stopping.is_set():
                self.called.wait(self.every)

    def _work(self) -> bool:
        try:
            more = self.work()
        except Exception as error:  # the next time may succeed: a database or mail server comes back
            failing = type(error).__name__
            if failing != self.failing and not self.stopping.is_set():
                log.warning(
                    "%s wait: %s. It is tried again every %g seconds.",
                    self.name.capitalize(),
                    failing,
                    self.every,
                )
            self.failing = failing
            self.stopping.wait(self.every)
            return True
        self.failing = None
        return more
