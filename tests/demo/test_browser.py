"""A page as a browser without JavaScript takes it."""

import httpx2
import pytest

from ccx_broker.demo.browser import Browser, NotOnThePage

PAGE = """
<form action="/signout"><button>Sign out</button></form>
<form method="post">
  <input type="hidden" name="token" value="t">
  <label><input type="checkbox" name="key" value="a"> <span class="value">Friday, <b>evening</b></span></label>
  <label><input type="checkbox" name="key" value="b" checked></label>
  <select name="duration"><option value="month">30<option value="year" selected>1</select>
  <button name="action" value="share">Share</button> <button name="action" value="deny">Don’t share</button>
</form>
<form action="/1/end"><button>End</button></form><form action="/2/end"><button>End</button></form>
"""


@pytest.fixture
def opened() -> tuple[Browser, list[httpx2.Request]]:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, text=PAGE)

    browser = Browser(httpx2.MockTransport(answer))
    browser.open("http://broker.example/ask?state=s")
    return browser, sent


def test_a_form_is_sent_as_it_stands_with_what_was_ticked(
    opened: tuple[Browser, list[httpx2.Request]],
) -> None:
    browser, sent = opened
    browser.press("Share", ticked={"key": ["a"]})
    assert sent[-1].content == b"token=t&key=b&duration=year&key=a&action=share"
    assert str(sent[-1].url) == "http://broker.example/ask?state=s", (
        "a form without an action is sent to its page"
    )
    assert sent[-1].headers["origin"] == "http://broker.example"


def test_what_stands_beside_a_box_is_read(opened: tuple[Browser, list[httpx2.Request]]) -> None:
    form = opened[0].form_with("Don't share")
    assert form.boxes == [("key", "a"), ("key", "b")]
    assert form.shown == {("key", "a"): "Friday, evening"}


def test_of_many_alike_the_right_one_is_pressed(opened: tuple[Browser, list[httpx2.Request]]) -> None:
    browser, sent = opened
    browser.press("End", form_of="/2/")
    assert sent[-1].url.path == "/2/end"


def test_what_is_not_there_cant_be_pressed_or_ticked(opened: tuple[Browser, list[httpx2.Request]]) -> None:
    browser, _ = opened
    with pytest.raises(NotOnThePage, match="no button “Buy”"):
        browser.press("Buy")
    with pytest.raises(NotOnThePage, match="no box"):
        browser.press("Share", ticked={"key": ["c"]})
