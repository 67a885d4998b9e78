"""Which questions come first, and which a search finds."""

from collections.abc import Sequence
from typing import Protocol

from ccx_broker.profile.catalogue import STEPS, Item

FIRST = (
    "contact.channel",
    "marketing.any",
    "discover.own_brand",
    "buy.substitution",
    "deliver.method",
    "support.human_or_bot",
    "data.profiling",
)
"""The seven questions that change most about how one is treated. They are asked on a first visit."""


class Speaks(Protocol):
    """A language that texts are said in."""

    def __call__(self, text: object) -> object:
        """Say a text in it."""


def found_by(items: Sequence[Item], words: str, language: Speaks) -> list[Item]:
    """Return the questions in which each of the words is found: in the question, its help, its step or its key."""
    wanted = words.casefold().split()
    return [item for item in items if all(word in _text_of(item, language) for word in wanted)]


def _text_of(item: Item, language: Speaks) -> str:
    texts = (item.question, item.help, STEPS[item.step])
    return " ".join([item.key, *(str(language(text)) for text in texts)]).casefold()
