"""Bodies without an end, sent to the doors that read a whole body."""

from collections.abc import Iterator

import httpx2
import pytest

MIB = 1024 * 1024


def endless() -> Iterator[bytes]:
    for _ in range(64):
        yield b"a" * MIB


@pytest.mark.parametrize("path", ["/signin", "/oauth/authorize", "/v1/accounts", "/v1/sessions"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
def test_a_body_that_says_it_is_too_long_is_not_read(http: httpx2.Client, path: str, kind: str) -> None:
    answer = http.post(path, content=b"a" * (2 * MIB + 1), headers={"Content-Type": kind})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:ccx:problem:too-large"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/signin", "application/x-www-form-urlencoded"),
        ("/oauth/authorize", "application/x-www-form-urlencoded"),
        ("/v1/accounts", "application/json"),
    ],
)
def test_a_body_that_does_not_say_is_read_no_further_than_the_limit(
    http: httpx2.Client, path: str, kind: str
) -> None:
    try:
        answer = http.post(path, content=endless(), headers={"Content-Type": kind})
    except httpx2.TransportError:
        return  # The connection was closed while we were still sending: just as good.
    assert answer.status_code in (400, 413)
