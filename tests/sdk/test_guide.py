"""The examples of the guide to SDKs do what it says, against a real server (K-03, P-13)."""

import re
import subprocess
from pathlib import Path

from tests.native.callers import Native
from tests.sdk.pages import Page
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
