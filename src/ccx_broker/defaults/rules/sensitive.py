"""What is never learnt from: purchases that would give away what nobody may infer (`sensitive.json`)."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_LIST = json.loads(Path(__file__).with_name("sensitive.json").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Return `text` in lower case with every run of other characters than letters and digits as a space."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return one pattern for all `words`; `*` at a word's end stands for the rest of the word."""
    forms = [re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words]
    return re.compile(rf"\b(?:{'|'.join(forms)})\b")


_SENSITIVE = _pattern(word for group in _LIST["groups"] for word in group["words"])
_NOT_GOODS = frozenset(_LIST["not_goods"])


@lru_cache(maxsize=8192)  # the same categories and products come again and again
def _holds_a_word(text: str) -> bool:
    return _SENSITIVE.search(plain(text)) is not None


@lru_cache(maxsize=2048)
def _is_no_goods(text: str) -> bool:
    return plain(text) in _NOT_GOODS


def is_sensitive(*texts: str | None) -> bool:
    """Tell whether any of `texts` holds a word of the list."""
    return any(text is not None and _holds_a_word(text) for text in texts)


def is_goods(*texts: str | None) -> bool:
    """Tell whether a line with these category and department is a thing bought, not a fee or a coupon."""
    return not any(text is not None and _is_no_goods(text) for text in texts)
