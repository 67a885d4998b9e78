"""Which language a page is shown in, and the switch at its foot.

First what was chosen at the foot of a page for this visit, then the language that the signed-in customer
has stated, then the browser's, then English. The API speaks English: it speaks to programs.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from ccx_broker.kit.language import Language, accepted, best, codes, language
from ccx_broker.kit.runtime import Rt, runtime_of
from ccx_broker.web.cookies import cookie_name, set_cookie
from ccx_broker.web.csrf import check_csrf
from ccx_broker.web.local import page_before

router = APIRouter(include_in_schema=False)

COOKIE = "ccx_language"


def language_of(request: Request) -> Language:
    """Return the language for the answer to this request."""
    chosen = request.cookies.get(cookie_name(runtime_of(request), COOKIE), "")
    stated = getattr(request.state, "stated_language", None) or ""
    return language(best([chosen, stated, *accepted(request.headers.get("accept-language", ""))]) or "en")


def remember_stated(request: Request, tag: str | None) -> None:
    """Let the pages of this request be in the language that the signed-in customer has stated (BCP 47)."""
    request.state.stated_language = tag


@router.post("/language", dependencies=[Depends(check_csrf)])
def choose(request: Request, rt: Rt, code: Annotated[str, Form(alias="language")] = "") -> RedirectResponse:
    """Show the pages of this visit in a language, and the one that it was chosen on at once."""
    response = RedirectResponse(page_before(request), 303)
    if code in codes():
        set_cookie(response, rt, COOKIE, code, until=None)
    return response
