"""What a customer does in a browser, step by step: each does it, and checks what the page then says."""

import csv
import io
import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from ccx_broker.kit.clock import rfc3339
from tests.accounts.test_browser import PASSWORD
from tests.journeys.hands import Mouse
from tests.journeys.shop import Shop

STORE = "Which shop do you mostly go to?"
SOLD_OUT = "If something is sold out, what shall they do?"
ANSWERS = ("Email", "No", "", "Similar", "Click and collect", "", "Yes")
"""What she says to each of the seven questions; nothing where she skips one."""


def sign_up(hand: Mouse, *, with_passkey: bool) -> None:
    hand.page.goto("/")
    hand.press("Create your profile")
    hand.write("Name", "Ada Lovelace")
    hand.write("Email", f"{uuid4().hex}@example.org")
    if with_passkey:
        hand.press("Go on with a passkey")
        hand.press("Make my recovery codes")
        hand.press("I have kept them")
    else:
        expect(hand.page.get_by_role("button", name="passkey")).to_have_count(0)
        hand.write("Password", PASSWORD)
        hand.press("Create my profile")
    hand.read("Hello, Ada Lovelace")


def answer_the_seven(hand: Mouse) -> None:
    hand.press("My preferences")
    hand.press("Answer the seven questions")
    for number, answer in enumerate(ANSWERS, 1):
        hand.read(f"Question {number} of 7")
        if answer:
            hand.pick(answer)
            hand.press("Go on")
        else:
            hand.press("Skip this one")
    hand.read("That is a start", "Click and collect")


def let(hand: Mouse, shop: Shop, wanted: list[str]) -> None:
    """Come from the shop's own site, agree to what is wanted for 30 days, and go back there."""
    hand.page.goto(shop.asks())
    hand.read(f"{shop.name} asks to know how you like to be treated")
    for each in wanted:
        hand.tick(each)
    hand.choose("For how long?", "30 days")
    hand.press("Share")
    hand.read("Thank you")
    shop.takes(hand.page.url)


def accept_the_guess(hand: Mouse) -> None:
    hand.page.goto("/")
    hand.press("What we think")
    hand.read("Old Mill", "20 of your 20 visits")
    hand.press("That's right", about=STORE)
    hand.read("Kept: it is your own word from now on.")


def see_it_as_they_see(hand: Mouse, shop: Shop) -> None:
    hand.page.goto("/")
    hand.press("Who may see what")
    hand.press(shop.name)
    hand.press("See it as they see it")
    hand.read("Old Mill", "Click and collect")
    shown = json.loads(hand.page.locator("pre").inner_text())
    assert shown == shop.looks().json()


def narrow(hand: Mouse, question: str) -> None:
    hand.press("Back to what you agreed to")
    hand.tick(question)
    hand.press("Save")
    hand.read("Saved. It holds from this moment on.")


def withdraw(hand: Mouse, shop: Shop) -> None:
    hand.press("CCX")
    hand.press("Who may see what")
    hand.press("End sharing", about=shop.name)
    hand.read(f"{shop.name} gets nothing from you any more.")


def find_it_in_the_log(hand: Mouse, shop: Shop) -> None:
    hand.press("CCX")
    hand.press("Who looked")
    hand.choose("Organisation", shop.name)
    hand.press("Show")
    lines = hand.page.locator(".timeline > li > p:nth-child(2)").all_inner_texts()
    saw = [f"{shop.name} saw {things} things" for things in (2, 3, 3)]
    assert lines == [f"refused {shop.name} got nothing. You had ended what you shared with it.", *saw]


def export_it(hand: Mouse, shop: Shop) -> None:
    programs = json.loads(hand.download("for programs (JSON)"))
    table = list(csv.DictReader(io.StringIO(hand.download("as a table (CSV)"))))
    assert [line["outcome"] for line in programs] == ["refused", *3 * ["disclosed"]]
    assert table == [as_row(line) for line in programs]
    assert {row["organisation"] for row in table} == {shop.name}


def as_row(line: dict[str, Any]) -> dict[str, str]:
    """Return what the table has of a line that the programs' file has: times in milliseconds."""
    plain = {name: str(line[name] or "") for name in ("outcome", "reason", "grant_id", "disclosure_id")}
    named = {name: line[name]["name"] for name in ("organisation", "application")}
    listed = {name: " ".join(line[name]) for name in ("keys", "purposes")}
    return plain | named | listed | {"at": rfc3339(datetime.fromisoformat(line["at"]))}
