"""A process that uses a data folder: prints the address and waits until its input is closed.

Arguments: data folder, user id (-1: stay who you are), PostgreSQL settings as JSON. It lowers itself to
the user only after its imports, since that user may not be able to read this very program.
"""

import contextlib
import json
import os
import pwd
import sys
from pathlib import Path

import psycopg

from ccx_broker.kit.embedded import EmbeddedPostgres, EmbeddedPostgresError


def main(data_dir: str, uid: int, settings: dict[str, str]) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect("host=/nowhere")  # loads what the driver loads late
    if uid >= 0:
        os.setgroups([])
        os.setgid(pwd.getpwuid(uid).pw_gid)
        os.setuid(uid)
    try:
        with EmbeddedPostgres(Path(data_dir), settings) as url:
            print(url, flush=True)
            sys.stdin.read()
    except EmbeddedPostgresError as error:
        print(f"error: {error}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
