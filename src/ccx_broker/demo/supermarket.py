"""`python -m ccx_broker.demo.supermarket`: one supermarket, a process and an OAuth client of its own.

It is given all that it needs as one line of JSON on its standard input, so that no secret stands in the
list of processes, and the socket it serves. It ends when that input ends: with the demo, however the demo ends.
"""

import json
import socket
import sys
from dataclasses import asdict, dataclass
from threading import Thread

import uvicorn

from ccx_broker.demo.purchases import load_orders
from ccx_broker.demo.shop_client import Credentials, ShopClient
from ccx_broker.demo.shop_site import make_site


@dataclass(frozen=True)
class ShopPlan:
    """What a supermarket is told. `members` is how many households it has as customers: all in the real data."""

    name: str
    credentials: Credentials
    scopes: dict[str, str]
    members: int
    key: str
    descriptor: int

    def to_line(self) -> str:
        """Write it for the process's standard input."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "ShopPlan":
        """Read what `to_line` wrote."""
        given = json.loads(line)
        return cls(**(given | {"credentials": Credentials(**given["credentials"])}))


def main() -> None:
    """Serve until standard input ends."""
    plan = ShopPlan.from_line(sys.stdin.readline())
    orders = load_orders(plan.members) if plan.members else {}
    site = make_site(
        plan.name,
        ShopClient(plan.credentials),
        plan.scopes,
        {str(household): its for household, its in orders.items()},
        plan.key,
    )
    server = uvicorn.Server(
        uvicorn.Config(site, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    )

    def wait_for_the_end() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=wait_for_the_end, daemon=True).start()
    with socket.socket(fileno=plan.descriptor) as listener:
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
