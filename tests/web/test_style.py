"""The stylesheet's colours can be read by everybody, by day and by night (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from ccx_broker.web.static import FILES

SHEET = FILES["ccx.css"].content.decode()
TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
LIGHT = dict(TOKEN.findall(SHEET.partition("@media")[0]))
DARK = LIGHT | dict(TOKEN.findall(SHEET.partition("@media")[2].partition("*, *")[0]))
TEXT = [
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "tint"),
    ("ink", "warn"),
    ("ink", "bad-tint"),
    ("soft", "paper"),
    ("soft", "sheet"),
    ("soft", "tint"),
    ("accent", "paper"),
    ("accent", "sheet"),
    ("accent-strong", "tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("bad", "paper"),
    ("bad", "sheet"),
    ("bad", "bad-tint"),
    ("plum", "plum-tint"),
]
EDGES = [("field", "sheet"), ("field", "paper"), ("accent", "paper"), ("bad", "sheet")]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(tokens: dict[str, str]) -> None:
    weak = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_fields_have_an_edge_that_can_be_seen(tokens: dict[str, str]) -> None:
    weak = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in EDGES}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}
