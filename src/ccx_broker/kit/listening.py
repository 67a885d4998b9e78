"""Takes the port before anything else is started: the cheapest moment to find out that it is taken."""

import contextlib
import errno
import socket
from collections.abc import Iterator

from ccx_broker.kit.unusable import Unusable


@contextlib.contextmanager
def bound_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket bound to `host` and `port`, not yet listening; raises `Unusable`."""
    refused = "Can't listen on {} port {} ({}): set CCX_PORT or CCX_HOST, or stop the other program."
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise Unusable(refused.format(host, port, error.strerror)) from error
    with listener:
        try:
            yield listener
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            # Somebody else had bound it too, and began to listen before us.
            raise Unusable(refused.format(host, port, error.strerror)) from error
