"""The supermarket's web site: a customer connects their profile here, and comes back here from the broker.

Its back office is what the people who work there see; it wants the key that they were given.
"""

import hmac
import secrets
from collections.abc import Mapping
from html import escape
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ccx_broker.demo.shop_client import NotShared, NotTheAnswer, ShopClient
from ccx_broker.demo.words import in_words

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}
td,th{{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}}</style><h1>{name}</h1>{body}</html>"""


def make_site(
    name: str,
    client: ShopClient,
    scopes: Mapping[str, str],
    orders: Mapping[str, list[dict[str, Any]]],
    key: str,
) -> FastAPI:
    """Return the shop's site. `scopes` is what it asks for by occasion, `orders` what its members bought by card."""
    site = FastAPI(title=name, openapi_url=None)
    # Browsers keep cookies by host and not by port, so two shops on one machine need two names.
    state_cookie, session_cookie = (f"{kind}_{client.credentials.client_id}" for kind in ("state", "session"))
    sessions: dict[str, str] = {}

    def staff(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
            raise HTTPException(401)

    def page(body: str, status: int = 200) -> HTMLResponse:
        return HTMLResponse(PAGE.format(name=escape(name), body=body), status)

    @site.get("/")
    def front() -> Response:
        return page(
            '<p>Tell us once how you like to be treated.</p><p><a href="/connect">Connect your profile</a></p>'
        )

    @site.get("/connect")
    def connect(card: str = "visitor", occasion: str = "preferences") -> Response:
        """Send the browser to the broker, and remember in it that it went.

        A real shop knows who is signed in; this one takes the number of a loyalty card for that.
        """
        if occasion not in scopes:
            raise HTTPException(404)
        address, state = client.ask(card, scopes[occasion])
        gone = RedirectResponse(address, 303)
        gone.set_cookie(state_cookie, state, max_age=600, httponly=True, samesite="lax")
        return gone

    @site.get("/back")
    def back(request: Request) -> Response:
        """Take the browser in again: the OAuth redirect URI."""
        try:
            card = client.redeem(str(request.url), request.cookies.get(state_cookie))
        except NotTheAnswer as error:
            return page(f"<p>Something went wrong on the way. {escape(str(error))}</p>", 400)
        except NotShared:
            return page("<p>That is fine: you share nothing with us, and can shop here all the same.</p>")
        home = RedirectResponse("/member", 303)
        home.delete_cookie(state_cookie)
        session = secrets.token_urlsafe(24)
        sessions[session] = card
        home.set_cookie(session_cookie, session, httponly=True, samesite="lax")
        return home

    @site.get("/member")
    def member() -> Response:
        return page('<p>Thank you. <a href="/knows">See what we know of you now</a></p>')

    @site.get("/knows")
    def knows(request: Request) -> Response:
        """Show a member what the shop reads about them; each view is a look in their log."""
        card = sessions.get(request.cookies.get(session_cookie, ""))
        if card is None:
            return page('<p>We do not know you. <a href="/connect">Connect your profile</a></p>')
        status, body = client.read(card)
        if status != 200:
            return page(f"<p>We may not know anything of you any more (answer {status}).</p>")
        rows = "".join(
            f"<tr><td>{escape(each['key'])}<td>{escape(in_words(each['value']))}<td>{escape(each['source'])}"
            for each in body["preferences"]
        )
        return page(f"<table><tr><th>what<th>value<th>from{rows}</table>")

    @site.get("/back-office/cards", dependencies=[Depends(staff)])
    def cards() -> dict[str, int]:
        """Return the loyalty cards, with how many orders each has."""
        return {card: len(its) for card, its in orders.items()}

    @site.get("/back-office/orders/{card}/last", dependencies=[Depends(staff)])
    def last_order(card: str) -> dict[str, Any]:
        return orders[card][-1]

    @site.post("/back-office/send", dependencies=[Depends(staff)])
    def send(card: Annotated[str, Form()]) -> dict[str, int]:
        """Send a member's purchases to the broker."""
        return client.send(card, orders[card])

    @site.get("/back-office/read/{card}", dependencies=[Depends(staff)])
    def read(card: str, way: str = "token") -> dict[str, Any]:
        """Ask the broker about a member: with the member's token, or by subject with the shop's own."""
        status, body = client.read_by_subject(card) if way == "subject" else client.read(card)
        return {"status": status, "body": body}

    return site
