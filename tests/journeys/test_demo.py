"""`ccx-broker demo` as a newcomer runs it: real purchases, real processes, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from ccx_broker.demo.browser import Browser
from tests.support import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder; not pytest's own, which PostgreSQL's account can't enter when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ccx-demo-test-") as made:
        yield Path(made)


def start(folder: Path, *options: str, **settings: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CCX_")}
    return subprocess.Popen(
        [sys.executable, "-m", "ccx_broker", "demo", *options],
        env=clean | {"CCX_DATA_DIR": str(folder), "CCX_PORT": str(free_port())} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def running(folder: Path) -> list[str]:
    """Return every process of this demo: all of them inherit its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CCX_DATA_DIR") == str(folder):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def step(told: str, title: str) -> str:
    """Return what is printed below a step's title."""
    found = re.search(rf"^\d+\. {re.escape(title)}\n(.*?)(?=^\d+\. |\Z)", told, re.MULTILINE | re.DOTALL)
    assert found, f"there is no step “{title}” in:\n{told}"
    return found[1]


def test_the_story_is_told_and_everything_is_stopped(folder: Path, database_url: str) -> None:
    demo = start(folder, "--once", "--households", "3", CCX_DATABASE_URL=database_url)
    told, _ = demo.communicate(timeout=180)
    assert demo.returncode == 0, told
    assert running(folder) == []

    assert "The broker took in all of their 72 orders." in step(told, "2 households move in")
    assert "The broker took all of them in: 62 orders." in step(told, "Alma's Market sends what she bought")
    guesses = step(told, "Guesses appear, each with its reason")
    assert "47 were on" in guesses
    assert "47 of your 62 visits" in guesses

    keys = re.compile(r"│ ([a-z_]+\.[a-z_]+) +│")
    assert sorted(keys.findall(step(told, "Alma's Market reads exactly those"))) == [
        "buy.day_time",
        "buy.store",
        "buy.substitution",
        "discover.categories",
        "discover.own_brand",
    ]
    assert "diet.allergens" in keys.findall(step(told, "Ada tries Tern & Co"))
    refused = step(told, "Alma's Market asks again and is refused")
    assert "broker answers: 401" in refused
    assert "broker answers: 404" in refused
    log = step(told, "The log shows every look and every refusal")
    assert len(re.findall(r"│ looked +│", log)) == 4
    assert len(re.findall(r"│ refused: ", log)) == 2
    assert "each went as told" in told
    assert max(len(line) for line in told.splitlines()) <= 80


def test_it_leaves_a_server_in_which_a_person_can_sign_in_and_see_a_consent_page(folder: Path) -> None:
    demo = start(folder, "--households", "1")
    assert demo.stdout is not None
    told = ""
    for line in demo.stdout:
        told += line
        if "Ctrl-C stops everything" in line:
            break
    invitation = dict(re.findall(r"│ (\S.*?) +│ (\S.*?) +│", step(told, "Now you")))
    with Browser() as browser:
        browser.open(invitation["A consent page"])
        browser.press("Sign in", {"email": invitation["Email"], "password": invitation["Password"]})
        assert browser.form_with("Share").boxes
        browser.press("Don't share")
        assert browser.page is not None
        assert "you share nothing with us" in browser.page.text
    assert any("postgres" in each for each in running(folder)), "it has a database of its own"

    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, rest
    assert running(folder) == []
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(invitation["Address"])
