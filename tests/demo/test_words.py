"""Values as a person would write them."""

from typing import Any

import pytest

from ccx_broker.demo.words import counted, in_words, source_in_words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"day": "fri", "slot": "evening"}, "Friday evening"),
        ({"day": None, "slot": "morning"}, "morning"),
        ({"day": "sun", "slot": None}, "Sunday"),
        (["FLUID MILK", "SOUP"], "fluid milk, soup"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 more"),
        ("similar", "similar"),
        (None, "nothing"),
        (3, "3"),
    ],
)
def test_values(value: Any, words: str) -> None:
    assert in_words(value) == words


def test_a_guess_is_called_one() -> None:
    assert source_in_words({"source": "default", "confidence": 0.613}) == "a guess, 61 % sure"
    assert source_in_words({"source": "stated"}) == "Ada said so"


def test_numbers() -> None:
    assert (counted(1, "order"), counted(15527, "order")) == ("1 order", "15,527 orders")
