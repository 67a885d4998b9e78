"""Pages: one layout, autoescaped templates, and the headers that keep them safe.

A page's door ends with `return render(request, "<feature>/<page>.html", me=session, …)`. Its template
extends `web/layout.html` (blocks `title` and `main`), takes fields from `web/forms.html`, and puts
`{{ csrf() }}` into every form that is posted to a door which depends on `check_csrf`.

Words: `{{ _("…") }}` or `{% trans %}`, with literals only, since what they hold is trusted markup. A text made
with `words.say` (or a question of the catalogue, a described value) is printed as it is, `{{ text }}`, and
comes out in the page's language, escaped like everything else.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ccx_broker.kit import language as languages
from ccx_broker.kit.clock import rfc3339
from ccx_broker.kit.language import Language
from ccx_broker.kit.runtime import Runtime, runtime_of
from ccx_broker.web.cookies import set_visit_cookie
from ccx_broker.web.csrf import FIELD, csrf_token
from ccx_broker.web.language import language_of
from ccx_broker.web.static import static_url

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it a browser sends `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_security_policy(form_action: Iterable[str]) -> str:
    """Allow our own files and nothing inline (CSP level 3); forms go to us and to `form_action`."""
    directives = (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        " ".join(("form-action 'self'", *form_action)),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return "; ".join(directives)


def _translators(language: Language) -> dict[str, Any]:
    """Return what templates call to be translated: values are written in the language, then escaped."""

    def filled(pattern: str, values: dict[str, Any]) -> Markup:
        return Markup(pattern) % {name: _value(language, value) for name, value in values.items()}  # noqa: S704

    def gettext(message: str, /, **values: Any) -> Markup:
        return filled(language.find(message), values)

    def ngettext(one: str, many: str, n: int, /, **values: Any) -> Markup:
        return filled(language.find(one, many, n), {"num": n} | values)

    return {"gettext": gettext, "ngettext": ngettext, "_": gettext}


def _value(language: Language, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return language.number(value) if is_number else language(value)


@cache
def environment(code: str) -> Environment:
    """Return the templates in one language."""
    language = languages.language(code)

    def when(at: datetime) -> Markup:
        """Write a time as people do, with its machine-readable form beside it."""
        return Markup('<time datetime="{}">{}</time>').format(rfc3339(at), language.time(at))

    made = Environment(
        loader=PackageLoader("ccx_broker"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=language,
    )
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.globals |= {"static_url": static_url, "language": language} | _translators(language)
    made.filters |= {
        "day": language.day,
        "when": when,
        "number": language.number,
        "percent": language.percent,
        "listed": language.listed,
    }
    return made


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    form_action: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Return a page. `me` in the context is the signed-in session that the layout shows, if any.

    `form_action` holds further origins or schemes (`https://shop.example`, `com.example.app:`): Chromium
    applies `form-action` also to where the answer to a form redirects.
    """
    rt = runtime_of(request)
    token = csrf_token(request, rt)
    hidden = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)
    language = language_of(request)
    known = {
        "me": None,
        "path": request.url.path,
        "languages": [languages.language(code) for code in languages.codes()],
        "csrf_token": token,
        "heeded_signal": getattr(request.state, "heeded_signal", False),
        "unread": getattr(request.state, "unread", 0),
        "csrf": lambda: hidden,
    }
    page = environment(language.code).get_template(template).render(known | context)
    response = HTMLResponse(page, status, {"Content-Language": language.code})
    response.headers.update(HEADERS)
    response.headers["Content-Security-Policy"] = content_security_policy(form_action)
    if rt.secure_cookies:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers.update(headers or {})
    remember_visit(request, response, rt)
    return response


def remember_visit(request: Request, response: HTMLResponse, rt: Runtime) -> None:
    """Set the visit cookie if this page's form token needed a new one."""
    value = getattr(request.state, "new_visit", None)
    if value is not None:
        set_visit_cookie(response, rt, value)
