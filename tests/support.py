"""What many tests need: a running broker, a customer, an application, a token."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

CLUSTER = "CCX_TEST_CLUSTER"
"""The environment variable with the address of the cluster's first database."""


def new_database(name: str) -> str:
    """Make a migrated database of this name, a copy of the cluster's first one, and return its address."""
    template = os.environ[CLUSTER]
    with psycopg.connect(template.replace("/ccx?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name} TEMPLATE ccx")  # type: ignore[arg-type]
    return template.replace("/ccx?", f"/{name}?")


@dataclass(frozen=True)
class Broker:
    """A server that is up: where it is, and the environment it and its command line share."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def cli(self, *arguments: str) -> str:
        """Run `ccx-broker …` beside the server and return what it printed; raises if it failed."""
        return subprocess.run(
            [sys.executable, "-m", "ccx_broker", *arguments],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def conclude(self) -> None:
        """Wait until the server has drawn all conclusions from what it was sent."""
        with psycopg.connect(self.environment["CCX_DATABASE_URL"], autocommit=True) as database:
            for _ in range(6000):
                due = database.execute("SELECT FROM estimator_states WHERE unconcluded <> '{}' LIMIT 1")
                if not due.rowcount:
                    return
                time.sleep(0.01)
        raise TimeoutError("Conclusions are still due after a minute.")


def need_program(*names: str) -> str:
    """Return the path of the first program of these that is installed.

    Without it the test skips, or fails where `CCX_TEST_REQUIRE` says that the machine must have it.
    """
    for name in names:
        if found := shutil.which(name):
            return found
    sentence = f"{' or '.join(names)} is not installed: this test drives it."
    if os.environ.get("CCX_TEST_REQUIRE"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def need_chromium() -> str:
    """Return the path of Chromium, for Playwright's `executable_path`; skips or fails without it."""
    return need_program("chromium", "chromium-browser", "google-chrome")


def need_node() -> str:
    """Return the path of Node; skips or fails without it."""
    return need_program("node", "nodejs")


def need_npm(package: str) -> Path:
    """Return the folder of a package that `tests/js` pins, installed if need be; skips or fails without it."""
    folder = Path(__file__).parent / "js"
    lock = json.loads((folder / "package-lock.json").read_text())["packages"][f"node_modules/{package}"]
    there = folder / "node_modules" / package
    # Several workers may want it at once, and `npm ci` begins by taking away what is there.
    with (folder / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        described = there / "package.json"
        if described.is_file() and json.loads(described.read_text())["version"] == lock["version"]:
            return there
        command = [need_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sentence = f"npm can't install {package}: {done.stderr.strip()[-200:]}"
        (pytest.fail if os.environ.get("CCX_TEST_REQUIRE") else pytest.skip)(sentence)
    return there


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def start_broker(database_url: str, **settings: str) -> Iterator[Broker]:
    """Run `ccx-broker serve` on a free port until the block ends; `settings` are further CCX_ variables."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"  # the issuer may be another's: two servers of one broker
    with tempfile.TemporaryDirectory(prefix="ccx-broker-") as data:
        environment = (
            os.environ
            | {
                "CCX_DATABASE_URL": database_url,
                "CCX_DATA_DIR": data,
                "CCX_PORT": str(port),
                "CCX_ISSUER": url,
                # The same secrets for every server of a run: two of them may share a database.
                "CCX_SECRET_KEY": "tests-secret-key-0123456789abcdef0123456789",
                "CCX_PASSWORD_KEY": "tests-password-key-0123456789abcdef01234567",
                # All tests come from one address, and many of them are about failing.
                "CCX_LIMIT_FAILURES": "1000000",
            }
            | settings
        )
        process = subprocess.Popen([sys.executable, "-m", "ccx_broker", "serve"], env=environment)
        try:
            wait_until_up(url, process)
            yield Broker(url, environment, process)
        finally:
            process.terminate()
            process.wait(20)


def wait_until_up(url: str, process: subprocess.Popen[bytes], *, seconds: float = 30) -> None:
    """Return once `/healthz` answers; raises if the process ended or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            if httpx2.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not answer within {seconds} seconds")
