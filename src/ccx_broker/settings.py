"""Every setting, read once from the environment. Only `app` and `cli` may import this module.

`docs/settings.md` describes each of them; a test compares it with the class below.
"""

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from platformdirs import site_data_path, user_data_path

T = TypeVar("T")

MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 - a command
EXAMPLE_LIKE = re.compile(
    "change.?me|example|secret|password|insecure|placeholder|development|0123456|abcdefg|qwert", re.IGNORECASE
)
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class SettingsError(Exception):
    """Settings are missing or wrong; the message names each of them and says what to set."""


@dataclass(frozen=True)
class Settings:
    """All settings. Field names are the variables' names without `CCX_`, in lower case."""

    env: str
    data_dir: Path
    database_url: str | None = field(repr=False)
    issuer: str
    host: str
    port: int
    threads: int
    trusted_proxies: tuple[str, ...]
    debug: bool
    secret_key: bytes = field(repr=False)
    password_key: bytes = field(repr=False)
    session_lifetime: timedelta
    code_lifetime: timedelta
    access_token_lifetime: timedelta
    refresh_token_lifetime: timedelta


HIDDEN = {f"CCX_{f.name.upper()}" for f in fields(Settings) if not f.repr}


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises one `SettingsError` that names everything wrong with them.

    In development missing secrets are made and kept in the data folder.
    """
    read = _Reader(environment)
    env = read("CCX_ENV", "development", _one_of("development", "production"))
    production = env == "production"
    port = read("CCX_PORT", "8000", _whole_number(1, 65535))
    data_dir = read("CCX_DATA_DIR", str(default_data_dir()), _folder)
    secret = _strong_secret if production else str.encode
    values = {
        "env": env,
        "data_dir": data_dir,
        "database_url": read("CCX_DATABASE_URL", None, _database_url),
        "issuer": read(
            "CCX_ISSUER",
            f"http://127.0.0.1:{port}",
            _https_issuer if production else _issuer,
        ),
        "host": read("CCX_HOST", "127.0.0.1", _host),
        "port": port,
        "threads": read("CCX_THREADS", "20", _whole_number(1, 150)),
        "trusted_proxies": read("CCX_TRUSTED_PROXIES", "", _addresses),
        "debug": read("CCX_DEBUG", "false", _off if production else _switch),
        "secret_key": read("CCX_SECRET_KEY", "" if production else None, secret),
        "password_key": read("CCX_PASSWORD_KEY", "" if production else None, secret),
        "session_lifetime": read("CCX_SESSION_LIFETIME", "30d", _lifetime(366)),
        # RFC 6749 §4.1.2: ten minutes at most.
        "code_lifetime": read("CCX_CODE_LIFETIME", "1m", _lifetime(10 / 1440)),
        "access_token_lifetime": read("CCX_ACCESS_TOKEN_LIFETIME", "10m", _lifetime(1)),
        "refresh_token_lifetime": read("CCX_REFRESH_TOKEN_LIFETIME", "90d", _lifetime(731)),
    }
    if values["secret_key"] and values["secret_key"] == values["password_key"]:
        read.problems.append("CCX_SECRET_KEY and CCX_PASSWORD_KEY are the same: make one for each.")
    read.find_unknown()
    if data_dir and not read.problems:
        for name in ("secret_key", "password_key"):
            values[name] = values[name] or read.attempt(
                "CCX_DATA_DIR", str(data_dir), partial(_kept_secret, name=name)
            )
    if read.problems:
        raise SettingsError("\n".join(read.problems))
    return Settings(**values)  # type: ignore[arg-type]


def default_data_dir() -> Path:
    """Return the platform's place for data: the machine's when root, else the user's."""
    return site_data_path("ccx-broker") if os.geteuid() == 0 else user_data_path("ccx-broker")


class _Reader:
    """Reads variables and gathers what is wrong with them, so that all of it is told at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # An empty variable counts as absent: compose files and shells make them easily.
        self.given = {k: v.strip() for k, v in environment.items() if k.startswith("CCX_") and v.strip()}
        self.problems: list[str] = []
        self.known: list[str] = []

    def __call__(self, name: str, default: str | None, parse: Callable[[str], T]) -> T | None:
        self.known.append(name)
        value = self.given.get(name, default)
        return None if value is None else self.attempt(name, value, parse)

    def attempt(self, name: str, value: str, parse: Callable[[str], T]) -> T | None:
        """Return what `parse` makes of `value`, or note the problem."""
        try:
            return parse(value)
        except ValueError as error:
            shown = "is wrong" if name in HIDDEN else f"is {value!r}"
            self.problems.append(f"{name} {shown if name in self.given else 'is not set'}: {error}")
            return None

    def find_unknown(self) -> None:
        for name in sorted(self.given.keys() - set(self.known)):
            if not name.startswith("CCX_TEST_"):
                near = get_close_matches(name, self.known, n=1)
                hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists what there is."
                self.problems.append(f"{name} is no setting: {hint}")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"set it to {' or '.join(allowed)}.")
        return value

    return parse


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"set it to a whole number from {least} to {most}.")
        return int(value)

    return parse


def _lifetime(most_days: float) -> Callable[[str], timedelta]:
    def parse(value: str) -> timedelta:
        match = re.fullmatch(r"([0-9]{1,9})\s*([smhd]?)", value)
        found = timedelta(seconds=int(match[1]) * UNITS[match[2]]) if match else timedelta()
        if not timedelta() < found <= timedelta(days=most_days):
            raise ValueError(
                "set it to seconds, or a number with s, m, h or d, such as 10m; "
                f"at most {timedelta(days=most_days)}."
            )
        return found

    return parse


def _switch(value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise ValueError("set it to true or false.")
    return value.lower() in ("true", "1")


def _off(value: str) -> bool:
    if _switch(value):
        raise ValueError("with CCX_ENV=production it must be off: it shows the program's inside to anyone.")
    return False


def _folder(value: str) -> Path:
    path = Path(value)
    if not path.is_absolute():
        raise ValueError("set it to an absolute path.")
    return path


def _database_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("postgresql", "postgres") and (parts.port or True)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("set it to postgresql://user:password@host/database, or remove it.")
    return value


def _issuer(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    bracketed = f"[{host}]" if host and ":" in host else host
    plain = f"{bracketed}:{port}" if port else bracketed
    if not host or parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{plain}":
        raise ValueError(
            "set it to the address customers use, in lower case and without a path or closing slash: "
            "https://ccx.example.org."
        )
    return value


def _https_issuer(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError(
            "with CCX_ENV=production set it to the https:// address that customers use, "
            "such as https://ccx.example.org."
        )
    return _issuer(value)


def _host(value: str) -> str:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(value))
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value) or re.fullmatch(r"[0-9.]+", value):
        raise ValueError("set it to the address to listen on: 127.0.0.1, 0.0.0.0, :: or a host name.")
    return value


def _addresses(value: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            "set it to addresses or networks with commas between them: 10.0.0.1, 10.1.0.0/16."
        ) from error


def _strong_secret(value: str) -> bytes:
    repeated = (value + value).find(value, 1) < len(value)
    if len(value) < 32 or len(set(value)) < 12 or repeated or EXAMPLE_LIKE.search(value):
        raise ValueError(
            "with CCX_ENV=production set it to a random secret of at least 32 characters, "
            f"which this makes: {MAKE_SECRET}"
        )
    return value.encode()


def _kept_secret(folder: str, name: str) -> bytes:
    """Return the secret that the data folder keeps under `name`; the first to ask makes it."""
    data_dir = Path(folder)
    kept = data_dir / name.replace("_", "-")
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not kept.exists():
            # Written aside and linked into place: of two first starts one wins, and both read its secret.
            mine = data_dir / f".{kept.name}-{secrets.token_hex(8)}"
            with open(mine, "x", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(mine, kept)
            mine.unlink()
        secret = kept.read_bytes().strip()
    except OSError as error:
        raise ValueError(
            f"{error.strerror} ({error.filename}); set it to a folder that this user may write to."
        ) from error
    if len(secret) < 32:
        raise ValueError(f"the secret in {kept} is damaged; remove that file to have a new one made.")
    return secret
