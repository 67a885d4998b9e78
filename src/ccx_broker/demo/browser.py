"""A person's browser without JavaScript: shows one page at a time, keeps cookies, fills and sends its forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2


class NotOnThePage(Exception):
    """The page has no such button or box; the message shows what it says instead."""


@dataclass
class Form:
    """A form as it stands on the page: what it would send, and what can be ticked and pressed."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    """By box: the value that stands beside it."""
    buttons: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By what stands on the button: what pressing it adds."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.select = ""
        self.button: dict[str, str] | None = None
        self.beside = False
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif not self.forms:
            return
        form = self.forms[-1]
        if tag == "input" and given.get("type") == "checkbox":
            box = (given["name"], given.get("value", "on"))
            form.boxes.append(box)
            form.fields.extend([box] if "checked" in given else [])
        elif tag == "input" and "name" in given:
            form.fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and "selected" in given:
            form.fields.append((self.select, given["value"]))
        elif tag == "button":
            self.button, self.text = given, ""
        elif tag == "span" and given.get("class") == "value" and form.boxes:
            self.beside, self.text = True, ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self.beside:
            self.forms[-1].shown[self.forms[-1].boxes[-1]] = " ".join(self.text.split())
            self.beside = False
        elif tag == "button" and self.button is not None and self.forms:
            sends = [(self.button["name"], self.button.get("value", ""))] if "name" in self.button else []
            self.forms[-1].buttons[" ".join(self.text.split()).replace("’", "'")] = sends
            self.button = None


class Browser:
    """`open` an address, `press` a button. Redirects are followed, from site to site, as browsers do."""

    def __init__(self, pool: httpx2.BaseTransport | None = None) -> None:
        self.http = httpx2.Client(
            transport=pool,
            timeout=60,
            follow_redirects=True,
            headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
        )
        self.page: httpx2.Response | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    @property
    def address(self) -> str:
        """Where it is."""
        return str(self.page.url) if self.page else ""

    def open(self, address: str) -> None:
        """Go to an address."""
        self.page = self.http.get(address)

    def forms(self) -> list[Form]:
        """Return the forms of the page."""
        reader = _Reader()
        reader.feed(self.page.text if self.page else "")
        return reader.forms

    def form_with(self, button: str, of: str = "") -> Form:
        """Return the first form that has a button of that name, in the line of the thing `of`; raises `NotOnThePage`."""
        for form in self.forms():
            if button in form.buttons and of in form.action:
                return form
        raise NotOnThePage(f"There is no button “{button}” on {urlsplit(self.address).path}.")

    def press(
        self,
        button: str,
        typed: Mapping[str, str] = {},
        ticked: Mapping[str, list[str]] = {},
        *,
        form_of: str = "",
    ) -> None:
        """Type into fields, tick boxes (`{"key": ["buy.store"]}`) and press a button by what stands on it.

        Where a list has the same button on each line, `form_of` is the id of the line's thing.
        """
        form = self.form_with(button, form_of)
        ticks = [(name, value) for name, values in ticked.items() for value in values]
        if missing := set(ticks) - set(form.boxes):
            raise NotOnThePage(f"There is no box for {missing} on {urlsplit(self.address).path}.")
        kept = [(name, value) for name, value in form.fields if name not in typed]
        here = urlsplit(self.address)
        self.page = self.http.post(
            urljoin(self.address, form.action or self.address),
            content=urlencode([*kept, *typed.items(), *ticks, *form.buttons[button]]),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"{here.scheme}://{here.netloc}",
                "Sec-Fetch-Site": "same-origin",
            },
        )
