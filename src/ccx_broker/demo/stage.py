"""The broker and two supermarkets, each a process of its own: started, registered, and stopped again."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from ccx_broker.demo.shop_client import Credentials
from ccx_broker.demo.supermarket import ShopPlan
from ccx_broker.kit.unusable import Unusable

START_SECONDS = 60


@dataclass(frozen=True)
class ShopPart:
    """What a supermarket is in the story: how it is registered and what it asks for, by occasion."""

    name: str
    application: str
    complaints: str
    purpose: str
    needs: tuple[str, ...]
    scopes: dict[str, str]
    own_scopes: str = ""
    members: int = 0


@dataclass(frozen=True)
class Shop:
    """A supermarket that is up: its web site, and the way into its back office."""

    name: str
    address: str
    office: httpx2.Client


@dataclass(frozen=True)
class Program:
    """Runs `ccx-broker …` with one environment; what it says goes to a file until it fails."""

    environment: Mapping[str, str]
    log: Path

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command and return what it printed; raises `Unusable`."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "ccx_broker", *arguments, "--json"],
            env=self.environment,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        if done.returncode:
            raise Unusable(f"`ccx-broker {' '.join(arguments)}` failed: {done.stderr.strip()}")
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    @contextmanager
    def started(
        self, *arguments: str, keep_open: tuple[int, ...] = (), stdin: int = subprocess.DEVNULL
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program until the block ends.

        In a session of its own, so that Ctrl-C reaches the demo alone, which stops one after the other.
        """
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                stdin=stdin,
                pass_fds=keep_open,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_for(self, address: str, process: subprocess.Popen[bytes]) -> None:
        """Return once `address` answers; raises `Unusable` with what the program said."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx2.get(address, timeout=5).is_success:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        said = self.log.read_text(errors="replace").strip()[-2000:]
        raise Unusable(f"A part of the demo does not start at {address}.\n{said}")


@dataclass
class Stage:
    """Everything that runs; closing `stack` stops it, the last started first."""

    program: Program
    broker: str
    stack: ExitStack
    processes: list[subprocess.Popen[bytes]]

    def open_shops(self, parts: Sequence[ShopPart]) -> list[Shop]:
        """Register supermarkets by the command line, start them, and return once they answer."""
        shops = [self._begin(part) for part in parts]
        for shop, process in zip(shops, self.processes[-len(shops) :], strict=True):
            self.program.wait_for(f"{shop.address}/", process)
        return shops

    def _begin(self, part: ShopPart) -> Shop:
        listener = self.stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        made = self.program.json("organisation", "add", part.name, "--complaints", part.complaints)
        scopes = " ".join(dict.fromkeys(f"{' '.join(part.scopes.values())} {part.own_scopes}".split()))
        registered = self.program.json(
            *("application", "add", "--organisation", made["organisation_id"], "--name", part.application),
            *("--redirect-uri", f"{address}/back", "--scope", scopes),
            *("--purpose", part.purpose, "--needs", " ".join(part.needs)),
        )
        credentials = Credentials(
            self.broker, registered["client_id"], registered["client_secret"], f"{address}/back"
        )
        key = secrets.token_urlsafe(24)
        plan = ShopPlan(part.name, credentials, part.scopes, part.members, key, listener.fileno())
        process = self.stack.enter_context(
            self.program.started(
                "ccx_broker.demo.supermarket", stdin=subprocess.PIPE, keep_open=(listener.fileno(),)
            )
        )
        self.processes.append(process)
        assert process.stdin is not None  # noqa: S101
        process.stdin.write(plan.to_line().encode())
        process.stdin.flush()
        bearer = {"Authorization": f"Bearer {key}"}
        office = httpx2.Client(base_url=f"{address}/back-office", headers=bearer, timeout=120)
        return Shop(part.name, address, self.stack.enter_context(office))


@contextmanager
def staged(environment: Mapping[str, str], port: int | None, lock: int | None = None) -> Iterator[Stage]:
    """Run the broker on loopback, on `port` or else on 8000 or the next that is free, until the block ends."""
    port = port or _free_port()
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccx-demo-")), "log")
        ours = {"CCX_HOST": "127.0.0.1", "CCX_PORT": str(port), "CCX_ISSUER": address}
        program = Program({**environment, **ours}, log)
        process = stack.enter_context(
            program.started("ccx_broker", "serve", keep_open=() if lock is None else (lock,))
        )
        if lock is not None:
            os.pwrite(lock, f"{process.pid:<10}".encode(), 0)  # for who finds it locked
        program.wait_for(f"{address}/healthz", process)
        yield Stage(program, address, stack, [process])


def _free_port() -> int:
    for port in (8000, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as probe:
                return int(probe.getsockname()[1])
        except OSError:
            continue
    raise Unusable("There is no free port on 127.0.0.1.")
