"""Fetches a client's metadata document from wherever somebody says it is, and from nowhere inside.

The name is resolved once, every address it has must be public, and the connection goes to the very address
that was checked: so a name that changes its answer between the check and the use gains nothing.
"""

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from ccx_broker.oauth.rules.documents import LONGEST_BODY, is_public, kept_for, url_problem

SECONDS = 3.0
AT_ONCE = 4


class NotFetched(Exception):
    """There is no document to be had; the message is for our own log, the client learns nothing of it."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True)
class Fetcher:
    """Fetches documents. `loopback` also allows http to this machine, for development alone."""

    loopback: bool = False
    any_port: bool = False
    resolve: Callable[[str, int], list[str]] = resolve
    may_connect: Callable[[str], bool] = is_public
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "documents"))
    _free: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def fetch(self, url: str) -> tuple[Any, timedelta]:
        """Return the JSON at `url` and how long it may be kept. Raises `NotFetched`, within three seconds."""
        problem = url_problem(url, loopback=self.loopback, any_port=self.any_port)
        if problem is not None:
            raise NotFetched(f"the address {problem}")
        if not self._free.acquire(blocking=False):
            raise NotFetched("too many are being fetched")
        # In a thread of its own, since asking for a name's addresses can't be given a time limit.
        job = self._workers.submit(self._fetch, url, time.monotonic() + SECONDS)
        job.add_done_callback(lambda _: self._free.release())
        try:
            return job.result(SECONDS)
        except TimeoutError as error:
            raise NotFetched("it took too long") from error
        except (OSError, ValueError, httpx2.HTTPError) as error:
            raise NotFetched(type(error).__name__) from error

    def _fetch(self, url: str, until: float) -> tuple[Any, timedelta]:
        parts = urlsplit(url)
        here = parts.scheme == "http"  # allowed by `url_problem` for loopback only
        port = parts.port or (80 if here else 443)
        host = parts.hostname or ""
        addresses = self.resolve(host, port)
        if not addresses or not (here or all(self.may_connect(each) for each in addresses)):
            raise NotFetched("the name leads to an address that is not public")
        address = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        # No environment: a proxy from there would resolve the name again.
        with (
            httpx2.Client(
                trust_env=False, verify=self.tls, timeout=SECONDS, follow_redirects=False
            ) as client,
            client.stream(
                "GET",
                f"{parts.scheme}://{address}:{port}{parts.path}",
                headers={"Host": parts.netloc, "Accept": "application/json", "Accept-Encoding": "identity"},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            return _json(answer, until), kept_for(answer.headers)


def _json(answer: httpx2.Response, until: float) -> Any:
    if answer.status_code != 200:
        raise NotFetched(f"it was answered with {answer.status_code}")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise NotFetched("it is not JSON")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise NotFetched("it is compressed")
    body = b""
    for chunk in answer.iter_raw(1024):
        body += chunk
        if len(body) > LONGEST_BODY:
            raise NotFetched("it is too large")
        if time.monotonic() > until:
            raise NotFetched("it took too long")
    return orjson.loads(body)
