"""Where the demo's data lies: in a folder of its own, new each time, or where the environment says."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ccx_broker.kit.unusable import Unusable


@dataclass(frozen=True)
class Place:
    """`own_folder` is emptied at each start. None: `environment` names a database or a folder, which are kept."""

    environment: Mapping[str, str]
    own_folder: Path | None
    tag: str = field(init=False)
    """Makes names unused: somebody else's database may hold the customers of an earlier run."""

    def __post_init__(self) -> None:
        """Choose the tag."""
        object.__setattr__(self, "tag", "" if self.own_folder else f"-{secrets.token_hex(4)}")

    @contextmanager
    def prepared(self) -> Iterator[tuple[dict[str, str], int | None]]:
        """Yield the environment for the broker, and a lock for it to hold as well; raises `Unusable`.

        Since the broker's process holds the lock too, a broker that outlived a demo that was killed keeps
        the next one from taking its folder away under it.
        """
        if self.own_folder is None:
            yield dict(self.environment), None
            return
        lock = _locked(self.own_folder)
        try:
            data = self.own_folder / "broker"
            if data.exists():
                shutil.rmtree(data)
            yield {**self.environment, "CCX_DATA_DIR": str(data)}, lock
        finally:
            os.close(lock)


def _locked(folder: Path) -> int:
    """Make the folder if need be and return a descriptor that keeps other demos out; raises `Unusable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # root lends PostgreSQL an account, which must get through
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unusable(
            f"The demo's folder {folder} can't be used ({error.strerror}): set CCX_DATA_DIR to another one."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        left = (folder / "lock").read_text()
        raise Unusable(
            f"A demo is running already, or its broker is left from one that was killed (process {left.strip() or 'not known'}): "
            f"stop it, or set CCX_DATA_DIR to another folder than {folder}."
        ) from None
    return lock
