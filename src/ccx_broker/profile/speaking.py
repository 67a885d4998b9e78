"""A signed-in customer's pages are in the language that they have stated, whatever their browser prefers."""

from fastapi import Depends, Request

from ccx_broker.accounts.auth import BrowserSession
from ccx_broker.kit.db import Db
from ccx_broker.profile import store
from ccx_broker.web.language import remember_stated


def speak(request: Request, me: BrowserSession, db: Db) -> None:
    """Look up the statement before the page is made; a page that says what went wrong is in it too."""
    if me is not None:
        remember_stated(request, store.stated_value(db, me.customer.customer_id, "language"))


Spoken = Depends(speak)
