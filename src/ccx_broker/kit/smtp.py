"""A connection to the mail server that a setting names."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

TIMEOUT = 20
"""Seconds for which one answer of the server is waited for."""

PORTS = {"smtp": 25, "smtps": 465}  # RFC 5321 §4.5.4.2, RFC 8314 §3.3


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over. `tls`: `smtps` from the start, `starttls` after asking, or empty."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None = field(repr=False)

    @contextmanager
    def connect(self) -> Iterator[smtplib.SMTP]:
        """Yield a connection, signed in; raises `OSError` (as all of `smtplib` does) if there is none.

        With `starttls` nothing is sent to a server that can't do it, or whose certificate is not its own.
        """
        context = ssl.create_default_context() if self.tls else None
        if self.tls == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        with smtp:
            if self.tls == "starttls":
                smtp.starttls(context=context)
            if self.user is not None:
                smtp.login(self.user, self.password or "")
            yield smtp


def mail_server(url: str) -> MailServer:
    """Read `smtp://user:password@host:587?starttls` or `smtps://…`, which the settings have checked."""
    parts = urlsplit(url)
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        tls="smtps" if parts.scheme == "smtps" else parts.query,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )
