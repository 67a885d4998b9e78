"""The consent page: what it shows, and what each of its buttons does."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.oauth_support import (
    Browser,
    SomeApplication,
    SomeCustomer,
    ask_url,
    authorise,
    consent,
    exchange,
    new_application,
    new_customer,
)
from tests.support import Broker, need_chromium

SCOPES = ("pref:buy", "pref:diet.allergens", "events:write", "offline_access")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(
        broker,
        SCOPES,
        purposes=["dpv:ServiceProvision=We pick <b>your</b> shopping the way you like it."],
        needs=["buy.store", "buy.coupons", "diet.allergens"],
    )


@pytest.fixture
def customer(broker: Broker) -> SomeCustomer:
    customer = new_customer(broker)
    stated = {"buy.store": "Old Mill <17>", "diet.allergens": ["nuts"]}
    for key, value in stated.items():
        httpx2.put(
            f"{broker.url}/v1/me/preferences/{key}", json={"value": value}, headers=customer.bearer
        ).raise_for_status()
    return customer


@pytest.fixture
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def text_of(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def label_of(browser: Browser, key: str) -> str:
    labels = re.findall(r"<label.*?</label>", text_of(browser), re.DOTALL)
    (found,) = (label for label in labels if f'value="{key}"' in label)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def ticked(browser: Browser) -> set[str]:
    return {value for name, value in browser.form_with("duration").fields if name == "key"}


def test_the_page_says_who_asks_why_and_what_exactly(browser: Browser, application: SomeApplication) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    page = text_of(browser)
    for part in (application.organisation, "Shop app", "shop.example", "help@shop.example"):
        assert part in page
    assert "We pick &lt;b&gt;your&lt;/b&gt; shopping" in page
    assert re.search(r"buy\.store", label_of(browser, "buy.store"))
    assert "Old Mill &lt;17&gt; you said" in label_of(browser, "buy.store")
    assert "nothing yet" in label_of(browser, "buy.coupons")


def test_nothing_is_ticked_beforehand(browser: Browser, application: SomeApplication) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    form = browser.form_with("duration")
    assert {name for name, _ in form.fields} == {"csrf_token", "duration"}
    assert ("duration", "quarter") in form.fields
    assert {("stated_only", "true"), ("events", "true"), ("key", "diet.allergens")} <= set(form.boxes)
    assert form.buttons == [("action", "needed"), ("action", "share"), ("action", "deny")]


def test_only_what_is_asked_for_is_on_the_page(browser: Browser, application: SomeApplication) -> None:
    browser.open(ask_url(application, ["pref:buy.store"])[0])
    assert browser.form_with("duration").boxes == [("key", "buy.store"), ("stated_only", "true")]


def test_the_button_ticks_what_is_needed_keeps_the_rest_and_leaves_special_keys_alone(
    browser: Browser, application: SomeApplication
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    assert consent(browser, ["buy.upsell"], action="needed", duration="year", guesses=False) == ""
    assert ticked(browser) == {"buy.store", "buy.coupons", "buy.upsell"}
    form = browser.form_with("duration")
    assert {("duration", "year"), ("stated_only", "true")} <= set(form.fields)
    assert ("events", "true") not in form.fields


def test_share_with_nothing_ticked_shares_nothing_and_says_so(
    browser: Browser, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    assert consent(browser, []) == ""
    assert browser.page is not None
    assert browser.page.status_code == 422
    assert "Nothing was shared" in text_of(browser)
    assert http.get("/v1/me/grants", headers=customer.bearer).json()["items"] == []


def test_a_key_that_was_not_asked_for_can_not_be_slipped_in(
    browser: Browser, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    browser.open(ask_url(application, ["pref:buy"])[0])
    form = browser.form_with("duration")
    forged = [("key", "buy.store"), ("key", "diet.allergens"), ("action", "share")]
    assert browser.send(form, forged) == ""
    assert http.get("/v1/me/grants", headers=customer.bearer).json()["items"] == []


def test_an_unknown_duration_asks_again(
    browser: Browser, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    form = browser.form_with("duration")
    assert browser.send(form, [("key", "buy.store"), ("duration", "ever"), ("action", "share")]) == ""
    assert ticked(browser) == {"buy.store"}
    assert http.get("/v1/me/grants", headers=customer.bearer).json()["items"] == []


def test_an_amendment_marks_what_changes_and_ticks_nothing(
    broker: Broker,
    browser: Browser,
    application: SomeApplication,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    first = authorise(broker, application, customer, SCOPES, ["buy.store", "diet.allergens"])
    path, verifier = ask_url(application, ["pref:buy"])
    browser.open(path)
    assert ticked(browser) == set()
    assert "shared now" in label_of(browser, "buy.store")
    assert "new" in label_of(browser, "buy.coupons").split()
    assert "Is there something you must not eat?" in text_of(browser)
    back = consent(browser, ["buy.coupons"])
    code = re.search(r"code=([^&]+)", back)
    assert code is not None
    token = exchange(broker, application, code[1], verifier).json()
    assert token["grant_id"] == first["grant_id"]
    assert token["scope"] == "pref:buy.coupons"
    grant = http.get(f"/v1/me/grants/{first['grant_id']}", headers=customer.bearer).json()
    assert grant["keys"] == ["diet.allergens", "buy.coupons"]


def test_a_session_that_ended_meanwhile_leads_through_sign_in_and_back(
    broker: Broker, browser: Browser, application: SomeApplication
) -> None:
    path, _ = ask_url(application, SCOPES)
    browser.http.cookies.clear()
    browser.open(path)
    assert browser.here.startswith(f"{broker.url}/signin?next=%2Foauth%2Fauthorize%3F")


def test_the_browser_may_send_the_form_only_to_us_and_on_to_the_application(
    browser: Browser, application: SomeApplication
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    assert browser.page is not None
    policy = browser.page.headers["content-security-policy"]
    assert "form-action 'self' https://shop.example" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert browser.page.headers["cache-control"] == "no-store"


def test_what_is_shared_is_seen_and_ended_by_one_click(
    broker: Broker,
    browser: Browser,
    application: SomeApplication,
    customer: SomeCustomer,
    http: httpx2.Client,
) -> None:
    browser.open("/sharing")
    assert "Nobody sees anything" in text_of(browser)
    token = authorise(broker, application, customer, SCOPES, ["buy.store"], events=True)
    browser.open("/sharing")
    assert application.organisation in text_of(browser)
    assert "Which shop do you mostly go to?" in text_of(browser)
    (form,) = (form for form in browser.forms() if form.action.endswith("/end"))
    browser.send(form, [])
    assert "gets nothing from you any more" in text_of(browser)
    assert "ended by you" in text_of(browser)
    grant = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    assert grant["ended_reason"] == "withdrawn"


def test_nobody_else_can_end_what_is_shared(
    broker: Broker, application: SomeApplication, customer: SomeCustomer, http: httpx2.Client
) -> None:
    token = authorise(broker, application, customer, SCOPES, ["buy.store"])
    authorise(broker, application, customer, SCOPES, ["buy.store"])
    stranger = Browser(broker)
    stranger.sign_in(new_customer(broker))
    stranger.open("/sharing")
    form = stranger.form_with("csrf_token")
    form.action = f"/sharing/{token['grant_id']}/end"
    stranger.send(form, [])
    assert stranger.page is not None
    assert stranger.page.status_code == 404
    grant = http.get(f"/v1/me/grants/{token['grant_id']}", headers=customer.bearer).json()
    assert grant["state"] == "live"


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=need_chromium(), args=CHROMIUM)
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
        yield context.new_page()
        chromium.close()


class Shop(BaseHTTPRequestHandler):
    """The application's own address: another origin, so that the page's policy has to let us leave."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"Back at the shop")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def callback() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/callback"
        server.shutdown()


@pytest.mark.browser
def test_a_person_without_javascript_on_a_small_screen_shares_what_they_want(
    broker: Broker, customer: SomeCustomer, page: Page, http: httpx2.Client, callback: str
) -> None:
    application = new_application(
        broker, SCOPES, redirect_uri=callback, needs=["buy.store", "diet.allergens"]
    )
    page.goto(broker.url + ask_url(application, SCOPES, state="xyz")[0])
    page.get_by_label("Email").fill(customer.email)
    page.get_by_label("Password").fill(customer.password)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= 320
    page.get_by_label(re.compile(r"buy\.day_time")).check()
    page.get_by_role("button", name=f"Tick what {application.organisation} needs").click()
    expect(page.get_by_label(re.compile(r"buy\.day_time"))).to_be_checked()
    expect(page.get_by_label(re.compile(r"buy\.store"))).to_be_checked()
    expect(page.get_by_label(re.compile(r"diet\.allergens"))).not_to_be_checked()
    page.get_by_label(re.compile(r"diet\.allergens")).check()
    page.get_by_label("For how long?").select_option("30 days")
    page.get_by_role("button", name="Share", exact=True).click()

    expect(page.get_by_text("Back at the shop")).to_be_visible()
    assert page.url.startswith(f"{callback}?code=ccxc_")
    assert "state=xyz" in page.url
    (grant,) = http.get("/v1/me/grants", headers=customer.bearer).json()["items"]
    assert grant["keys"] == ["buy.store", "buy.day_time", "diet.allergens"]
    assert (grant["include_defaults"], grant["allow_events"]) == (True, False)
