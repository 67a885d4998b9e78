"""What every page has: headers, a stylesheet that may be kept for ever, kind errors."""

import re

import httpx2

HTML = {"Accept": "text/html"}


def test_pages_allow_nothing_from_elsewhere_and_nothing_inline(http: httpx2.Client) -> None:
    page = http.get("/signin", headers=HTML)
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"} <= set(
        policy
    )
    assert {"frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|style=|<script(?![^>]* src=)| on[a-z]+=", page.text)


def test_the_stylesheet_is_kept_for_ever_under_its_own_version(http: httpx2.Client) -> None:
    address = re.findall(r'href="(/static/[^"]+\.css)"', http.get("/", headers=HTML).text)[0]
    sheet = http.get(address)
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert http.get(address, headers={"If-None-Match": sheet.headers["etag"]}).status_code == 304
    old = http.get("/static/000000000000/ccx.css")
    assert (old.content, old.headers["cache-control"]) == (sheet.content, "no-cache")
    for missing in ("/static/0/none.css", "/static/0/..%2fapp.py", "/static/0/%2e%2e/app.py"):
        assert http.get(missing).status_code == 404


def test_a_person_sees_a_page_where_a_program_sees_a_problem(http: httpx2.Client) -> None:
    page = http.get("/no-such-page", headers=HTML)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such page" in page.text
    assert page.headers["content-security-policy"]
    assert http.get("/no-such-page").headers["content-type"] == "application/problem+json"
    for path in ("/v1/nothing", "/v1/sessions"):
        assert http.get(path, headers=HTML).headers["content-type"] == "application/problem+json"


def test_a_page_that_takes_no_such_request_says_so(http: httpx2.Client) -> None:
    answer = http.delete("/signin", headers=HTML)
    assert answer.status_code == 405
    assert "<h1>" in answer.text
    assert answer.headers["allow"]
