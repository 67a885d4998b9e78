"""The authorize endpoint: what it accepts, and where it sends a browser when it doesn't."""

from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oauth_support import (
    AUTHORIZE,
    Browser,
    SomeApplication,
    SomeCustomer,
    ask_url,
    consent,
    new_application,
    new_customer,
)
from tests.support import Broker

SCOPES = ("pref:buy", "events:write")


@pytest.fixture(scope="module")
def application(broker: Broker) -> SomeApplication:
    return new_application(broker, SCOPES, redirect_uri="https://shop.example/callback?a=b")


@pytest.fixture(scope="module")
def customer(broker: Broker) -> SomeCustomer:
    return new_customer(broker)


@pytest.fixture(scope="module")
def browser(broker: Broker, customer: SomeCustomer) -> Browser:
    browser = Browser(broker)
    browser.sign_in(customer)
    return browser


def said(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://shop.example/callback"},
        {"redirect_uri": "https://shop.example/callback?a=b&c=d"},
        {"redirect_uri": "https://shop.example/callback?a=b/../x"},
        {"redirect_uri": "https://SHOP.example/callback?a=b"},
        {"redirect_uri": "https://shop.example:443/callback?a=b"},
        {"redirect_uri": "https://evil.example/<script>"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_a_client_or_address_that_is_not_known_gets_a_page_and_no_redirect(
    broker: Broker, application: SomeApplication, change: dict[str, str]
) -> None:
    path, _ = ask_url(application, SCOPES, **change)
    answer = httpx2.get(broker.url + path)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "Nothing was shared" in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "pref:buy pref:discover"}, "invalid_scope"),
        ({"scope": "pref:diet.allergens"}, "invalid_scope"),
        ({"scope": "pref:nonsense"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_the_client_learns_of_every_other_mistake_with_state_and_issuer(
    broker: Broker, application: SomeApplication, change: dict[str, str], error: str
) -> None:
    path, _ = ask_url(application, SCOPES, state="a state & more", **change)
    answer = httpx2.get(broker.url + path)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith("https://shop.example/callback?a=b&")
    found = said(location)
    assert (found["error"], found["state"], found["iss"]) == (error, "a state & more", broker.url)
    assert "code" not in found


def test_pkce_is_required_of_public_clients_too(broker: Broker) -> None:
    application = new_application(broker, SCOPES, public=True)
    path, _ = ask_url(application, SCOPES, code_challenge="", code_challenge_method="")
    assert said(httpx2.get(broker.url + path).headers["location"])["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["scope", "state", "response_type", "code_challenge", "anything"])
def test_a_repeated_parameter_is_refused(broker: Broker, application: SomeApplication, name: str) -> None:
    path, _ = ask_url(application, SCOPES)
    answer = httpx2.get(f"{broker.url}{path}&{name}=1&{name}=2")
    assert said(answer.headers["location"])["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_address_goes_nowhere(
    broker: Broker, application: SomeApplication, name: str
) -> None:
    path, _ = ask_url(application, SCOPES)
    assert httpx2.get(f"{broker.url}{path}&{name}=https://evil.example").status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "x"])
def test_a_nul_character_is_refused_and_breaks_nothing(
    broker: Broker, application: SomeApplication, name: str
) -> None:
    path, _ = ask_url(application, SCOPES, **{name: "a\0b"})
    answer = httpx2.get(broker.url + path)
    if name in ("client_id", "redirect_uri"):
        assert answer.status_code == 400
    else:
        assert said(answer.headers["location"])["error"] == "invalid_request"


def test_prompt_none_never_shares_unseen(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    path, _ = ask_url(application, SCOPES, prompt="none")
    assert said(browser.open(path))["error"] == "consent_required"


def test_refusing_tells_the_client_so_and_grants_nothing(
    broker: Broker, application: SomeApplication, browser: Browser, customer: SomeCustomer
) -> None:
    path, _ = ask_url(application, SCOPES, state="s")
    browser.open(path)
    back = said(consent(browser, ["buy.store"], action="deny"))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "s", broker.url)
    grants = httpx2.get(f"{broker.url}/v1/me/grants", headers=customer.bearer).json()
    assert grants["items"] == []


def test_a_form_from_elsewhere_is_refused(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    path, _ = ask_url(application, SCOPES)
    body = {"key": "buy.store", "duration": "year", "action": "share"}
    answer = browser.http.post(path, data=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_a_form_sent_to_another_request_is_judged_by_that_request(
    broker: Broker, application: SomeApplication, browser: Browser
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    form = browser.form_with("duration")
    evil, _ = ask_url(application, SCOPES, redirect_uri="https://evil.example")
    form.action = evil
    assert browser.send(form, [("key", "buy.store"), ("action", "share")]) == ""
    assert browser.page is not None
    assert browser.page.status_code == 400


def test_an_app_on_the_customers_device_may_listen_on_any_port(broker: Broker) -> None:
    app = new_application(broker, SCOPES, redirect_uri="http://127.0.0.1/cb", public=True)
    for uri, status in (
        ("http://127.0.0.1:49152/cb", 303),
        ("http://127.0.0.1/cb", 303),
        ("http://127.0.0.1:49152/other", 400),
        ("http://127.0.0.1.evil.example:49152/cb", 400),
        ("http://user@127.0.0.1:49152/cb", 400),
        ("http://localhost:49152/cb", 400),
        ("https://127.0.0.1:49152/cb", 400),
    ):
        path, _ = ask_url(app, SCOPES, redirect_uri=uri)
        assert httpx2.get(broker.url + path).status_code == status, uri


def test_an_app_may_be_called_back_by_its_own_scheme(broker: Broker, browser: Browser) -> None:
    app = new_application(broker, SCOPES, redirect_uri="com.example.shop:/callback", public=True)
    browser.open(ask_url(app, SCOPES, state="ä 1&2")[0])
    assert browser.page is not None
    assert "form-action 'self' com.example.shop:;" in browser.page.headers["content-security-policy"]
    assert "com.example.shop:/callback" in browser.page.text
    back = consent(browser, ["buy.store"])
    assert back.startswith("com.example.shop:/callback?code=ccxc_")
    assert said(back)["state"] == "ä 1&2"


parameters = st.dictionaries(
    st.sampled_from(
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "prompt",
            "authorization_details",
            "request_uri",
            "request",
            "grant_id",
            "grant_management_action",
            "x",
        ]
    ),
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "code",
                "none",
                "pref:buy",
                "https://evil.example",
                "create",
                '[{"type":"ccx_preferences","keys":["buy.store"]}]',
                "urn:ietf:params:oauth:request_uri:ccxq_x",
            ]
        ),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=parameters)
def test_whatever_is_sent_is_answered_and_leads_nowhere_unregistered(
    broker: Broker, application: SomeApplication, http: httpx2.Client, changes: dict[str, str]
) -> None:
    path, _ = ask_url(application, SCOPES)
    query = dict(item.split("=", 1) for item in urlsplit(path).query.split("&"))
    query = {name: parse_qs(f"x={value}")["x"][0] for name, value in query.items()} | changes
    answer = http.get(f"{AUTHORIZE}?{urlencode(query, errors='surrogatepass')}")
    assert answer.status_code in (303, 400)
    if answer.status_code == 303:
        target = answer.headers["location"]
        assert target.startswith(("/signin?", "https://shop.example/callback?a=b&"))


fields = st.lists(
    st.tuples(
        st.sampled_from(["key", "duration", "action", "stated_only", "events", "x"]),
        st.one_of(
            st.sampled_from(["share", "needed", "buy.store", "diet.allergens", "true", "year", ""]),
            st.text(max_size=20),
        ),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=fields)
def test_whatever_a_form_says_no_more_is_granted_than_was_asked_and_sent(
    application: SomeApplication, browser: Browser, customer: SomeCustomer, sent: list[tuple[str, str]]
) -> None:
    browser.open(ask_url(application, SCOPES)[0])
    back = browser.send(browser.form_with("duration"), sent)
    assert browser.page is not None
    assert back.startswith("https://shop.example/callback?a=b&") or browser.page.status_code in (200, 422)
    grants = browser.http.get("/v1/me/grants?state=live", headers=customer.bearer).json()["items"]
    if "code=" in back:
        assert set(grants[0]["keys"]) == {value for name, value in sent if name == "key"}
        assert all(key.startswith("buy.") for key in grants[0]["keys"])
