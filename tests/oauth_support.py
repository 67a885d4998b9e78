"""A customer with a browser, an application with a standard OAuth client: all over real HTTP.

`authorise(broker, application, customer, scopes, keys)` walks from the application through sign-in and the
consent page's form to a token, as people and programs do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from uuid import UUID, uuid4

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.kit import clock
from ccx_broker.kit.db import make_engine, make_sessions
from ccx_broker.organisations import service as organisations
from ccx_broker.organisations.rules import Vocabulary
from ccx_broker.organisations.tasks import purposes_from
from ccx_broker.profile.catalogue import CATALOGUE
from tests.support import Broker

PASSWORD = "a quiet yellow boat"
REDIRECT_URI = "https://shop.example/callback"
AUTHORIZE, TOKEN = "/oauth/authorize", "/oauth/token"


@dataclass(frozen=True)
class SomeCustomer:
    """A customer with an account; `token` is a session for the API."""

    customer_id: str
    email: str
    password: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header that signs an API request."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class SomeApplication:
    """A registered application; no secret: a public one."""

    organisation_id: str
    organisation: str
    client_id: str
    client_secret: str | None
    redirect_uri: str

    def client(self, broker: Broker, scopes: Iterable[str] = ()) -> OAuth2Client:
        """Return Authlib's client for it, as an integrator would set it up."""
        return OAuth2Client(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
            scope=" ".join(scopes),
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            timeout=30,
            base_url=broker.url,
        )


def new_customer(broker: Broker, email: str | None = None) -> SomeCustomer:
    """Sign a new customer up and in, over the API."""
    email = email or f"{uuid4().hex}@example.org"
    with httpx2.Client(base_url=broker.url, timeout=30) as http:
        account = {"email": email, "password": PASSWORD, "name": "Ada"}
        made = http.post("/v1/accounts", json=account).raise_for_status().json()
        del account["name"]
        session = http.post("/v1/sessions", json=account).raise_for_status().json()
    return SomeCustomer(made["customer_id"], email, PASSWORD, session["token"])


def new_application(
    broker: Broker,
    scopes: Collection[str],
    *,
    organisation_id: str | None = None,
    name: str | None = None,
    redirect_uri: str = REDIRECT_URI,
    purposes: Sequence[str] = (),
    needs: Collection[str] = (),
    public: bool = False,
    post_logout_redirect_uris: Sequence[str] = (),
    **more: Any,
) -> SomeApplication:
    """Register an application as the command line does, of a new organisation (called `name`) unless one is given.

    A public one gets bearer tokens, since Authlib's client knows no DPoP; `dpop_bound=True` undoes that.
    `more`: `auth_method`, `jwks`, `dpop_bound`.

    Not by the command itself: starting a program for each of some hundred takes longer than all the rest.
    """
    with _sessions(broker.environment["CCX_DATABASE_URL"]).begin() as session:
        now = clock.now()
        if organisation_id is None:
            name = name or f"Shop {uuid4().hex[:8]}"
            added, _ = organisations.add_organisation(session, name, "help@shop.example", now)
            organisation_id = str(added.organisation_id)
        made, secret = organisations.add_application(
            session,
            organisation_id=UUID(organisation_id),
            name="Shop app",
            redirect_uris=[redirect_uri],
            scopes=list(scopes),
            purposes=purposes_from(list(purposes), tuple(needs)),
            public=public,
            vocabulary=Vocabulary({item.key: item.step for item in CATALOGUE.items}),
            now=now,
            post_logout_redirect_uris=list(post_logout_redirect_uris),
            **{"dpop_bound": False} | more,
        )
    return SomeApplication(organisation_id, made.organisation_name, made.client_id, secret, redirect_uri)


@cache
def _sessions(url: str) -> sessionmaker[Session]:
    return make_sessions(make_engine(url, connections=2))


@dataclass
class HtmlForm:
    """A form of a page: what it would send as it stands, and what else can be ticked or chosen."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self.select: str | None = None
        self.area: str | None = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.forms[-1].fields.append((self.area, data))
            self.area = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(HtmlForm(given.get("action", "")))
        elif not self.forms:
            return
        elif tag == "input" and given.get("type") in ("checkbox", "radio"):
            box = (given["name"], given.get("value", "on"))
            self.forms[-1].boxes.append(box)
            if "checked" in given:
                self.forms[-1].fields.append(box)
        elif tag == "input" and "name" in given:
            self.forms[-1].fields.append((given["name"], given.get("value", "")))
        elif tag == "textarea":
            self.area = given["name"]
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and self.select and "selected" in given:
            self.forms[-1].fields.append((self.select, given["value"]))
        elif tag == "button" and "name" in given:
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))


class Browser:
    """A browser without JavaScript: keeps cookies, shows one page, sends its forms."""

    def __init__(self, broker: Broker) -> None:
        self.http = httpx2.Client(base_url=broker.url, timeout=30)
        self.here = broker.url
        self.page: httpx2.Response | None = None

    def open(self, address: str) -> str:
        """Go to an address and follow it around this site; return where that leads out of it, or ''."""
        return self._arrive(self.http.get(urljoin(self.here, address)))

    def forms(self) -> list[HtmlForm]:
        """Return the forms of the page."""
        assert self.page is not None
        parser = _Forms()
        parser.feed(self.page.text)
        return parser.forms

    def form_with(self, name: str) -> HtmlForm:
        """Return the form that has a field or box of that name."""
        return next(f for f in self.forms() if name in dict(f.fields) or name in dict(f.boxes))

    def send(self, form: HtmlForm, changes: Iterable[tuple[str, str]], *, unset: Collection[str] = ()) -> str:
        """Send a form with further fields, after taking those of the names in `unset` out."""
        changes = list(changes)
        typed = {name for name, _ in changes if (name, _) not in form.boxes}
        kept = [(name, value) for name, value in form.fields if name not in unset and name not in typed]
        return self._arrive(
            self.http.post(
                urljoin(self.here, form.action or self.here),
                content=urlencode([*kept, *changes]),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": "{0.scheme}://{0.netloc}".format(urlsplit(self.here)),
                    "Sec-Fetch-Site": "same-origin",
                },
            )
        )

    def sign_in(self, customer: SomeCustomer) -> str:
        """Fill in the sign-in page that is open, or open it."""
        if self.page is None or urlsplit(self.here).path != "/signin":
            self.open("/signin")
        form = self.form_with("password")
        return self.send(form, [("email", customer.email), ("password", customer.password)])

    def _arrive(self, answer: httpx2.Response) -> str:
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(target).netloc != urlsplit(self.here).netloc:
                return target
            answer = self.http.get(target)
        self.page, self.here = answer, str(answer.url)
        return ""


def ask_url(
    application: SomeApplication, scopes: Iterable[str], *, state: str = "", **changes: str
) -> tuple[str, str]:
    """Return the path of an authorization request and the PKCE verifier for what comes of it.

    `changes` replace parameters; an empty one leaves its parameter out.
    """
    verifier = generate_token(48)
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    } | changes
    return f"{AUTHORIZE}?{urlencode({name: value for name, value in query.items() if value})}", verifier


def consent(
    browser: Browser,
    keys: Iterable[str],
    *,
    action: str = "share",
    duration: str = "quarter",
    guesses: bool = True,
    events: bool = False,
) -> str:
    """Answer the consent page that is open; return where the browser is led."""
    form = browser.form_with("duration")
    ticked = [("key", key) for key in keys]
    ticked += [] if guesses else [("stated_only", "true")]
    ticked += [("events", "true")] if events else []
    assert set(ticked) <= set(form.boxes), "the page does not offer this"
    return browser.send(form, [*ticked, ("duration", duration), ("action", action)])


def obtain_code(
    broker: Broker,
    application: SomeApplication,
    customer: SomeCustomer,
    scopes: Iterable[str],
    keys: Iterable[str],
    **answer: Any,
) -> tuple[str, str]:
    """Walk to the code; return it and its verifier."""
    browser = Browser(broker)
    path, verifier = ask_url(application, scopes)
    browser.open(path)
    browser.sign_in(customer)
    back = consent(browser, keys, **answer)
    assert back.startswith(application.redirect_uri), browser.page and browser.page.text
    return parse_qs(urlsplit(back).query)["code"][0], verifier


def exchange(
    broker: Broker, application: SomeApplication, code: str, verifier: str, changes: Mapping[str, str] = {}
) -> httpx2.Response:
    """Send a code to the token endpoint; `changes` replace parameters, an empty one leaves its out."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": application.redirect_uri,
        "code_verifier": verifier,
    } | dict(changes)
    return post(broker, TOKEN, application, {name: value for name, value in body.items() if value})


def post(broker: Broker, path: str, application: SomeApplication, body: dict[str, str]) -> httpx2.Response:
    """Send a form as the application: with its secret by HTTP Basic, or its id if it has none."""
    if application.client_secret is None:
        return httpx2.post(broker.url + path, data=body | {"client_id": application.client_id}, timeout=60)
    auth = (application.client_id, application.client_secret)
    return httpx2.post(broker.url + path, data=body, auth=auth, timeout=60)


def authorise(
    broker: Broker,
    application: SomeApplication,
    customer: SomeCustomer,
    scopes: Iterable[str],
    keys: Iterable[str],
    **answer: Any,
) -> dict[str, Any]:
    """Let the customer share `keys` with the application; return the token endpoint's answer.

    `answer`: `duration` (now, month, quarter, year), `guesses`, `events`.
    """
    code, verifier = obtain_code(broker, application, customer, scopes, keys, **answer)
    token: dict[str, Any] = exchange(broker, application, code, verifier).raise_for_status().json()
    return token
