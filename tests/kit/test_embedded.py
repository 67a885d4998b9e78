"""The program's own PostgreSQL, used by real processes: as root, and as an ordinary user."""

import atexit
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import psycopg
import pytest

from ccx_broker.kit.embedded import LONGEST_SOCKET, SOCKET, EmbeddedPostgres, EmbeddedPostgresError
from ccx_broker.kit.postgres_programs import copy_programs

pytestmark = pytest.mark.slow

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(
    not ROOT, reason="Only root can become another user: run the tests as root too."
)


@dataclass
class User:
    """One process that uses the cluster."""

    process: subprocess.Popen[str]
    url: str

    def leave(self) -> None:
        self.process.communicate("", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Place:
    """A data folder and who uses it."""

    folder: Path
    uid: int
    python_path: str = ""

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    def begin(self, **settings: str) -> subprocess.Popen[str]:
        """Start a process and don't wait for it."""
        child = Path(__file__).with_name("embedded_child.py")
        return subprocess.Popen(
            [sys.executable, str(child), str(self.folder), str(self.uid), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([self.python_path, *filter(None, sys.path)])},
        )

    def join(self, **settings: str) -> User:
        """Start a process and wait until it has its address."""
        return joined(self.begin(**settings))

    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.cluster / "postmaster.pid").read_text().split()[0]))

    def is_stopped(self) -> bool:
        return not (self.cluster / "postmaster.pid").exists()


def joined(process: subprocess.Popen[str]) -> User:
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line.startswith("postgresql://"), line
    return User(process, line)


@cache
def programs() -> Path:
    """A copy that everyone can run, one for all tests of this process."""
    parent = tempfile.TemporaryDirectory(prefix="ccx-programs-")
    atexit.register(parent.cleanup)
    Path(parent.name).chmod(0o755)
    copy_programs(Path(parent.name, "all"))
    return Path(parent.name, "all")


@contextmanager
def place(uid: int) -> Iterator[Place]:
    # Not below pytest's own folder, which only its owner may enter.
    parent = Path(tempfile.mkdtemp(prefix="ccx-embedded-"))
    parent.chmod(0o755)
    folder = parent / "data"
    folder.mkdir()
    found = Place(folder, uid)
    if uid >= 0:
        os.chown(folder, uid, pwd.getpwuid(uid).pw_gid)
        # An ordinary user runs only what it can read; the environment under test may be root's alone.
        found.python_path = str(programs())
    yield found
    if not found.is_stopped():
        with psycopg.connect(found.join().url):
            pass
    shutil.rmtree(parent)


@pytest.fixture(params=[pytest.param("root", marks=needs_root), "user"])
def here(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh data folder: root's, and an ordinary user's."""
    nobody = pwd.getpwnam("nobody").pw_uid
    with place(nobody if ROOT and request.param == "user" else -1) as found:
        yield found


def write(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def read(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_data_outlives_the_server_which_the_last_user_stops(here: Place) -> None:
    first = here.join()
    write(first.url, 1)
    second = here.join()
    assert second.url == first.url
    first.leave()
    assert read(second.url) == [1]
    second.leave()
    assert here.is_stopped()
    third = here.join()
    assert read(third.url) == [1]
    third.leave()


def test_many_first_starts_at_once_make_one_cluster(here: Place) -> None:
    users = [joined(process) for process in [here.begin() for _ in range(4)]]
    assert len({user.url for user in users}) == 1
    for number, user in enumerate(users):
        write(user.url, number)
    assert read(users[0].url) == [0, 1, 2, 3]
    for user in users:
        assert not here.is_stopped()
        user.leave()
    assert here.is_stopped()


def test_a_killed_program_leaves_a_server_that_the_next_one_joins_and_stops(here: Place) -> None:
    killed = here.join()
    write(killed.url, 1)
    killed.kill()
    left = here.postmaster()
    assert left.is_running()
    user = here.join()
    assert here.postmaster().pid == left.pid
    assert read(user.url) == [1]
    user.leave()
    assert here.is_stopped()


def test_a_killed_user_does_not_count_as_one(here: Place) -> None:
    user, killed = here.join(), here.join()
    killed.kill()
    user.leave()
    assert here.is_stopped()


def test_a_killed_server_is_started_again_with_all_that_was_committed(here: Place) -> None:
    user = here.join()
    write(user.url, 1)
    here.postmaster().kill()
    user.kill()
    again = here.join()
    assert read(again.url) == [1]
    again.leave()


def test_a_killed_server_is_started_again_beside_a_program_that_still_runs(here: Place) -> None:
    first = here.join()
    write(first.url, 1)
    here.postmaster().kill()
    second = here.join()
    assert read(first.url) == [1]
    first.leave()
    assert read(second.url) == [1]
    second.leave()
    assert here.is_stopped()


def test_backends_that_outlive_their_server_are_waited_for(here: Place) -> None:
    user = here.join()
    write(user.url, 1)
    with psycopg.connect(user.url, autocommit=True) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()  # it can't notice that its postmaster is gone
        here.postmaster().kill()
        user.kill()
        next_one = here.begin()
        wait_for(lambda: "shared memory block" in (here.cluster / "server.log").read_text())
        backend.resume()
        again = joined(next_one)
    assert read(again.url) == [1]
    again.leave()


def test_another_program_with_the_old_process_id_does_not_matter(here: Place) -> None:
    user = here.join()
    write(user.url, 1)
    here.postmaster().kill()
    user.kill()
    file = here.cluster / "postmaster.pid"
    owner = file.stat().st_uid
    other = subprocess.Popen(["sleep", "600"], **({"user": owner} if ROOT else {}))  # type: ignore[call-overload]
    try:
        file.write_text("\n".join([str(other.pid), *file.read_text().splitlines()[1:], ""]))
        again = here.join()
        assert read(again.url) == [1]
        again.leave()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_kill_while_the_cluster_is_made_leaves_nothing_half_made(here: Place) -> None:
    process = here.begin()
    wait_for((here.folder / "postgres.unfinished" / "PG_VERSION").exists)
    process.kill()
    process.wait()
    assert not here.cluster.exists()
    user = here.join()
    write(user.url, 1)
    user.leave()


@pytest.mark.slow
def test_a_recovery_may_take_longer_than_ten_seconds_and_survive_its_starter(here: Place) -> None:
    here.join().leave()
    # Each file that recovery asks the archive for takes its time; then it goes on with what it has.
    signal_file = here.cluster / "recovery.signal"
    signal_file.touch()
    os.chown(signal_file, here.cluster.stat().st_uid, -1)
    killed = here.begin(restore_command="sleep 6; exit 1")
    wait_for(lambda: not here.is_stopped())
    killed.kill()
    killed.wait()
    before = time.monotonic()
    user = here.join()
    assert time.monotonic() - before > 10  # that it was long enough to prove anything
    user.leave()
    assert here.is_stopped()


def test_a_path_too_long_for_a_socket_is_no_trouble(here: Place) -> None:
    here.folder = here.folder / ("long" * 30)
    here.folder.mkdir()
    if here.uid >= 0:
        os.chown(here.folder, here.uid, -1)
    assert len(os.fsencode(here.cluster / SOCKET)) > LONGEST_SOCKET
    user = here.join()
    write(user.url, 1)
    with psycopg.connect(user.url) as connection:
        folder = Path(connection.info.host)
    found = folder.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (here.cluster.stat().st_uid, 0o700)
    user.leave()
    assert not folder.exists()


def test_a_path_may_hold_blanks_and_apostrophes(here: Place) -> None:
    here.folder = here.folder / "a b c'd"
    here.folder.mkdir()
    if here.uid >= 0:
        os.chown(here.folder, here.uid, -1)
    user = here.join()
    write(user.url, 1)
    assert read(user.url) == [1]
    user.leave()


@needs_root
def test_no_other_user_reaches_the_socket(here: Place) -> None:
    user = here.join()
    child = os.fork()
    if child == 0:  # no test code may run on in the child: it ends here, whatever happens
        try:
            os.setgroups([])
            os.setuid(pwd.getpwnam("daemon").pw_uid)
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(here.cluster / SOCKET))
        except PermissionError:
            os._exit(13)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 13
    with socket.socket(socket.AF_UNIX) as owner:
        owner.connect(str(here.cluster / SOCKET))
    user.leave()


def test_it_listens_on_no_network_address_and_serves_several_brokers(here: Place) -> None:
    user = here.join()
    assert here.postmaster().net_connections("inet") == []
    with psycopg.connect(user.url) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("200",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    user.leave()


@needs_root
@pytest.mark.parametrize("here", ["root"], indirect=True)
def test_programs_that_the_servers_account_cannot_reach_are_copied(here: Place) -> None:
    private = here.folder.parent / "private"
    copy_programs(private)
    private.chmod(0o700)
    here.python_path = str(private)
    user = here.join()
    write(user.url, 1)
    assert Path(here.postmaster().exe()).is_relative_to(here.folder)
    user.leave()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@needs_root
def test_another_users_data_is_refused_in_a_sentence(here: Place) -> None:
    here.join().leave()
    here.uid = pwd.getpwnam("daemon").pw_uid
    process = here.begin()
    answer, _ = process.communicate(timeout=60)
    assert "belongs to another user: start the broker as that user, or set CCX_DATA_DIR." in answer
    assert process.returncode == 0


def test_a_path_that_a_shell_would_read_is_refused() -> None:
    with (
        pytest.raises(EmbeddedPostgresError, match="a path without commas, quotation marks"),
        EmbeddedPostgres(Path("/tmp/ccx-$HOME")),
    ):
        pass


@needs_root
def test_a_folder_above_that_postgres_cannot_enter_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with (
        pytest.raises(
            EmbeddedPostgresError, match=f"can't enter {tmp_path}: chmod o\\+x it, or set CCX_DATA_DIR"
        ),
        EmbeddedPostgres(tmp_path / "data"),
    ):
        pass


@needs_root
def test_root_never_uses_a_home_folder() -> None:
    home = Path(pwd.getpwuid(0).pw_dir)
    with (
        pytest.raises(EmbeddedPostgresError, match="set CCX_DATA_DIR to another place"),
        EmbeddedPostgres(home / "ccx" / "data"),
    ):
        pass
    assert not (home / "ccx").exists()


def test_a_server_stopped_by_somebody_else_is_started_again(here: Place) -> None:
    first = here.join()
    write(first.url, 1)
    here.postmaster().send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    second = here.join()
    assert read(second.url) == [1]
    first.leave()
    second.leave()
    assert here.is_stopped()
