"""The command line as an operator meets it: whole processes, their exit codes and what they print."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ccx_broker.cli import openapi_document
from tests.support import free_port, wait_until_up

DOCUMENT = Path(__file__).parents[2] / "openapi" / "openapi.json"


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Settings of a broker with a data folder and a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(prefix="ccx-cli-") as folder:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CCX_")}
        yield clean | {"CCX_DATA_DIR": f"{folder}", "CCX_PORT": str(free_port())}


def run(environment: dict[str, str], *arguments: str, cwd: str = "/") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccx_broker", *arguments],
        env=environment,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ccx_broker", "serve"],
        env=environment,
        cwd="/",
        # A run in the background has Ctrl-C switched off, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    wait_until_up(f"http://127.0.0.1:{environment['CCX_PORT']}", process)
    return process


def postmaster_file(environment: dict[str, str]) -> Path:
    return Path(environment["CCX_DATA_DIR"], "postgres", "postmaster.pid")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_serve_brings_its_own_database_and_takes_it_along(
    environment: dict[str, str], number: signal.Signals, code: int
) -> None:
    process = start(environment)
    assert postmaster_file(environment).exists()
    process.send_signal(number)
    assert process.wait(60) == code
    assert not postmaster_file(environment).exists()


@pytest.mark.slow
def test_commands_work_beside_a_running_server_and_a_killed_one_can_be_started_again(
    environment: dict[str, str],
) -> None:
    process = start(environment)
    assert run(environment, "migrate").returncode == 0
    assert httpx2.get(f"http://127.0.0.1:{environment['CCX_PORT']}/healthz").status_code == 200
    process.kill()
    process.wait()
    assert postmaster_file(environment).exists()
    again = start(environment)
    again.terminate()
    assert again.wait(60) == 0
    assert not postmaster_file(environment).exists()


def test_a_port_in_use_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["CCX_PORT"]))):
        result = run(environment, "serve")
    assert result.returncode == 2
    assert result.stderr.startswith(f"ccx-broker: Can't listen on 127.0.0.1 port {environment['CCX_PORT']} ")
    assert "set CCX_PORT or CCX_HOST" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_out_of_reach_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    result = run(environment | {"CCX_DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/d"}, "serve")
    assert result.returncode == 2
    assert result.stderr.startswith(
        "ccx-broker: The database can't be reached: start it or correct CCX_DATABASE_URL"
    )
    assert "Traceback" not in result.stderr
    assert "geheim" not in result.stderr


def test_a_wrong_setting_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    result = run(environment | {"CCX_THREADS": "many"}, "serve")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == ("ccx-broker: CCX_THREADS is 'many': set it to a whole number from 1 to 150.\n")


def test_the_settings_are_printed_without_the_secrets(environment: dict[str, str]) -> None:
    given = {"CCX_SECRET_KEY": "geheim-1", "CCX_PASSWORD_KEY": "geheim-2"}
    result = run(environment | given | {"CCX_DATABASE_URL": "postgresql://u:geheim@h/d"}, "check-settings")
    assert result.returncode == 0
    assert "CCX_THREADS: 20\n" in result.stdout
    assert "CCX_SECRET_KEY: (set, not shown)\n" in result.stdout
    assert "geheim" not in result.stdout + result.stderr


def test_the_openapi_document_is_current() -> None:
    assert DOCUMENT.read_text() == openapi_document(), "The API has changed: run `ccx-broker openapi`."


def test_the_openapi_document_does_not_depend_on_settings(environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        other = environment | {"CCX_ISSUER": "https://ccx.example.org", "PYTHONHASHSEED": "7"}
        assert run(other, "openapi", "--output", "deep/openapi.json", cwd=folder).returncode == 0
        written = Path(folder, "deep", "openapi.json").read_text()
    assert written == openapi_document()
    assert json.loads(written)["openapi"].startswith("3.")
