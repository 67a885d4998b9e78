"""The one place where the features are put together into an application."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool

from ccx_broker import __version__
from ccx_broker.accounts import account_api, account_pages, keyring_pages, passkey_api, passkey_pages
from ccx_broker.accounts import api as accounts_api
from ccx_broker.accounts import pages as accounts_pages
from ccx_broker.consent import api as consent_api
from ccx_broker.consent import pages as consent_pages
from ccx_broker.defaults import api as defaults_api
from ccx_broker.defaults import conclusions, events_api
from ccx_broker.defaults import pages as defaults_pages
from ccx_broker.disclosure import api as disclosure_api
from ccx_broker.disclosure import pages as disclosure_pages
from ccx_broker.disclosure.service import Reader
from ccx_broker.disclosure.store import prepare
from ccx_broker.inbox import api as inbox_api
from ccx_broker.inbox import pages as inbox_pages
from ccx_broker.inbox.mailing import PostOffice
from ccx_broker.inbox.rounds import Round
from ccx_broker.intake import api as intake_api
from ccx_broker.kit import health
from ccx_broker.kit.clock import now
from ccx_broker.kit.db import make_engine, make_sessions
from ccx_broker.kit.errors import install_error_handlers
from ccx_broker.kit.limits import BodyLimit
from ccx_broker.kit.openapi import PROBLEM_ANSWERS, complete_openapi
from ccx_broker.kit.rounds import Rounds
from ccx_broker.kit.runtime import Keys, Lifetimes, Runtime
from ccx_broker.kit.smtp import mail_server
from ccx_broker.log import api as log_api
from ccx_broker.log import pages as log_pages
from ccx_broker.oauth import api as oauth_api
from ccx_broker.oauth import pages as oauth_pages
from ccx_broker.oauth.documents import Documents
from ccx_broker.oauth.fetching import Fetcher
from ccx_broker.oauth.inspector import Inspector
from ccx_broker.oauth.keys import signing_key
from ccx_broker.oauth.limiter import Limiter
from ccx_broker.oauth.rules.limits import Limits
from ccx_broker.profile import api as profile_api
from ccx_broker.profile import pages as profile_pages
from ccx_broker.profile import signal, speaking
from ccx_broker.settings import Settings
from ccx_broker.web import language, static
from ccx_broker.web.errors import install_page_errors

BESIDE = 2
"""Threads in which the server works beside the requests (`rounds_of`), each with a connection of its own."""
ROUNDS_EVERY = 10.0
"""Seconds between two rounds that nobody has called for."""
REST = 9.0
"""Conclusions take a tenth of a core at most: reads and batches go first."""


def keys_of(settings: Settings) -> Keys:
    """Return the secrets for keyed hashes."""
    return Keys(secret=settings.secret_key, password=settings.password_key)


def post_office(settings: Settings) -> PostOffice | None:
    """Return how mail leaves, if the settings name a server."""
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return PostOffice(mail_server(settings.smtp_url), settings.mail_from, settings.issuer, keys_of(settings))


def rounds_of(runtime: Runtime, post: PostOffice | None) -> tuple[Rounds, ...]:
    """Return the rounds of what the server does by itself."""
    return (
        Rounds("messages", Round(runtime.sessions, post, now), every=ROUNDS_EVERY),
        Rounds(
            "conclusions",
            conclusions.Round(runtime.sessions, now),
            every=ROUNDS_EVERY,
            rest=REST,
            called=runtime.learnt,
        ),
    )


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """Build the application over a migrated database at `database_url`."""
    engine = make_engine(database_url, connections=settings.threads + BESIDE)
    runtime = Runtime(
        issuer=settings.issuer,
        sessions=make_sessions(engine),
        pool=AsyncConnectionPool(
            database_url,
            min_size=3,  # two groups of reads and one of introspections may be under way
            max_size=3,
            open=False,
            configure=prepare,
            # With the database away, say so soon, and be back soon after it is.
            timeout=3,
            reconnect_timeout=3,
        ),
        keys=keys_of(settings),
        lifetimes=Lifetimes(
            session=settings.session_lifetime,
            code=settings.code_lifetime,
            access_token=settings.access_token_lifetime,
            refresh_token=settings.refresh_token_lifetime,
        ),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # One connection a thread, so that none waits twice (see `make_engine`).
        current_default_thread_limiter().total_tokens = settings.threads
        with runtime.sessions.begin() as session:
            # The first start makes the key; a change of the secret is noticed now, not at a sign-in.
            signing_key(session, runtime.keys.secret, now())
        async with runtime.pool:
            # What exists now lives as long as the process: looking through it for garbage again and again
            # would stop every request for tens of milliseconds. And a request leaves no cycles worth
            # looking for after every 700 new objects, Python's own threshold: that took 8 % of a read.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
            rounds = rounds_of(runtime, post_office(settings))
            for each in rounds:
                each.start()
            yield
            for each in rounds:
                each.stop()
        engine.dispose()

    app = FastAPI(
        title="CCX broker",
        version=__version__,
        lifespan=lifespan,
        debug=settings.debug,
        # FastAPI's own documentation pages load scripts from elsewhere, which could act for whoever is signed in.
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_ANSWERS,
    )
    app.add_middleware(BodyLimit)
    app.state.runtime = runtime
    complete_openapi(app)
    app.state.reader = Reader(runtime.pool)
    app.state.inspector = Inspector(runtime.pool)
    limits = Limits(settings.limit_failures, settings.limit_starts, settings.limit_requests)
    app.state.limiter = Limiter(limits, runtime.keys)
    fetcher = Fetcher(loopback=settings.client_metadata_loopback, any_port=settings.client_metadata_any_port)
    app.state.documents = Documents(fetcher if settings.client_metadata_documents else None)
    install_error_handlers(app)
    install_page_errors(app)
    # The hot path's routes stand first and on the application itself: a router in between would cost each
    # read about 10 µs of 80.
    app.router.routes.extend(
        [*disclosure_api.reads.routes, *oauth_api.quick.routes, *disclosure_api.router.routes]
    )
    for door in (
        intake_api,
        log_api,
        inbox_api,
        oauth_api,
        consent_api,
        defaults_api,
        events_api,
        profile_api,
        account_api,
        passkey_api,
        accounts_api,
    ):
        app.include_router(door.router)
    for page in (
        accounts_pages,
        passkey_pages,
        account_pages,
        keyring_pages,
        consent_pages,
        defaults_pages,
        disclosure_pages,
        log_pages,
        inbox_pages,
        oauth_pages,
        profile_pages,
    ):
        app.include_router(page.router, dependencies=[signal.Heeded, speaking.Spoken])
    for plain in (signal, language, static, health):
        app.include_router(plain.router)
    return app
