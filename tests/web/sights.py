"""How to get to each page, in each state that looks different. A new page is a line here.

`SIGHTS` has every GET route that answers with a page, by its path in the routes; a test fails for one that
is missing. What is under a route is the ways to see it: each a name and what to do on the stage.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import psycopg

from tests.oauth_support import ask_url, authorise
from tests.web.stage import SCOPES, Stage

Way = Callable[[Stage], object]

# GET routes outside the API's description that answer with something else than a page.
NO_PAGES = {
    "/.well-known/gpc.json": "a document for programs",
    "/openapi.json": "a document for programs",
    "/static/{version}/{name}": "stylesheets and pictures",
    "/signin/passkey": "leads to the page whose form goes there",
    "/signup/passkey": "leads to the page whose form goes there",
    "/account/confirm/passkey": "leads to the page whose form goes there",
    "/messages/{message_id}": "leads to the page that the message is about",
    "/healthz": "for a load balancer",
    "/oauth/userinfo": "for programs",
}


def at(path: str) -> Way:
    """Open a page as the customer."""

    def go(stage: Stage) -> None:
        stage.sign_in()
        stage.open(path)

    return go


def as_visitor(path: str) -> Way:
    """Open a page without being signed in."""

    def go(stage: Stage) -> None:
        stage.visit()
        stage.open(path)

    return go


def with_wrong_password(stage: Stage) -> None:
    stage.visit()
    stage.open("/signin")
    stage.page.get_by_label("Email").fill("ada@example.org")
    stage.page.get_by_label("Password").fill("not my password")
    stage.page.get_by_role("button", name="Sign in").click()


def with_empty_fields(stage: Stage) -> None:
    stage.visit()
    stage.open("/signup")
    stage.page.eval_on_selector("main form", "form => { form.noValidate = true }")
    stage.page.get_by_role("button", name="Create my profile").click()


def asked(stage: Stage) -> None:
    at(ask_url(stage.application, SCOPES)[0])(stage)


def asked_and_nothing_ticked(stage: Stage) -> None:
    asked(stage)
    stage.page.get_by_role("button", name="Share", exact=True).click()


def asked_again(stage: Stage) -> None:
    share(stage)
    at(ask_url(stage.application, ["pref:buy"])[0])(stage)


def share(stage: Stage) -> None:
    authorise(
        stage.broker, stage.application, stage.customer, SCOPES, ["buy.store", "diet.allergens"], events=True
    )


def one_grant(further: str = "") -> Way:
    """Share something, and open its page or one below it."""

    def go(stage: Stage) -> None:
        share(stage)
        (grant,) = stage.api("GET", "/v1/me/grants").json()["items"]
        at(f"/sharing/{grant['grant_id']}{further}")(stage)

    return go


def shared(stage: Stage) -> None:
    share(stage)
    at("/sharing")(stage)


def ended(stage: Stage) -> None:
    shared(stage)
    stage.page.get_by_role("button", name="End sharing").first.click()


def wrong_code(stage: Stage) -> None:
    at("/device")(stage)
    stage.page.get_by_label("The code on the device").fill("BCDF-GHJK")
    stage.page.get_by_role("button", name="Go on").click()


def menu_open(stage: Stage) -> None:
    at("/")(stage)
    stage.page.set_viewport_size({"width": 320, "height": 640})
    stage.page.get_by_text("Menu", exact=True).click()


def looked_at(stage: Stage) -> None:
    """Let the shop look twice: once at what it may see, once refused."""
    token = authorise(stage.broker, stage.application, stage.customer, SCOPES, ["buy.store"])
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    httpx2.get(f"{stage.broker.url}/v1/preferences", headers=bearer, timeout=30).raise_for_status()
    at("/sharing")(stage)
    stage.page.get_by_role("button", name="End sharing").first.click()
    httpx2.get(f"{stage.broker.url}/v1/preferences", headers=bearer, timeout=30)
    stage.open("/log")


def told(stage: Stage) -> None:
    """Have messages of several kinds, all unread."""
    share(stage)
    stage.api("POST", "/v1/me/recovery-codes")
    at("/messages")(stage)


def told_and_read(stage: Stage) -> None:
    told(stage)
    stage.page.get_by_role("button", name="Mark all as read").click()
    stage.page.get_by_role("button", name="Stop the e-mails").click()


def by_name(path: str, *, customer: bool) -> Way:
    """Open a page at the address where passkeys work on one's own machine."""

    def go(stage: Stage) -> None:
        stage.visit()
        url = f"http://localhost:{urlsplit(stage.broker.url).port}"
        if customer:
            cookie = {"name": "ccx_session", "value": stage.customer.token, "url": url}
            stage.page.context.add_cookies([cookie])  # type: ignore[list-item]
        stage.page.goto(url + path)

    return go


def long_ago(way: Way) -> Way:
    """Have proved to be oneself an hour ago, with recovery codes made before."""

    def go(stage: Stage) -> None:
        stage.api("POST", "/v1/me/recovery-codes")
        with psycopg.connect(stage.broker.environment["CCX_DATABASE_URL"]) as connection:
            connection.execute("UPDATE sessions SET proved_at = proved_at - interval '1 hour'")
        way(stage)

    return go


def pressed(way: Way, button: str) -> Way:
    """Press a button of a page, whatever the browser thinks of the fields."""

    def go(stage: Stage) -> None:
        way(stage)
        stage.page.eval_on_selector_all("form", "forms => forms.forEach(form => { form.noValidate = true })")
        stage.page.get_by_role("button", name=button).click()

    return go


def with_signal(stage: Stage) -> None:
    """Arrive with a browser that asks not to have data shared."""
    stage.page.set_extra_http_headers({"Sec-GPC": "1"})
    at("/")(stage)


def with_nothing_chosen(stage: Stage) -> None:
    at("/preferences/currency")(stage)
    stage.page.get_by_role("button", name="Save").click()


def observed(stage: Stage) -> None:
    """Let the shop tell of twelve weekly visits."""
    share(stage)
    token = authorise(
        stage.broker, stage.application, stage.customer, SCOPES, ["buy.store", "diet.allergens"], events=True
    )
    subject = httpx2.get(
        f"{stage.broker.url}/v1/preferences", headers={"Authorization": f"Bearer {token['access_token']}"}
    ).json()["subject"]
    visits = [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": subject,
            "messageId": f"visit-{week}",
            "timestamp": f"2026-{3 + week // 4:02d}-{1 + 7 * (week % 4):02d}T10:00:00Z",
            "context": {"timezone": "Europe/Vienna"},
            "properties": {
                "store_id": "367",
                "currency": "EUR",
                "total": 5,
                "products": [
                    {"product_id": "1", "category": "COFFEE", "brand": "Private", "quantity": 1, "price": 5}
                ],
            },
        }
        for week in range(12)
    ]
    httpx2.post(
        f"{stage.broker.url}/v1/events",
        json={"batch": visits},
        headers={"Authorization": f"Bearer {token['access_token']}"},
    ).raise_for_status()
    stage.broker.conclude()


def with_guesses(stage: Stage) -> None:
    observed(stage)
    at("/guesses")(stage)


def with_a_guess(stage: Stage) -> None:
    observed(stage)
    at(f"/guesses/{stage.api('GET', '/v1/me/defaults').json()['items'][0]['key']}")(stage)


def with_events(stage: Stage) -> None:
    observed(stage)
    at("/observed")(stage)


def with_learning_off(stage: Stage) -> None:
    stage.api("PUT", "/v1/me/preferences/data.profiling", json={"value": "no"})
    at("/guesses")(stage)


SIGHTS: dict[str, dict[str, Way]] = {
    "/": {"visitor": as_visitor("/"), "customer": at("/"), "menu": menu_open, "signal": with_signal},
    "/signin": {
        "empty": as_visitor("/signin"),
        "again": at("/signin?again=true"),
        "failed": with_wrong_password,
        "passkey": by_name("/signin", customer=False),
    },
    "/signup": {
        "passkey": by_name("/signup", customer=False),
        "empty": as_visitor("/signup"),
        "failed": with_empty_fields,
    },
    "/signin/recovery": {
        "empty": as_visitor("/signin/recovery"),
        "failed": pressed(as_visitor("/signin/recovery"), "Sign in with it"),
    },
    "/account": {"shown": at("/account"), "done": at("/account?done=email")},
    "/account/name": {"empty": at("/account/name")},
    "/account/email": {"failed": pressed(at("/account/email"), "Save the address")},
    "/account/password": {"failed": pressed(at("/account/password"), "Save the password")},
    "/account/confirm": {
        "asks": long_ago(at("/account/confirm")),
        "failed": pressed(long_ago(at("/account/confirm")), "Go on"),
    },
    "/account/passkeys": {
        "none": by_name("/account/passkeys", customer=True),
        "asks first": long_ago(at("/account/passkeys")),
    },
    "/account/recovery": {
        "none": at("/account/recovery"),
        "welcome": at("/account/recovery?welcome=true"),
        "codes": pressed(at("/account/recovery"), "Make my recovery codes"),
    },
    "/devices": {"list": at("/devices")},
    "/preferences": {
        "list": at("/preferences"),
        "found": at("/preferences?q=shop"),
        "not found": at("/preferences?q=zzz"),
    },
    "/preferences/private": {"list": at("/preferences/private")},
    "/preferences/{key}": {
        "cards": at("/preferences/discover.own_brand"),
        "week": at("/preferences/deliver.window"),
        "ranks": at("/preferences/pay.method_order"),
        "map": at("/preferences/buy.price_band"),
        "chips": at("/preferences/discover.brands_avoid"),
        "special": at("/preferences/diet.allergens"),
        "slot": at("/preferences/buy.day_time?saved=true"),
        "choice": at("/preferences/currency"),
        "number": at("/preferences/buy.substitution_max_uplift"),
        "nothing chosen": with_nothing_chosen,
    },
    "/start": {"first": at("/start")},
    "/start/{number}": {"last": at("/start/7")},
    "/start/done": {"list": at("/start/done")},
    "/guesses": {"nothing yet": at("/guesses"), "some": with_guesses, "off": with_learning_off},
    "/guesses/{key}": {"why": with_a_guess},
    "/observed": {"nothing": at("/observed"), "some": with_events},
    "/sharing": {"nothing yet": at("/sharing"), "shared": shared, "ended": ended},
    "/sharing/{grant_id}": {"live": one_grant(), "saved": one_grant("?saved=true")},
    "/sharing/{grant_id}/as-they-see": {"live": one_grant("/as-they-see")},
    "/log": {"nothing yet": at("/log"), "looked at": looked_at},
    "/messages": {"nothing yet": at("/messages"), "some": told, "read": told_and_read},
    "/oauth/authorize": {
        "asked": asked,
        "nothing ticked": asked_and_nothing_ticked,
        "asked again": asked_again,
        "dead end": at("/oauth/authorize?client_id=nobody"),
    },
    "/oauth/logout": {"asks": at("/oauth/logout"), "done": as_visitor("/oauth/logout")},
    "/device": {
        "empty": at("/device"),
        "filled": at("/device?user_code=BCDFGHJK"),
        "wrong code": wrong_code,
    },
}
ELSEWHERE: dict[str, Way] = {"no such page": as_visitor("/no-such-page")}
