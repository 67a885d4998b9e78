"""Taking organisations and their applications in, and the names by which they know customers."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.kit.errors import Invalid, NotFound
from ccx_broker.kit.ids import new_id, new_token, token_hash
from ccx_broker.organisations import rules, store
from ccx_broker.organisations.rules import Application, Organisation, Purpose, Vocabulary

NO_ORGANISATION = "There is no such organisation; `organisation list` shows those there are."


def add_organisation(
    session: Session, name: str, complaints: str | None, now: datetime
) -> tuple[Organisation, bool]:
    """Take an organisation in. Returns it and whether it is new: a name that is there already is returned.

    Raises `Invalid`.
    """
    name, complaints = rules.normal_name(name), (complaints or "").strip() or None
    refuse(
        [
            ("name", rules.name_problem(name)),
            ("complaints", rules.complaints_problem(complaints) if complaints else None),
        ]
    )
    organisation = Organisation(new_id(), name, complaints, now)
    if store.add_organisation(session, organisation):
        return organisation, True
    found = store.organisation_called(session, name)
    assert found is not None, "organisations are never deleted"  # noqa: S101
    return found, False


def add_application(
    session: Session,
    *,
    organisation_id: UUID,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    purposes: Sequence[Purpose],
    public: bool,
    vocabulary: Vocabulary,
    now: datetime,
    post_logout_redirect_uris: Sequence[str] = (),
    auth_method: str | None = None,
    jwks: Mapping[str, Any] | None = None,
    dpop_bound: bool | None = None,
) -> tuple[Application, str | None]:
    """Take an application in. Returns it and its secret, which is shown this once (None without one).

    One that names no purpose gets one in plain words. Without a word on `auth_method` it proves itself by
    its secret, sent either way, unless it is public. A public one gets only DPoP-bound tokens unless
    `dpop_bound` says otherwise: its tokens lie where a thief can reach them. Raises `Invalid`, naming each
    field, and `NotFound` for the organisation.
    """
    name = rules.normal_name(name)
    purposes = purposes or (Purpose(rules.DEFAULT_PURPOSE, rules.DEFAULT_SENTENCE),)
    problems = problems_of(
        name=name,
        redirect_uris=redirect_uris,
        scopes=scopes,
        purposes=purposes,
        post_logout_redirect_uris=post_logout_redirect_uris,
        vocabulary=vocabulary,
    )
    auth_method = auth_method or ("none" if public else "client_secret")
    problems += rules.auth_problems(auth_method, jwks)
    if public and auth_method != "none":
        problems.append(("auth_method", "must be none for a public application"))
    refuse(problems)
    organisation = store.find_organisation(session, organisation_id)
    if organisation is None:
        raise NotFound(NO_ORGANISATION, slug="no-organisation")
    secret = new_token("ccxk") if auth_method.startswith("client_secret") else None
    application = Application(
        client_id=secrets.token_urlsafe(16),
        organisation_id=organisation_id,
        organisation_name=organisation.name,
        complaints=organisation.complaints,
        name=name,
        auth_method=auth_method,
        secret_hash=token_hash(secret) if secret else None,
        redirect_uris=tuple(dict.fromkeys(redirect_uris)),
        scopes=tuple(dict.fromkeys(scopes)),
        purposes=tuple(purposes),
        jwks=jwks,
        dpop_bound=auth_method == "none" if dpop_bound is None else dpop_bound,
        post_logout_redirect_uris=tuple(dict.fromkeys(post_logout_redirect_uris)),
    )
    store.add_application(session, application, now)
    return application, secret


def problems_of(
    *,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    purposes: Sequence[Purpose],
    post_logout_redirect_uris: Sequence[str],
    vocabulary: Vocabulary,
) -> list[tuple[str, str | None]]:
    """Say per field what is wrong with what an application declares, however it does."""
    needs = dict.fromkeys(key for purpose in purposes for key in purpose.needs)
    problems = [("name", rules.name_problem(name))]
    problems += [("redirect_uri", _about(uri, rules.redirect_uri_problem(uri))) for uri in redirect_uris]
    problems += [
        ("post_logout_redirect_uri", _about(uri, rules.redirect_uri_problem(uri)))
        for uri in post_logout_redirect_uris
    ]
    problems += [
        ("scope", f"{scope} is neither pref:<step> or pref:<key> of the catalogue nor another known scope")
        for scope in scopes
        if not vocabulary.knows_scope(scope)
    ]
    problems += [
        ("needs", f"{key} is no key of the catalogue") for key in needs if key not in vocabulary.steps
    ]
    return problems


def is_secret_of(application: Application, secret: str) -> bool:
    """Compare secrets by their hashes, in constant time."""
    known = application.secret_hash
    return known is not None and hmac.compare_digest(token_hash(secret), known)


def subject_for(session: Session, customer_id: UUID, organisation_id: UUID) -> str:
    """Return the name by which the organisation knows the customer, made on first use.

    It is random, not computed, so that no two organisations can ever join theirs (OpenID Connect Core
    §8.1 allows both). Of two requests at once, one makes it and the other finds it.
    """
    found = store.find_subject(session, customer_id, organisation_id)
    if found is None:
        found = f"ccxu_{secrets.token_urlsafe(18)}"
        if not store.claim_subject(session, customer_id, organisation_id, found):
            found = store.find_subject(session, customer_id, organisation_id)
            assert found is not None, "the other request committed before the claim failed"  # noqa: S101
    return found


def _about(what: str, problem: str | None) -> str | None:
    return f"{what} {problem}" if problem else None


def refuse(problems: Sequence[tuple[str, str | None]]) -> None:
    """Raise `Invalid` if there is a problem."""
    errors = [{"field": field, "reason": reason} for field, reason in problems if reason]
    if errors:
        raise Invalid("; ".join(f"{e['field']}: {e['reason']}" for e in errors), errors=errors)
