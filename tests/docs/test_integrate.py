"""docs/integrate.md works as it is printed; only the broker's address and the browser are the test's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.docs.code import ROOT
from tests.oauth_support import Browser, SomeCustomer, consent
from tests.support import Broker, need_program

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "integrate.md").read_text("utf-8"), re.DOTALL)
PLACEHOLDER = "CODE=ccxc_...\n"


def run(broker: Broker, folder: Path, blocks: list[str]) -> str:
    """Run blocks as one terminal would, which remembers its variables; return what the last one prints."""
    memory = folder / "memory.sh"
    script = [
        "set -euo pipefail; set -a",
        f"if test -e {memory}; then . {memory}; fi",
        *blocks[:-1],
        f"export -p > {memory}; declare -f >> {memory}",
        "echo '<last block>'",
        blocks[-1],
        f"export -p > {memory}; declare -f >> {memory}",
    ]
    text = "\n".join(script).replace("http://127.0.0.1:8000", broker.url)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text],
        env=broker.environment | {"PATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("<last block>\n")[2]


def objects(printed: str) -> list[dict[str, object]]:
    """Return the JSON objects that stand one after the other, as curl prints them."""
    decoder, found = json.JSONDecoder(), []
    while printed.strip():
        value, end = decoder.raw_decode(printed.strip())
        found.append(value)
        printed = printed.strip()[end:]
    return found


def test_the_first_consented_read_works_as_printed(broker: Broker, tmp_path: Path) -> None:
    need_program("curl")
    place = BLOCKS.index(PLACEHOLDER)
    address = run(broker, tmp_path, BLOCKS[:place]).strip()

    browser = Browser(broker)
    browser.open(address)
    browser.sign_in(SomeCustomer("", "ada@example.org", "a quiet yellow boat", ""))
    back = parse_qs(urlsplit(consent(browser, ["buy.substitution"])).query)
    assert back["state"] == ["af0ifjsldkj"]
    assert back["iss"] == [broker.url]

    exchange, by_subject, ended = BLOCKS[place + 1 :]
    code = f"CODE={back['code'][0]}\n"
    (read,) = objects(run(broker, tmp_path, [code, exchange]))
    assert [(p["key"], p["value"]) for p in read["preferences"]] == [("buy.substitution", "similar")]  # type: ignore[attr-defined]
    assert objects(run(broker, tmp_path, [by_subject])) == [read]

    grant, own, by_name, log = objects(run(broker, tmp_path, [ended]))
    assert grant["state"] == "ended"
    assert own["type"] == "urn:ccx:problem:invalid-token"
    assert by_name["type"] == "urn:ccx:problem:not-shared"
    lines = [(line["outcome"], line["reason"], line["keys"]) for line in log["items"]]  # type: ignore[attr-defined]
    refused = [("refused", "no_live_grant", []), ("refused", "grant_ended", [])]
    assert lines == [*refused, *[("disclosed", None, ["buy.substitution"])] * 4]
