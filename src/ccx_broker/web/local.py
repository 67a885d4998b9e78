"""Where a page may lead on to: only to this site's own pages."""

import re

# No backslash (browsers read it as a slash), no control character or space (browsers drop some of them),
# and no second slash or backslash in front: `//evil.example` is another host.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LONGEST = 8000


def local_path(wanted: str | None) -> str:
    """Return `wanted` if it is a path of this site, else the home page."""
    return wanted if wanted and len(wanted) <= LONGEST and _LOCAL.fullmatch(wanted) else "/"
