"""Every setting, read once from the environment. Only `app` and `cli` may import this module.

`docs/settings.md` describes each of them; a test compares it with the class below.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TypeVar

from platformdirs import site_data_path, user_data_path

from ccx_broker.settings import values as v

T = TypeVar("T")


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
    audit_log: str
    limit_failures: int
    limit_starts: int
    limit_requests: int
    client_metadata_documents: bool
    client_metadata_any_port: bool
    client_metadata_loopback: bool
    smtp_url: str | None = field(repr=False)
    mail_from: str | None


HIDDEN = {f"CCX_{f.name.upper()}" for f in fields(Settings) if not f.repr}


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises one `SettingsError` that names everything wrong with them.

    In development missing secrets are made and kept in the data folder.
    """
    read = _Reader(environment)
    env = read("CCX_ENV", "development", v.one_of("development", "production"))
    production = env == "production"
    port = read("CCX_PORT", "8000", v.whole_number(1, 65535))
    data_dir = read("CCX_DATA_DIR", str(default_data_dir()), v.folder)
    secret = v.strong_secret if production else str.encode
    values = {
        "env": env,
        "data_dir": data_dir,
        "database_url": read("CCX_DATABASE_URL", None, v.database_url),
        "issuer": read(
            "CCX_ISSUER",
            f"http://127.0.0.1:{port or 8000}",
            v.https_issuer if production else v.issuer,
        ),
        "host": read("CCX_HOST", "127.0.0.1", v.host),
        "port": port,
        "threads": read("CCX_THREADS", "20", v.whole_number(1, 150)),
        "trusted_proxies": read("CCX_TRUSTED_PROXIES", "", v.addresses),
        "debug": read("CCX_DEBUG", "false", v.off if production else v.switch),
        "secret_key": read("CCX_SECRET_KEY", "" if production else None, secret),
        "password_key": read("CCX_PASSWORD_KEY", "" if production else None, secret),
        "session_lifetime": read("CCX_SESSION_LIFETIME", "30d", v.lifetime(366)),
        # RFC 6749 §4.1.2: ten minutes at most.
        "code_lifetime": read("CCX_CODE_LIFETIME", "1m", v.lifetime(10 / 1440)),
        "access_token_lifetime": read("CCX_ACCESS_TOKEN_LIFETIME", "10m", v.lifetime(1)),
        "refresh_token_lifetime": read("CCX_REFRESH_TOKEN_LIFETIME", "90d", v.lifetime(731)),
        "audit_log": read("CCX_AUDIT_LOG", "stdout" if production else "off", v.log_target),
        "limit_failures": read("CCX_LIMIT_FAILURES", "1000", v.whole_number(1, 999_999_999)),
        "limit_starts": read("CCX_LIMIT_STARTS", "6000", v.whole_number(1, 999_999_999)),
        "limit_requests": read("CCX_LIMIT_REQUESTS", "600000", v.whole_number(1, 999_999_999)),
        "client_metadata_documents": read("CCX_CLIENT_METADATA_DOCUMENTS", "true", v.switch),
        "client_metadata_any_port": read("CCX_CLIENT_METADATA_ANY_PORT", "false", v.switch),
        "client_metadata_loopback": read(
            "CCX_CLIENT_METADATA_LOOPBACK", "false", v.off if production else v.switch
        ),
        "smtp_url": read("CCX_SMTP_URL", None, v.smtp_url),
        "mail_from": read("CCX_MAIL_FROM", None, v.mail_address),
    }
    if values["secret_key"] and values["secret_key"] == values["password_key"]:
        read.problems.append("CCX_SECRET_KEY and CCX_PASSWORD_KEY are the same: make one for each.")
    if "CCX_SMTP_URL" in read.given and "CCX_MAIL_FROM" not in read.given:
        read.problems.append(
            "CCX_MAIL_FROM is not set: CCX_SMTP_URL needs an address that the mails come from."
        )
    read.find_unknown()
    if data_dir and not read.problems:
        for name in ("secret_key", "password_key"):
            values[name] = values[name] or read.attempt(
                "CCX_DATA_DIR", str(data_dir), partial(v.kept_secret, name=name)
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
