"""`python -m ccx_broker` is `ccx-broker`."""

from ccx_broker.cli import main

main()
