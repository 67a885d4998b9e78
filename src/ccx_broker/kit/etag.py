"""Entity tags (RFC 9110 §8.8.3) and what `If-Match` and `If-None-Match` say about them."""

import re

_TAG = re.compile(r'(W/)?("[^"]*")')


def version_etag(version: int) -> str:
    """Return the strong tag of a resource whose versions are counted: `"3"`."""
    return f'"{version}"'


def named_versions(if_match: str) -> frozenset[int]:
    """Return the versions that an `If-Match` names.

    Its comparison is strong (RFC 9110 §13.1.1), so weak tags name nothing; nor do tags that we never gave.
    """
    strong = (tag.strip('"') for weak, tag in _TAG.findall(if_match) if not weak)
    return frozenset(int(tag) for tag in strong if re.fullmatch(r"[0-9]{1,9}", tag))


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the caller of a GET has the present one already: then the answer is 304 (§13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or any(tag == etag for _, tag in _TAG.findall(if_none_match))
