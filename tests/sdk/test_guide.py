"""The examples of the guide to SDKs do what it says, against a real server (K-03, P-13)."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.native.callers import Native
from tests.sdk.pages import Page, Signer
from tests.support.servers import Server

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "sdk" / "js" / "dist" / "mien.mjs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(language: str) -> list[str]:
    """Give the examples of the guide in a language, in order."""
    text = (ROOT / "docs/sdk.md").read_text()
    return [code for kind, code in _BLOCK.findall(text) if kind == language]


def test_the_examples_in_javascript_work(server: Server, page: Page, native: Native) -> None:
    native.send({"type": "profile", "distinct_id": "reader", "properties": {"plan": "silver"}})
    token = native.http.post("/v1/profile/token", json={"distinct_id": "reader"}).json()["token"]
    blocks = examples("js")
    assert len(blocks) == 5
    code = "\n".join(
        [
            # The app's own server, which hands out tokens.
            "const real = fetch;",
            f'globalThis.fetch = async (url, ...rest) => url === "/token" '
            f'? new Response("{token}") : real(url, ...rest);',
            *blocks,
            'console.log("plan", plan, await mien.flush());',
            "process.exit(0);",
        ]
    )
    for placeholder, real in (
        ('"mien-js"', f'"{MODULE}"'),
        ("https://mien.example.com", server.url),
        ("ABC-DEF-1234", page.account),
    ):
        code = code.replace(placeholder, real)
    done = subprocess.run(
        ["node", "--input-type=module"], input=code, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "plan silver true" in done.stdout
    assert "ana is known on" in done.stdout
    ana = native.get("profile", distinct_id="ana")
    properties = {"Name": "Ana", "plan": "gold", "visits": 1, "interests": ["running"]}
    assert properties.items() <= ana["properties"].items()
    assert ana["properties"]["birthday_offer"] == "$D_1809129600"
    assert "language" not in ana["properties"]
    assert "Product Viewed" in ana["events"]


def test_the_examples_in_python_work(
    server: Server, page: Page, native: Native, capsys: pytest.CaptureFixture[str]
) -> None:
    signer = Signer(native)
    code = "\n".join(examples("python"))
    for placeholder, real in (
        ("https://mien.example.com", server.url),
        ("ABC-DEF-1234", page.account),
        ("…", native.key.passcode),
    ):
        code = code.replace(placeholder, real)
    known: dict[str, Any] = {"secret": signer.secret}
    exec(code, known)  # noqa: S102 - the guide is ours
    known["mien"].close()
    assert "applied" in capsys.readouterr().out
    ana = native.get("profile", distinct_id="ana")
    properties = {"Name": "Ana", "plan": "gold", "visits": 1, "interests": ["running"]}
    assert properties.items() <= ana["properties"].items()
    assert "language" not in ana["properties"]
    own = page.http.get(
        "/sdk/v1/profile",
        params={"account": page.account},
        headers={"Authorization": f"Bearer {known['token']}"},
    )
    assert own.json()["distinct_id"] == "ana"
    record = {"type": "profile", "distinct_id": "ana", "properties": {"plan": "silver"}}
    assert page.results(record, identity_token=known["identity_token"])[0]["status"] == "accepted"
