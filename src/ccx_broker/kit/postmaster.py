"""Is the server of a cluster alive? What PostgreSQL's lock files say, and when they are wrong.

The kernel may have given the id of a killed server to another program, or, where nobody reaps the dead
(containers), keep it as a zombie. PostgreSQL takes either for its own server and refuses to start.
"""

import os
from pathlib import Path
from typing import NamedTuple

import psutil


class Postmaster(NamedTuple):
    """A server process that is alive and serves the cluster."""

    pid: int
    status: str  # "starting", "ready", "stopping"


def find_postmaster(cluster: Path, socket: Path) -> Postmaster | None:
    """Return the server of `cluster`, if it is alive; else free the way for a new one.

    In `postmaster.pid` our own id takes the place of the dead one, since PostgreSQL knows its starter to be
    no server. The rest of that file stays: it leads to the shared memory by which PostgreSQL finds
    backends that outlived their postmaster. The socket's lock file protects nothing more, so it goes.
    """
    file = cluster / "postmaster.pid"
    lines = _lines(file)
    if _names_server(lines, cluster):
        return Postmaster(int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting")
    if lines:
        with open(file, "r+", opener=_no_links) as stale:
            stale.write("\n".join([str(os.getpid()), *lines[1:], ""]))
            stale.truncate()
    lock = socket.with_name(f"{socket.name}.lock")
    if not _names_server(_lines(lock), cluster):
        lock.unlink(missing_ok=True)
        socket.unlink(missing_ok=True)
    return None


def _names_server(lines: list[str], cluster: Path) -> bool:
    try:
        command: list[str] = psutil.Process(int(lines[0])).cmdline()
    except (psutil.Error, ValueError, IndexError):
        return False
    return command[1:3] == ["-D", str(cluster)]


def _lines(lock_file: Path) -> list[str]:
    try:
        return lock_file.read_text().splitlines()
    except FileNotFoundError:
        return []


def _no_links(path: str, flags: int) -> int:
    # The folder belongs to the server's account; root must not write where that account's link points to.
    return os.open(path, flags | os.O_NOFOLLOW)
