"""Fails if openapi/openapi.json is not what the code says."""

import sys
from pathlib import Path

from ccx_broker.cli import openapi_document


def main() -> None:
    if Path("openapi/openapi.json").read_text() != openapi_document():
        sys.exit("openapi/openapi.json is not current: run `make openapi` and commit it.")
    print("The OpenAPI document is current.")


if __name__ == "__main__":
    main()
