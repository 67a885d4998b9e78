"""What the server does by itself goes on: when called for, when nobody calls, and after failures."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Semaphore

import pytest

from ccx_broker.kit.rounds import Rounds

LONG = 3600.0
PATIENCE = 30.0


@contextmanager
def running(rounds: Rounds) -> Iterator[None]:
    rounds.start()
    try:
        yield
    finally:
        rounds.stop()
    assert not rounds.thread.is_alive()


def counted(done: Semaphore, answers: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
    def work() -> bool:
        done.release()
        return answers()

    return work


def seen(done: Semaphore, times: int = 1) -> bool:
    return all(done.acquire(timeout=PATIENCE) for _ in range(times))


def test_it_begins_at_once_and_then_waits_to_be_called() -> None:
    done, called = Semaphore(0), Event()
    with running(Rounds("errands", counted(done), every=LONG, called=called)):
        assert seen(done)
        assert not done.acquire(timeout=0.05)
        called.set()
        assert seen(done)


def test_nobody_has_to_call() -> None:
    done = Semaphore(0)
    with running(Rounds("errands", counted(done), every=0.01)):
        assert seen(done, times=5)


def test_it_goes_on_while_there_is_more_to_do() -> None:
    done, left = Semaphore(0), iter([True, True, True, False])
    with running(Rounds("errands", counted(done, lambda: next(left)), every=LONG)):
        assert seen(done, times=4)
        assert not done.acquire(timeout=0.05)


def test_a_call_during_the_work_is_not_lost() -> None:
    called = Event()
    done, calls = Semaphore(0), iter([called.set, called.set])

    def work() -> bool:
        next(calls, lambda: None)()
        done.release()
        return False

    with running(Rounds("errands", work, every=LONG, called=called)):
        assert seen(done, times=3)
        assert not done.acquire(timeout=0.05)


def test_it_outlives_failures_and_tells_of_each_kind_once(caplog: pytest.LogCaptureFixture) -> None:
    done = Semaphore(0)
    outcomes = iter([OSError("secret"), OSError("secret"), ValueError("secret"), None, OSError("secret")])

    def work() -> bool:
        done.release()
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome
        return False

    with caplog.at_level(logging.WARNING), running(Rounds("errands", work, every=0.01)):
        assert seen(done, times=8)
    assert [record.getMessage() for record in caplog.records] == [
        "Errands wait: OSError. It is tried again every 0.01 seconds.",
        "Errands wait: ValueError. It is tried again every 0.01 seconds.",
        "Errands wait: OSError. It is tried again every 0.01 seconds.",
    ]


def test_a_rest_ends_when_the_server_does() -> None:
    done = Semaphore(0)

    def work() -> bool:
        sum(range(200_000))
        done.release()
        return True

    with running(Rounds("errands", work, every=LONG, rest=1e6)):
        assert seen(done)
        assert not done.acquire(timeout=0.05)
