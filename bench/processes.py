"""Starts the servers of `bench.servers`, each as a process, and waits until they answer."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from ccx_broker.kit.listening import bound_socket


def free_port() -> int:
    """Return a port that nobody listens on."""
    with bound_socket("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


def ask(port: int) -> bytes:
    """Read the first customer; raises until the server is up."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/preferences", headers={"Authorization": "Bearer ccxa_bench1"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
        return body


@contextmanager
def server(which: str, source: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run one of `bench.servers` until the block ends; gives its port and process once it answers."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.servers", which, str(port), source])
    try:
        for _ in range(300):
            try:
                ask(port)
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"the server {which} ended with {process.returncode}")
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)
