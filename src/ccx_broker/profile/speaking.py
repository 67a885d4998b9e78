"""A signed-in customer's pages are in the language that they have stated, whatever their browser prefers."""

from fastapi import Depends, Request

from ccx_broker.accounts.auth import browser_session
from ccx_broker.kit.runtime import Rt
from ccx_broker.messages import store as messages
from ccx_broker.profile import store
from ccx_broker.web.cookies import session_cookie
from ccx_broker.web.language import remember_stated

MANY = 100


def speak(request: Request, rt: Rt) -> None:
    """Look up the statement before the page is made; a page that says what went wrong is in it too.

    In a transaction of its own: some pages compute a password, and must hold no connection meanwhile.
    """
    if session_cookie(request, rt) is None:
        return
    with rt.sessions.begin() as db:
        me = browser_session(request, db, rt)
        if me is not None:
            # The number beside *Messages*; here, since a transaction more would cost more than the statement.
            request.state.unread = messages.unread(db, me.customer.customer_id, MANY)
            remember_stated(request, store.stated_value(db, me.customer.customer_id, "language"))


Spoken = Depends(speak)
