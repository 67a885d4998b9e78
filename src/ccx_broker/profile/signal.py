"""Global Privacy Control: a browser says for its user, with every request, that data is not to be shared.

https://www.w3.org/TR/gpc/ (working draft): the request header `Sec-GPC: 1`, and `/.well-known/gpc.json` by which a
site says that it heeds it.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request

from ccx_broker.accounts.auth import browser_session
from ccx_broker.kit.clock import now
from ccx_broker.kit.runtime import Rt
from ccx_broker.profile import service

router = APIRouter(include_in_schema=False)

HEEDED_SINCE = "2026-11-24"


@router.get("/.well-known/gpc.json")
def policy() -> dict[str, bool | str]:
    """Say that the signal is heeded here, and since when."""
    return {"gpc": True, "lastUpdate": HEEDED_SINCE}


def heed(request: Request, rt: Rt, sec_gpc: Annotated[str | None, Header()] = None) -> None:
    """Heed the signal of a signed-in browser before the page is made, so that the page shows it already.

    In a transaction of its own: some pages compute a password, and must hold no connection meanwhile.
    """
    if sec_gpc != "1":
        return
    with rt.sessions.begin() as db:
        me = browser_session(request, db, rt)
        if me is not None and service.honour_signal(db, me.customer.customer_id, now()):
            request.state.heeded_signal = True


Heeded = Depends(heed)
