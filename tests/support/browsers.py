"""Chromium, and pages of a shop that use the unchanged web SDK against a server."""

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, Page, Response

ROOT = Path(__file__).parents[2]
SDK = ROOT / "tests/clients/node_modules/clevertap-web-sdk/clevertap.min.js"
HOST = "shop.example"
ARGUMENTS = [
    "--no-sandbox",
    "--ignore-certificate-errors",  # of service workers too, which contexts do not cover
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP other.example 127.0.0.1",
]

_PAGE = """<!doctype html>
<html><head><title>Shop</title><link rel="icon" href="data:,">
<script>
const asked = new URLSearchParams(location.search);
window.clevertap = {event: [], profile: [], account: [], onUserLogin: [], notifications: [],
  privacy: [], region: '', targetDomain: asked.get('server'),
  enableFetchApi: asked.has('fetch'), enableEncryptionInTransit: asked.has('encrypted'),
  enablePersonalization: asked.has('personal')};
clevertap.account.push({id: asked.get('account')});
window.told = [];
function wzrk_email_fetched(email, profile) { told.push(['fetched', email, profile]); }
function wzrk_email_subscription(status) { told.push(['subscription', status]); }
function wzrk_email_fetched_failed(error) { told.push(['fetch failed', error]); }
function wzrk_email_subscription_failed(error) { told.push(['subscription failed', error]); }
</script>
<script src="/clevertap.min.js"></script></head><body>Hats</body></html>
"""


def chromium() -> str:
    """Give the path of Chromium."""
    done = subprocess.run([ROOT / "scripts/chromium"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def shop_files() -> dict[str, tuple[str, bytes]]:
    """Give the files of the shop's site."""
    page = _PAGE.encode()
    return {
        "/": ("text/html", page),
        "/hats": ("text/html", page),
        "/isolated": (
            "text/html\r\nCross-Origin-Embedder-Policy: require-corp"
            "\r\nCross-Origin-Opener-Policy: same-origin",
            page,
        ),
        "/clevertap.min.js": ("text/javascript", SDK.read_bytes()),
        "/worker.js": ("text/javascript", b""),
    }


class Tab:
    """A tab of a browser that has a page of the shop open."""

    def __init__(self, page: Page, *, site: str, **asked: str) -> None:
        self.page, self.site, self.asked = page, site, asked
        self.answers: list[Response] = []
        self.errors: list[str] = []
        self.failures: list[str] = []
        page.on("response", self._note)
        page.on("requestfailed", lambda request: self.failures.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, path: str = "/", **more: str) -> None:
        """Open a page, and wait until the SDK is done with it."""
        await self.go(path, **more)
        await self.settle()

    async def go(self, path: str, **more: str) -> None:
        """Open a page."""
        await self.page.goto(f"{self.site}{path}?{urlencode({**self.asked, **more})}")

    async def forget_session(self) -> None:
        """Forget what lasts as long as a session, as if half an hour had passed."""
        await self.page.context.clear_cookies(name=re.compile("WZRK_S"))

    async def run(self, script: str, *given: object) -> Any:
        """Run a script in the page, wait until the SDK sent what it made, and give its value."""
        value = await self.page.evaluate(f"(given) => {{ {script} }}", list(given))
        await self.settle()
        return value

    async def settle(self) -> None:
        """Wait until everything that the SDK keeps for sending was answered."""
        await self.page.wait_for_function(
            "() => localStorage.WZRK_G && localStorage.WZRK_L === '%7B%7D'"
        )

    async def guid(self) -> Any:
        """Give who the SDK thinks the visitor is."""
        guid: Any = await self.page.evaluate("() => clevertap.getCleverTapID()")
        return guid

    async def kept(self, name: str) -> Any:
        """Read what the SDK keeps under a name."""
        return await self.page.evaluate(
            "(name) => JSON.parse(decodeURIComponent(localStorage.getItem(name)))", name
        )

    def _note(self, answer: Response) -> None:
        if "/a?" in answer.url or "/e?" in answer.url:
            self.answers.append(answer)


async def new_tab(context: BrowserContext, **asked: str) -> Tab:
    """Open a tab."""
    return Tab(await context.new_page(), **asked)
