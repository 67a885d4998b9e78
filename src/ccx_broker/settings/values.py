"""What a setting's text may be: each function returns its value, or raises `ValueError` saying what to set."""

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 - a command
EXAMPLE_LIKE = re.compile(
    "change.?me|example|secret|password|insecure|placeholder|development|0123456|abcdefg|qwert", re.IGNORECASE
)
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"set it to {' or '.join(allowed)}.")
        return value

    return parse


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"set it to a whole number from {least} to {most}.")
        return int(value)

    return parse


def lifetime(most_days: float) -> Callable[[str], timedelta]:
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


def switch(value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise ValueError("set it to true or false.")
    return value.lower() in ("true", "1")


def off(value: str) -> bool:
    if switch(value):
        raise ValueError("with CCX_ENV=production it must be off: it opens the program's inside to others.")
    return False


def log_target(value: str) -> str:
    if value not in ("stdout", "stderr", "off") and not Path(value).is_absolute():
        raise ValueError("set it to stdout, stderr, off or the absolute path of a file.")
    return value


def folder(value: str) -> Path:
    path = Path(value)
    if not path.is_absolute():
        raise ValueError("set it to an absolute path.")
    return path


def database_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("postgresql", "postgres") and (parts.port or True)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("set it to postgresql://user:password@host/database, or remove it.")
    return value


def smtp_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and (parts.port or True)
        valid = valid and parts.path in ("", "/") and parts.query in ("", "starttls")
    except ValueError:
        valid = False
    if not valid or (parts.scheme == "smtps" and parts.query):
        raise ValueError(
            "set it to smtp://user:password@host:587?starttls or smtps://user:password@host, with %-escapes "
            "in user and password."
        )
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.username is not None and parts.scheme == "smtp" and not parts.query and not local:
        raise ValueError("the password would go over the network in the clear: add ?starttls, or use smtps.")
    return value


def mail_address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value):
        raise ValueError("set it to a plain e-mail address, such as ccx@example.org.")
    return value


def issuer(value: str) -> str:
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


def https_issuer(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError(
            "with CCX_ENV=production set it to the https:// address that customers use, "
            "such as https://ccx.example.org."
        )
    return issuer(value)


def host(value: str) -> str:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(value))
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value) or re.fullmatch(r"[0-9.]+", value):
        raise ValueError("set it to the address to listen on: 127.0.0.1, 0.0.0.0, :: or a host name.")
    return value


def addresses(value: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            "set it to addresses or networks with commas between them: 10.0.0.1, 10.1.0.0/16."
        ) from error


def strong_secret(value: str) -> bytes:
    repeated = (value + value).find(value, 1) < len(value)
    if len(value) < 32 or len(set(value)) < 12 or repeated or EXAMPLE_LIKE.search(value):
        raise ValueError(
            "with CCX_ENV=production set it to a random secret of at least 32 characters, "
            f"which this makes: {MAKE_SECRET}"
        )
    return value.encode()


def kept_secret(folder: str, name: str) -> bytes:
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
