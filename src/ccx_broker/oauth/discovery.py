"""The documents from which a client finds everything else. `oauth.api` opens these doors."""

import hashlib
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from ccx_broker.kit import clock
from ccx_broker.kit.challenge import RESOURCE_METADATA
from ccx_broker.kit.db import Db
from ccx_broker.kit.etag import is_current
from ccx_broker.kit.runtime import Rt
from ccx_broker.oauth import keys
from ccx_broker.oauth.documents import Documents
from ccx_broker.oauth.limiter import limited_page
from ccx_broker.oauth.metadata import resource_metadata, server_metadata
from ccx_broker.oauth.rules.keys import JWKS_KEPT

router = APIRouter(dependencies=[Depends(limited_page)])

METADATA_KEPT = 3600
"""Seconds for which the documents may be kept; they change with a new version of the broker only."""


@router.get("/.well-known/oauth-authorization-server", summary="What this authorization server can do")
def metadata(request: Request, rt: Rt) -> Response:
    """RFC 8414."""
    return cacheable(request, _metadata(request, rt), METADATA_KEPT)


@router.get("/.well-known/openid-configuration", summary="The same, for OpenID Connect clients")
def openid_configuration(request: Request, rt: Rt) -> Response:
    """OpenID Connect Discovery §4: the very document of RFC 8414, so that the two can't differ."""
    return cacheable(request, _metadata(request, rt), METADATA_KEPT)


@router.get("/oauth/jwks.json", summary="The keys that check our signatures")
def jwks(request: Request, db: Db) -> Response:
    """RFC 7517 §5. A new key stands here an hour before it signs, an old one an hour after."""
    return cacheable(request, keys.public_keys(db, clock.now()), int(JWKS_KEPT.total_seconds()))


@router.get(RESOURCE_METADATA, summary="What the API is, and who gives out tokens for it")
def protected_resource(request: Request, rt: Rt) -> Response:
    """RFC 9728. Every 401 of a door that takes access tokens names this address."""
    return cacheable(request, resource_metadata(rt.issuer), METADATA_KEPT)


def _metadata(request: Request, rt: Rt) -> dict[str, Any]:
    # draft-ietf-oauth-client-id-metadata-document §6
    documents: Documents = request.app.state.documents
    return server_metadata(rt.issuer) | {"client_id_metadata_document_supported": documents.are_taken}


def cacheable(request: Request, body: dict[str, Any], seconds: int) -> Response:
    """Answer with a public document that may be kept for so long and then asked for by its ETag.

    Pages of other sites may read it: a client may well run in a browser.
    """
    content = orjson.dumps(body)
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={seconds}",
        "Access-Control-Allow-Origin": "*",
    }
    if is_current(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
