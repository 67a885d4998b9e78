"""The pages of one's own account without any script, and as another site would misuse them."""

import json
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from tests.accounts.test_pages import HTML, PASSWORD, join, send, token
from tests.accounts.test_passkeys import options
from tests.passkey_support import Authenticator
from tests.support import Broker

Sessions = sessionmaker[Session]
FORMS = [
    "/signin/passkey",
    "/signup/passkey",
    "/signin/recovery",
    "/devices/others/signout",
    "/account/name",
    "/account/email",
    "/account/password",
    "/account/password/remove",
    "/account/confirm",
    "/account/confirm/passkey",
    "/account/passkeys",
    f"/account/passkeys/{UUID(int=7)}/name",
    f"/account/passkeys/{UUID(int=7)}/remove",
    "/account/recovery",
]
ASK_FIRST = ["/account/name", "/account/email", "/account/password"]


@pytest.fixture
def browser(broker: Broker) -> Iterator[httpx2.Client]:
    """A client that keeps cookies and asks for pages."""
    with httpx2.Client(base_url=broker.url, headers=HTML, timeout=30) as client:
        yield client


def grow_old(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE sessions SET proved_at = proved_at - interval '5 minutes'"))


@pytest.mark.parametrize("path", FORMS)
def test_every_form_of_an_account_is_taken_from_our_pages_only(browser: httpx2.Client, path: str) -> None:
    join(browser)
    good = token(browser.get("/account"))
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for fields, headers in (({}, {}), ({"csrf_token": "0" * 64}, {}), ({"csrf_token": good}, foreign)):
        answer = browser.post(path, data=fields, headers=headers)
        assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize("path", ["/account", *ASK_FIRST, "/account/passkeys", "/account/recovery"])
def test_a_visitor_is_led_to_sign_in_first(browser: httpx2.Client, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/signin?next={path}")


@pytest.mark.parametrize("path", ASK_FIRST)
def test_who_signed_in_long_ago_shows_first_that_it_is_them(
    browser: httpx2.Client, sessions: Sessions, path: str
) -> None:
    join(browser)
    form = {"csrf_token": token(browser.get(path)), "name": "Eve", "email": "eve@example.org"}
    grow_old(sessions)
    asked = browser.get(path)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/account/confirm?next={path}")
    posted = browser.post(
        path,
        data=form | {"password": PASSWORD},
        headers={"Referer": str(browser.base_url).rstrip("/") + path},
    )
    assert (posted.status_code, posted.headers["location"]) == (303, f"/account/confirm?next={path}")
    wrong = send(browser, "/account/confirm", password="not my password", next=path)
    assert wrong.status_code == 422
    assert "That is not yours" in wrong.text
    page = browser.get(f"/account/confirm?next={path}")
    right = browser.post(
        "/account/confirm", data={"csrf_token": token(page), "password": PASSWORD, "next": path}
    )
    assert (right.status_code, right.headers["location"]) == (303, path)
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example/"])
def test_a_confirmation_leads_to_no_other_site(browser: httpx2.Client, sessions: Sessions, evil: str) -> None:
    join(browser)
    assert browser.get("/account/confirm", params={"next": evil}).headers["location"] == "/"
    grow_old(sessions)
    page = browser.get("/account/confirm", params={"next": evil})
    answer = browser.post(
        "/account/confirm", data={"csrf_token": token(page), "password": PASSWORD, "next": evil}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert f'href="{evil}"' not in browser.get("/account/recovery", params={"next": evil}).text


def test_what_is_wrong_is_said_beside_its_field(browser: httpx2.Client) -> None:
    join(browser)
    cases = {
        "/account/name": ({"name": " "}, "Name is empty"),
        "/account/password": ({"password": "short"}, "New password is shorter than 8 characters"),
        "/account/email": (
            {"email": "eve@example.org", "password": "wrong"},
            "Password is not your present one",
        ),
    }
    for path, (fields, said) in cases.items():
        answer = send(browser, path, **fields)
        assert answer.status_code == 422
        assert said in answer.text


def test_name_address_and_password_change_without_a_script(browser: httpx2.Client) -> None:
    join(browser)
    new = f"{uuid4().hex}@example.org"
    assert send(browser, "/account/name", name="Grace").headers["location"] == "/account?done=name"
    changed = send(browser, "/account/email", email=new, password=PASSWORD)
    assert changed.headers["location"] == "/account?done=email"
    set_ = send(browser, "/account/password", password="another fine password")
    assert set_.headers["location"] == "/account?done=password"
    account = browser.get("/account").text
    assert "Grace" in account
    assert new in account
    browser.cookies.clear()
    back = send(browser, "/signin", email=new, password="another fine password")
    assert back.status_code == 303


def test_recovery_codes_are_shown_once_and_sign_in_without_a_script(browser: httpx2.Client) -> None:
    join(browser)
    shown = send(browser, "/account/recovery")
    assert shown.headers["cache-control"] == "no-store"
    codes = [line.partition("<code>")[2].partition("</code>")[0] for line in shown.text.splitlines()]
    codes = [code for code in codes if code]
    assert len(codes) == 10
    assert codes[0] not in browser.get("/account/recovery").text
    browser.cookies.clear()
    assert send(browser, "/signin/recovery", code="no such code").status_code == 422
    assert send(browser, "/signin/recovery", code=codes[0]).headers["location"] == "/account"
    assert "9 of 10 left" in browser.get("/account").text


def test_a_passkey_of_another_visit_signs_nobody_in(browser: httpx2.Client, broker: Broker) -> None:
    """A form with an answer to a challenge of another browser, as one would need to sign somebody in as oneself."""
    origin = f"http://localhost:{browser.base_url.port}"
    who = {"email": f"{uuid4().hex}@example.org", "name": "Eve"}
    key = Authenticator(origin)
    with httpx2.Client(base_url=broker.url, timeout=30) as elsewhere:
        made = key.create(options(elsewhere, "/v1/accounts/passkey/options", json=who))
        assert elsewhere.post("/v1/accounts/passkey", json=who | {"credential": made}).status_code == 201
        answer = json.dumps(key.get(options(elsewhere, "/v1/sessions/passkey/options")))
    page = browser.get("/signin")
    refused = browser.post("/signin/passkey", data={"csrf_token": token(page), "credential": answer})
    assert refused.status_code == 422
    assert "ccx_session" not in refused.headers.get("set-cookie", "")
    own = json.dumps(key.get(options(browser, "/v1/sessions/passkey/options")))
    taken = browser.post("/signin/passkey", data={"csrf_token": token(page), "credential": own})
    assert taken.status_code == 303


@pytest.mark.parametrize("answer", ["", "[]", "{", "null", '{"response": 7}', "[" * 10_000, "x" * 60_000])
def test_what_is_no_answer_gets_the_page_again(browser: httpx2.Client, answer: str) -> None:
    page = browser.get("/signin")
    refused = browser.post("/signin/passkey", data={"csrf_token": token(page), "credential": answer})
    assert refused.status_code == 422
    assert "Try it once more" in refused.text
