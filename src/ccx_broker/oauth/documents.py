"""Clients that name themselves by the address of a document (draft-ietf-oauth-client-id-metadata-document).

Nobody has registered them: their own website vouches for them, and the consent page says just that. They
are public clients of an organisation that is named by the host, so that a grant has somebody to belong to.
"""

from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ccx_broker.kit import audit
from ccx_broker.kit.errors import Invalid
from ccx_broker.oauth.fetching import Fetcher, NotFetched
from ccx_broker.oauth.rules.documents import is_document_id, read_document, url_problem
from ccx_broker.organisations import named
from ccx_broker.organisations import store as organisations
from ccx_broker.organisations.rules import Application, Vocabulary
from ccx_broker.profile.catalogue import CATALOGUE

VOCABULARY = Vocabulary({item.key: item.step for item in CATALOGUE.items})
DEFAULT_SCOPES = (*dict.fromkeys(f"pref:{i.step}" for i in CATALOGUE.items), "openid", "offline_access")
ERRORS_KEPT = timedelta(seconds=30)
MOST_ERRORS = 1000


class Documents:
    """One a process. Good documents are kept in the database, where all processes find them."""

    def __init__(self, fetcher: Fetcher | None) -> None:
        """Without a fetcher such clients are not known at all."""
        self._fetcher = fetcher
        self._errors: dict[str, datetime] = {}
        self._lock = Lock()

    @property
    def are_taken(self) -> bool:
        """Whether clients may name themselves so."""
        return self._fetcher is not None

    def find(self, session: Session, client_id: str, now: datetime) -> Application | None:
        """Return the client of that address; None if there is none to be trusted."""
        if self._fetcher is None or url_problem(client_id, loopback=self._fetcher.loopback, any_port=True):
            return None
        if named.kept_until(session, client_id) > now:
            return organisations.find_application(session, client_id)
        with self._lock:
            if self._errors.get(client_id, now) > now:
                return None
        try:
            given, kept = self._fetcher.fetch(client_id)
            document = read_document(client_id, given, DEFAULT_SCOPES)
            if isinstance(document, str):
                raise NotFetched(document)
            return named.keep_named(
                session,
                client_id=client_id,
                host=urlsplit(client_id).netloc,
                name=document.name,
                redirect_uris=document.redirect_uris,
                scopes=document.scopes,
                auth_method=document.auth_method,
                jwks=document.jwks,
                dpop_bound=document.dpop_bound,
                vocabulary=VOCABULARY,
                until=now + kept,
                now=now,
            )
        except (NotFetched, Invalid) as error:
            audit.event("client_document_refused", client_id=client_id, reason=error)
            with self._lock:
                if len(self._errors) >= MOST_ERRORS:
                    self._errors.clear()
                self._errors[client_id] = now + ERRORS_KEPT
            return None


__all__ = ["Documents", "is_document_id"]
