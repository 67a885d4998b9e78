"""Makes the authorization server for a request that came to one of the doors."""

from fastapi import Request
from sqlalchemy.orm import Session

from ccx_broker.kit import clock
from ccx_broker.kit.runtime import Runtime
from ccx_broker.oauth.server import Server


def server_for(request: Request, rt: Runtime, session: Session) -> Server:
    """Return a server for this request, its session and this moment."""
    server = Server(session, rt.issuer, rt.lifetimes, clock.now(), rt.keys)
    server.documents = request.app.state.documents
    return server
