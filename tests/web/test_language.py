"""Which language a page comes in, and that every language is complete."""

import re

import httpx2
import pytest

from ccx_broker.kit.language import accepted, best, language
from ccx_broker.words import english, say, say_n, why
from tests.oauth_support import new_customer
from tests.support import Broker

HTML = {"Accept": "text/html"}
LANG = re.compile(r'<html lang="(\w+)" dir="ltr">')


def lang(page: httpx2.Response) -> str:
    (found,) = LANG.findall(page.text)
    assert page.headers["content-language"] == found
    return str(found)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.5, de", ["de", "en"]),
        ("fr, en;q=0, de;q=0.1", ["fr", "de"]),
        ("", [""]),
        ("de;q=many, en", ["en"]),
    ],
)
def test_a_browser_says_what_it_prefers(header: str, tags: list[str]) -> None:
    assert accepted(header) == tags


def test_the_first_language_that_there_is_is_taken() -> None:
    assert best(["tlh", "de-AT", "en"]) == "de"
    assert best(["tlh", "*"]) is None
    assert best(["../../etc"]) is None


def test_a_page_comes_in_the_browsers_language_and_in_english_otherwise(http: httpx2.Client) -> None:
    for header, expected in (("de-AT,en;q=0.5", "de"), ("fr", "en"), ("en,de", "en"), ("*", "en")):
        page = http.get("/signin", headers=HTML | {"Accept-Language": header})
        assert lang(page) == expected


def test_the_foot_of_a_page_changes_the_language_for_this_visit(http: httpx2.Client) -> None:
    page = http.get("/signup?next=/devices", headers=HTML)
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token is not None
    assert 'name="language" value="de" lang="de">Deutsch<' in page.text
    form = {"csrf_token": token[1], "language": "de"}
    answer = http.post("/language", data=form, headers={"Referer": str(page.url)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signup?next=/devices")
    assert lang(http.get("/signin", headers=HTML | {"Accept-Language": "en"})) == "de"
    nothing = http.post("/language", data=form | {"language": "xx"}, headers={"Referer": str(page.url)})
    assert "ccx_language" not in nothing.headers.get("set-cookie", "")
    assert http.post("/language", data={"language": "en"}).status_code == 403


def test_a_signed_in_customers_statement_counts_more_than_their_browser(
    broker: Broker, http: httpx2.Client
) -> None:
    customer = new_customer(broker)
    http.cookies.set("ccx_session", customer.token)
    english = HTML | {"Accept-Language": "en"}
    assert lang(http.get("/devices", headers=english)) == "en"
    for stated, expected in (("de-AT", "de"), ("tlh", "en"), ("de", "de")):
        path = "/v1/me/preferences/language"
        http.put(path, json={"value": stated}, headers=customer.bearer).raise_for_status()
        assert lang(http.get("/devices", headers=english)) == expected
    missing = http.get(f"/sharing/{customer.customer_id}", headers=english)
    assert missing.status_code == 404
    assert lang(missing) == "de"
    http.delete(path, headers=customer.bearer).raise_for_status()
    assert lang(http.get("/devices", headers=english)) == "en"


def test_the_api_speaks_english(http: httpx2.Client) -> None:
    problem = http.post(
        "/v1/sessions", json={"email": "a@b.example", "password": "x"}, headers={"Accept-Language": "de"}
    )
    assert problem.json()["detail"].startswith("This e-mail and password")


def test_a_text_is_english_and_can_be_said_in_german() -> None:
    day = "2017-03-03"
    text = say("Until %(day)s, as it asks", day=day)
    assert text == "Until 3 March 2017, as it asks"
    assert language("de")(text) == "Bis 3. März 2017, wie angefragt"
    assert language("en")(text) == text


def test_numbers_are_written_as_a_language_writes_them() -> None:
    many = say_n("%(n)d second", "%(n)d seconds", 1234)
    assert many == "1,234 seconds"
    assert language("de")(many) == "1.234 Sekunden"
    assert language("de")(say_n("%(n)d second", "%(n)d seconds", 1)) == "1 Sekunde"
    assert say("%(share).1f %% of %(whole)d", share=12.345, whole=2000) == "12.3 % of 2,000"
    assert language("de").shown(12.345, 1) == "12,3"


def test_lists_are_joined_as_a_language_joins_them() -> None:
    evidence = {"message": "%(n)d second", "values": {"n": ["Mon", 2, "2017-03-03"]}}
    assert why(evidence) == "Mon, 2 and 3 March 2017 second"
    assert language("de")(why(evidence)) == "Mon, 2 und 3. März 2017 Sekunde"
    assert [english(parts) for parts in ([], ["a"], ["a", "b"])] == ["", "a", "a and b"]


def test_the_reason_of_a_guess_can_be_said_again() -> None:
    evidence = {"message": "Wait %(time)s, then try again.", "values": {"time": "2017-03-03"}}
    assert why(evidence) == "Wait 3 March 2017, then try again."
    more = why(evidence | {"also": {"message": "Wait %(time)s, then try again.", "values": {"time": "soon"}}})
    assert more == "Wait 3 March 2017, then try again. Wait soon, then try again."
    assert language("de")(more).count("3. März 2017") == language("de")(more).count("soon") == 1
    assert why({"sentence": "Since long ago."}) == "Since long ago."
