"""The pages as a browser uses them, over real HTTP, and as another site would misuse them."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.support import Broker, start_broker

PASSWORD = "a quiet yellow boat"
HTML = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "/\t/evil.example",
)
ELSEWHERE += (
    "https://evil.example/",
    "javascript:alert(1)",
    "///evil.example",
    "/ok\r\nX: y",
    "evil.example",
    "",
)


@pytest.fixture
def browser(broker: Broker) -> Iterator[httpx2.Client]:
    """A client that keeps cookies and asks for pages."""
    with httpx2.Client(base_url=broker.url, headers=HTML, timeout=30) as client:
        yield client


def token(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


def send(browser: httpx2.Client, path: str, **fields: str) -> httpx2.Response:
    """Open a page, fill its form in and send it."""
    return browser.post(path, data={"csrf_token": token(browser.get(path)), **fields})


def join(browser: httpx2.Client, **more: str) -> str:
    email = f"{uuid4().hex}@example.org"
    answer = send(browser, "/signup", name="Ada", email=email, password=PASSWORD, **more)
    assert answer.status_code == 303, answer.text
    return email


def test_a_visitor_signs_up_is_at_home_and_signs_out(browser: httpx2.Client) -> None:
    assert "Create your profile" in browser.get("/").text
    email = join(browser)
    home = browser.get("/")
    assert f"Signed in as {email}" in home.text
    gone = browser.post("/signout", data={"csrf_token": token(home)})
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert "Create your profile" in browser.get("/").text


def test_the_fields_are_labelled_as_people_and_programs_expect(browser: httpx2.Client) -> None:
    page = browser.get("/signin").text
    for field, label in (("email", "Email"), ("password", "Password")):
        assert f'<label for="{field}">{label}</label>' in page
        assert f'<input id="{field}"' in page
    assert "<button>Sign in</button>" in page
    assert "<button>Create my profile</button>" in browser.get("/signup").text


def test_sign_in_leads_on_to_the_page_that_was_wanted(browser: httpx2.Client) -> None:
    email = join(browser)
    browser.cookies.clear()
    wanted = browser.get("/devices?cursor=")
    assert wanted.status_code == 303
    assert wanted.headers["location"] == "/signin?next=/devices%3Fcursor%3D"
    page = browser.get(wanted.headers["location"])
    assert 'name="next" value="/devices?cursor="' in page.text
    assert 'href="/signup?next=/devices%3Fcursor%3D"' in page.text
    fields = {"csrf_token": token(page), "email": email, "password": PASSWORD, "next": "/devices?cursor="}
    answer = browser.post("/signin", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/devices?cursor=")
    again = browser.get("/signin?next=/devices")
    assert (again.status_code, again.headers["location"]) == (303, "/devices")


@pytest.mark.parametrize("evil", ELSEWHERE)
def test_nobody_is_led_to_another_site(browser: httpx2.Client, evil: str) -> None:
    assert 'name="next" value="/"' in browser.get("/signin", params={"next": evil}).text
    join(browser)
    assert browser.get("/signin", params={"next": evil}).headers["location"] == "/"
    browser.cookies.clear()
    answer = send(browser, "/signup", name="A", email=f"{uuid4()}@example.org", password=PASSWORD, next=evil)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_every_failure_of_sign_in_looks_the_same_and_keeps_what_was_typed(browser: httpx2.Client) -> None:
    taken, free = join(browser), f"{uuid4().hex}@example.org"
    browser.cookies.clear()
    answers = {
        email: send(browser, "/signin", email=email, password="wrong guess") for email in (taken, free)
    }
    for email, answer in answers.items():
        assert answer.status_code == 422
        assert f'value="{email}"' in answer.text
        assert "wrong guess" not in answer.text
    pages = [re.sub(r'[0-9a-f]{64}|value="[^"]*"', "", answer.text) for answer in answers.values()]
    assert pages[0] == pages[1]


def test_sign_up_says_what_is_wrong_beside_each_field(browser: httpx2.Client) -> None:
    answer = send(browser, "/signup", name="", email="nobody", password="short")
    assert answer.status_code == 422
    for words in ("Name is empty", "Email is not an e-mail", "Password is shorter than 8 characters"):
        assert words in answer.text
    assert answer.text.count('aria-invalid="true"') == 3
    assert "short" not in re.sub("shorter", "", answer.text)


def test_names_are_text_and_never_markup(browser: httpx2.Client) -> None:
    send(
        browser,
        "/signup",
        name="<script>alert(1)</script>",
        email=f"{uuid4()}@example.org",
        password=PASSWORD,
    )
    page = browser.get("/").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_form_without_our_token_or_with_anothers_changes_nothing(
    broker: Broker, browser: httpx2.Client
) -> None:
    email = join(browser)
    with httpx2.Client(base_url=broker.url, headers=HTML) as other:
        join(other)
        foreign = token(other.get("/"))
    for fields in ({}, {"csrf_token": ""}, {"csrf_token": foreign}, {"csrf_token": "é"}):
        answer = browser.post("/signout", data=fields)
        assert answer.status_code == 403
        assert "<h1>" in answer.text
        assert "Load the page again" not in answer.text or "Go to the home page" not in answer.text
    assert email in browser.get("/").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_origin_changes_nothing_even_with_the_token(
    browser: httpx2.Client, headers: dict[str, str]
) -> None:
    email = join(browser)
    fields = {"csrf_token": token(browser.get("/"))}
    assert browser.post("/signout", data=fields, headers=headers).status_code == 403
    assert email in browser.get("/").text


def test_a_token_from_before_sign_in_is_worthless_afterwards(browser: httpx2.Client) -> None:
    before = token(browser.get("/signin"))
    join(browser)
    assert browser.post("/signout", data={"csrf_token": before}).status_code == 403


def test_a_stale_form_leads_back_to_its_page(browser: httpx2.Client, broker: Broker) -> None:
    answer = browser.post("/signin", data={}, headers={"Referer": f"{broker.url}/signin?next=/devices"})
    assert answer.status_code == 403
    assert 'href="/signin?next=/devices"' in answer.text
    foreign = browser.post("/signin", data={}, headers={"Referer": "https://evil.example/signin"})
    assert "evil" not in foreign.text


def test_sign_in_makes_a_new_session_whatever_the_browser_brought_along(browser: httpx2.Client) -> None:
    email = join(browser)
    old = browser.cookies["ccx_session"]
    browser.post("/signout", data={"csrf_token": token(browser.get("/"))})
    # An attacker plants a session of a known value; it is never the one that is signed in.
    browser.cookies.set("ccx_session", old, domain=urlsplit(str(browser.base_url)).hostname or "")
    answer = send(browser, "/signin", email=email, password=PASSWORD)
    assert answer.status_code == 303
    assert f"ccx_session={old}" not in answer.headers["set-cookie"]


def test_a_browser_is_signed_out_from_another_one(broker: Broker, browser: httpx2.Client) -> None:
    email = join(browser)
    with httpx2.Client(base_url=broker.url, headers=HTML) as other:
        send(other, "/signin", email=email, password=PASSWORD)
        page = browser.get("/devices")
        assert page.text.count("Firefox on Linux</strong>") == 2
        newest = re.findall(r'action="(/devices/[^"]+)"', page.text)[0]
        gone = browser.post(newest, data={"csrf_token": token(page)})
        assert gone.headers["location"] == "/devices"
        assert other.get("/devices").headers["location"].startswith("/signin")
    assert email in browser.get("/").text


def test_cookies_are_out_of_reach_and_under_https_of_the_host_alone(database_url: str) -> None:
    with (
        start_broker(database_url, CCX_ISSUER="https://ccx.example") as secure,
        httpx2.Client(base_url=f"http://127.0.0.1:{secure.environment['CCX_PORT']}", headers=HTML) as browser,
    ):
        page = browser.get("/signin")
        visit = page.headers["set-cookie"]
        assert page.headers["strict-transport-security"]
        email = f"{uuid4().hex}@example.org"
        fields = {"name": "Ada", "email": email, "password": PASSWORD}
        answer = browser.post(
            "/signup",
            data={**fields, "csrf_token": token(page)},
            headers={"Cookie": visit.partition(";")[0], "Origin": "https://ccx.example"},
        )
        assert answer.status_code == 303
        for cookie in (visit, answer.headers["set-cookie"]):
            name, _, attributes = cookie.partition(";")
            assert name.startswith("__Host-ccx_")
            assert {"HttpOnly", "Secure", "Path=/"} <= {each.strip() for each in attributes.split(";")}
            assert "samesite=lax" in attributes.lower()
            assert "domain" not in attributes.lower()
