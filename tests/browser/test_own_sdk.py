"""Our own SDK in a real browser, as pages load it: over TLS, from another site (K-02, K-03, P-13)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from mien import clock
from tests.support.browsers import HOST
from tests.support.servers import Server
from tests.support.tls import open_doors
from tests.support.websdk import Json, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PAGE = b"""<!doctype html>
<html><head><title>Shop</title><link rel="icon" href="data:,">
<script>
const asked = new URLSearchParams(location.search);
document.write(`<script src="https://${asked.get('server')}/sdk/mien.js"
  data-account="${asked.get('account')}"></` + 'script>');
</script>
<script>
window.problems = [];
window.identified = [];
mien.configure({ onProblem: (problem) => problems.push(problem) });
mien.onIdentified((known) => identified.push(known));
</script></head><body>Hats</body></html>
"""
_ISOLATED = """text/html\r
Cross-Origin-Embedder-Policy: require-corp\r
Cross-Origin-Opener-Policy: same-origin"""
_FILES = {"/": ("text/html", _PAGE), "/isolated": (_ISOLATED, _PAGE)}
_SECONDS = 20.0


class Site:
    """A site whose pages use the SDK, in a browser that was never there."""

    def __init__(self, context: BrowserContext, port: int, server: str, shop: Shop) -> None:
        self.context, self.port, self.server, self.shop = context, port, server, shop
        self.errors: list[str] = []

    @property
    def origin(self) -> str:
        """Where its pages are."""
        return f"https://{HOST}:{self.port}"

    async def open(self, path: str = "/", *, host: str = HOST, **more: str) -> Page:
        """Open a page in a new tab; `more` is in its address."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        asked = {"server": self.server, "account": self.shop.key.account_id, **more}
        await page.goto(f"https://{host}:{self.port}{path}?{urlencode(asked)}")
        return page


@pytest.fixture(scope="module")
def ports(shop_server: Server) -> Iterator[tuple[int, int]]:
    """Give the port of the site, and the one where its pages find the server."""
    with open_doors() as opened:
        yield opened.site(_FILES), opened.relay_to(shop_server.port)


@pytest_asyncio.fixture(loop_scope="session")
async def site(chrome: Browser, ports: tuple[int, int], shop: Shop) -> AsyncIterator[Site]:
    """Give a site that uses the SDK."""
    context = await chrome.new_context(ignore_https_errors=True, locale="de-CH")
    opened = Site(context, ports[0], f"127.0.0.1:{ports[1]}", shop)
    yield opened
    await context.close()
    assert opened.errors == []


async def eventually(read: Callable[[], Any], wanted: object) -> None:
    """Wait until something has the value that is wanted."""
    deadline = asyncio.get_running_loop().time() + _SECONDS
    while (found := read()) != wanted:
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.05)


def counts(shop: Shop, object_id: str) -> dict[str, int]:
    """Give how often the events of a device were done; nothing while it is not known."""
    answer = shop.http.get("/v1/profile", params={"object_id": object_id}, headers=shop.key.headers)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return {}
    events: dict[str, Json] = answer.json()["events"]
    return {name: done["count"] for name, done in events.items() if name != "App Launched"}


async def test_a_visitor_is_followed_from_the_first_page_to_the_login(
    site: Site, shop: Shop
) -> None:
    """K-03, P-04: over CORS, with what the browser and the address of the page tell."""
    page = await site.open(utm_source="mail", utm_campaign="May")
    device: str = await page.evaluate("mien.objectId")
    await page.evaluate("mien.track('Viewed', { item: 'hat', on: new Date(1700000000000) })")
    await page.evaluate("mien.identify('ana', { Name: 'Ana' })")
    assert await page.evaluate("mien.flush()") is True
    assert await page.evaluate("identified") == [{"distinctId": "ana", "objectId": device}]
    assert await page.evaluate("problems") == []
    ana = shop.native("profile", distinct_id="ana")
    assert ana["properties"]["Name"] == "Ana"
    (found,) = ana["devices"]
    told = {"object_id": device, "os": "Linux", "language": "de-CH", "platform": "Web"}
    assert told.items() <= found.items()
    viewed = shop.events(distinct_id="ana")[-1]
    assert viewed["properties"] == {"item": "hat", "on": "$D_1700000000"}
    again = await site.open("/")
    assert await again.evaluate("[mien.objectId, mien.distinctId]") == [device, "ana"]


async def test_what_was_done_offline_arrives_once_the_network_is_back(
    site: Site, shop: Shop
) -> None:
    page = await site.open()
    device: str = await page.evaluate("mien.objectId")
    await site.context.set_offline(True)
    for _ in range(3):
        await page.evaluate("mien.track('Offline')")
        assert await page.evaluate("mien.flush()") is False
    assert counts(shop, device) == {}
    await site.context.set_offline(False)
    await eventually(lambda: counts(shop, device), {"Offline": 3})


async def test_a_page_that_is_left_at_once_loses_nothing(site: Site, shop: Shop) -> None:
    page = await site.open()
    device: str = await page.evaluate("mien.objectId")
    await page.evaluate("mien.track('Left'); location.href = 'about:blank'; 0")
    await eventually(lambda: counts(shop, device), {"Left": 1})
    # The next page asks what became of it, and it still counts once.
    back = await site.open()
    assert await back.evaluate("mien.ready") is True
    assert counts(shop, device) == {"Left": 1}
    assert await back.evaluate("Object.keys(localStorage).length") == 1


async def test_a_tab_that_is_closed_loses_nothing(site: Site, shop: Shop) -> None:
    page = await site.open()
    device: str = await page.evaluate("mien.objectId")
    await page.evaluate("mien.track('Closed'); 0")
    await page.close(run_before_unload=True)
    other = await site.open()
    await other.evaluate("mien.ready")
    await eventually(lambda: counts(shop, device), {"Closed": 1})


async def test_tabs_of_one_browser_send_each_record_once(site: Site, shop: Shop) -> None:
    tabs = [await site.open() for _ in range(4)]
    device: str = await tabs[0].evaluate("mien.objectId")
    track = """async (tab) => {
      for (let number = 0; number < 25; number++) {
        mien.track(`Tab ${tab}`);
        if (number % 5 === 0) await mien.flush();
      }
      await mien.flush();
    }"""
    await asyncio.gather(*(tab.evaluate(track, number) for number, tab in enumerate(tabs)))
    await eventually(lambda: counts(shop, device), {f"Tab {number}": 25 for number in range(4)})


async def test_a_page_that_is_isolated_from_other_sites_may_load_it(site: Site, shop: Shop) -> None:
    """K-02: COEP lets nothing in that does not say so."""
    page = await site.open("/isolated")
    assert await page.evaluate("crossOriginIsolated") is True
    await page.evaluate("mien.track('Isolated')")
    assert await page.evaluate("mien.flush()") is True
    assert counts(shop, await page.evaluate("mien.objectId")) == {"Isolated": 1}


async def test_an_app_reads_its_own_user(site: Site, shop: Shop) -> None:
    """P-13, K-02: a browser asks first whether it may send the token."""
    page = await site.open()
    await page.evaluate("mien.identify('ana', { plan: 'gold' }); mien.flush()")
    await eventually(lambda: len(shop.rejects()), 0)
    assert await page.evaluate("mien.flush()") is True
    made = shop.http.post(
        "/v1/profile/token", json={"distinct_id": "ana"}, headers=shop.key.headers
    )
    read = "async (token) => { mien.configure({ profileToken: token }); return mien.properties(); }"
    assert await page.evaluate(read, made.json()["token"]) == {"plan": "gold"}
    refused = (
        "(token) => mien.configure({ profileToken: token }) ?? mien.properties().catch(String)"
    )
    assert "profile token" in await page.evaluate(refused, "no.token.here")


async def test_a_hostile_page_is_refused_where_signatures_are_required(
    site: Site, shop: Shop
) -> None:
    """K-03: it can name anybody, and sign for nobody."""
    secret = shop.require_signatures()
    await asyncio.sleep(1.1)  # servers know settings within a second
    claims = {"aud": shop.key.account_id, "exp": clock.now_ms() // 1_000 + 600}
    tokens = {name: jwt.encode({**claims, "sub": name}, secret, "HS256") for name in ("ana", "eve")}
    honest = await site.open()
    login = "([id, token]) => { mien.identify(id, { by: location.host }, { identityToken: token }); return mien.flush(); }"
    await honest.evaluate(login, ["ana", tokens["ana"]])
    assert [each["distinctId"] for each in await honest.evaluate("identified")] == ["ana"]
    hostile = await site.open(host="other.example")
    await hostile.evaluate(login, ["ana", tokens["eve"]])
    await hostile.evaluate("mien.set({ identity: 'ana', plan: 'stolen' }); mien.flush()")
    await hostile.evaluate("mien.flush()")
    assert [each["code"] for each in await hostile.evaluate("problems")] == [623, 623]
    assert await hostile.evaluate("identified") == []
    assert shop.native("profile", distinct_id="ana")["properties"] == {"by": f"{HOST}:{site.port}"}


async def test_a_site_that_is_not_listed_is_refused_and_told(site: Site, shop: Shop) -> None:
    """K-02."""
    shop.set(origins=[site.origin])
    await asyncio.sleep(1.1)
    listed, other = await site.open(), await site.open(host="other.example")
    for page in (listed, other):
        await page.evaluate("mien.track('Viewed')")
        assert await page.evaluate("mien.flush()") is True
    assert await listed.evaluate("problems") == []
    assert [each["code"] for each in await other.evaluate("problems")] == ["origin_not_listed"]


async def test_who_opts_out_is_left_alone_in_every_tab(site: Site, shop: Shop) -> None:
    """K-03: consent."""
    one, other = await site.open(), await site.open()
    device: str = await one.evaluate("mien.objectId")
    await one.evaluate("mien.track('Before')")
    assert await one.evaluate("mien.flush()") is True
    await one.evaluate("mien.optOut()")
    for page in (one, other):
        await page.evaluate("mien.track('After')")
        await page.evaluate("mien.flush()")
    assert counts(shop, device) == {"Before": 1}
    await other.evaluate("mien.optIn(); mien.track('Back')")
    assert await other.evaluate("mien.flush()") is True
    assert counts(shop, device) == {"Before": 1, "Back": 1}
