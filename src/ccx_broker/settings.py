"""Every setting, read once from the environment. Only `app` and `cli` may import this module."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from platformdirs import site_data_path, user_data_path


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to set."""


@dataclass(frozen=True)
class Settings:
    """All settings. Field names are the variables' names without `CCX_`, in lower case."""

    env: str
    data_dir: Path
    database_url: str | None
    issuer: str
    host: str
    port: int
    threads: int
    secret_key: bytes
    password_key: bytes
    session_lifetime: timedelta
    code_lifetime: timedelta
    access_token_lifetime: timedelta
    refresh_token_lifetime: timedelta


def default_data_dir() -> Path:
    """Return the platform's place for data: the machine's when root, else the user's."""
    return site_data_path("ccx-broker") if os.geteuid() == 0 else user_data_path("ccx-broker")


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises `SettingsError`."""
    data_dir = Path(environment.get("CCX_DATA_DIR") or default_data_dir())
    port = int(environment.get("CCX_PORT", "8000"))
    return Settings(
        env=environment.get("CCX_ENV", "development"),
        data_dir=data_dir,
        database_url=environment.get("CCX_DATABASE_URL") or None,
        issuer=environment.get("CCX_ISSUER", f"http://127.0.0.1:{port}"),
        host=environment.get("CCX_HOST", "127.0.0.1"),
        port=port,
        threads=int(environment.get("CCX_THREADS", "20")),
        secret_key=environment.get("CCX_SECRET_KEY", secrets.token_hex(32)).encode(),
        password_key=environment.get("CCX_PASSWORD_KEY", secrets.token_hex(32)).encode(),
        session_lifetime=timedelta(days=30),
        code_lifetime=timedelta(minutes=1),
        access_token_lifetime=timedelta(minutes=10),
        refresh_token_lifetime=timedelta(days=90),
    )
