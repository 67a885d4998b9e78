"""Where a page may lead on to: only to this site's own pages."""

import re
from urllib.parse import urlsplit

from fastapi import Request

# No backslash (browsers read it as a slash), no control character or space (browsers drop some of them),
# and no second slash or backslash in front: `//evil.example` is another host.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LONGEST = 8000


def local_path(wanted: str | None) -> str:
    """Return `wanted` if it is a path of this site, else the home page."""
    return wanted if wanted and len(wanted) <= LONGEST and _LOCAL.fullmatch(wanted) else "/"


def page_before(request: Request) -> str:
    """Return the page of ours that a form was sent from (our pages' Referrer-Policy lets us know)."""
    before = urlsplit(request.headers.get("referer", ""))
    if before.netloc != request.headers.get("host"):
        return "/"
    return local_path(before.path + (f"?{before.query}" if before.query else ""))
