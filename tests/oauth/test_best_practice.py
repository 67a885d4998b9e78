"""What RFC 9700 asks and no other test has for its subject; docs/security/oauth.md has all of it."""

import httpx2
import pytest

from tests.oauth.test_limits import early_in_a_minute
from tests.oauth_support import Browser, ask_url, consent, new_application, new_customer
from tests.support import Broker, start_broker


@pytest.mark.parametrize("action", ["share", "deny"])
def test_the_browser_goes_on_with_a_303(broker: Broker, action: str) -> None:
    """§4.12: after a 307 the browser would send the form, with the password in it, to the application."""
    seen: list[int] = []
    browser = Browser(broker)
    browser.http.event_hooks = {"response": [lambda answer: seen.append(answer.status_code)]}
    application, customer = new_application(broker, ["pref:buy"]), new_customer(broker)
    browser.open(ask_url(application, ["pref:buy"])[0])
    browser.sign_in(customer)
    back = consent(browser, ["buy.store"], action=action)
    assert back.startswith(application.redirect_uri)
    redirects = [status for status in seen if 300 <= status < 400]
    assert len(redirects) == 3, "to sign-in, back to the question, on to the application"
    assert set(redirects) == {303}


def failures_from_many_places(broker: Broker) -> list[int]:
    """Fail as if each time from elsewhere, as a client can claim in a header."""
    with httpx2.Client(base_url=broker.url, timeout=30) as http:
        early_in_a_minute()
        return [
            http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=("nobody", "x"),
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            ).status_code
            for number in range(8)
        ]


@pytest.mark.slow
def test_proxies_are_believed_only_where_they_are_named(database_url: str) -> None:
    """§4.13: else a client would choose the address under which its guesses are counted."""
    with start_broker(database_url, CCX_LIMIT_FAILURES="3") as alone:
        assert failures_from_many_places(alone)[-1] == 429
    named = {"CCX_LIMIT_FAILURES": "3", "CCX_TRUSTED_PROXIES": "127.0.0.1"}
    with start_broker(database_url, **named) as behind_a_proxy:
        assert set(failures_from_many_places(behind_a_proxy)) == {401}
