"""A browser, and a shop on TLS before a server: once for each worker, since both take a while."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from mien.domain.members import Role
from tests.support.accounts import Accounts
from tests.support.browsers import ARGUMENTS, HOST, Tab, chromium, new_tab, shop_files
from tests.support.offices import Office
from tests.support.screens import Screen, open_screen
from tests.support.servers import Server
from tests.support.tls import open_doors
from tests.support.websdk import Shop

OpenTab = Callable[..., Awaitable[Tab]]
OpenScreen = Callable[..., Awaitable[Screen]]

# What comes is seen at once; a machine that is busy gets the time that it needs.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def shop_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server: which engine it has makes no difference to a browser."""
    running = Server(tmp_path_factory.mktemp("data")).start()
    yield running
    assert running.stop() == 0, running.log()


@pytest.fixture(scope="session")
def doors(shop_server: Server) -> Iterator[tuple[str, str]]:
    """Give the address of the shop's site, and where its pages find the server."""
    with open_doors() as opened:
        site = opened.site(shop_files())
        yield f"https://{HOST}:{site}", f"127.0.0.1:{opened.relay_to(shop_server.port)}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chrome() -> AsyncIterator[Browser]:
    """Give a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def accounts(shop_server: Server) -> Iterator[Accounts]:
    """Give what opens accounts on the server."""
    opened = Accounts(shop_server)
    yield opened
    opened.close()


@pytest.fixture
def shop(shop_server: Server, accounts: Accounts) -> Iterator[Shop]:
    """Give the live environment of a new account."""
    with httpx.Client(base_url=shop_server.url, timeout=30) as http:
        yield Shop(http, accounts.open()[0])


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(chrome: Browser, doors: tuple[str, str], shop: Shop) -> AsyncIterator[OpenTab]:
    """Give a function that opens a tab in a browser that was never in the shop."""
    tabs: list[Tab] = []

    async def open_one(**asked: str) -> Tab:
        context = await chrome.new_context(ignore_https_errors=True, locale="de-CH")
        site, server = doors
        tab = await new_tab(context, site=site, server=server, account=shop.key.account_id, **asked)
        tabs.append(tab)
        return tab

    yield open_one
    for tab in tabs:
        await tab.page.context.close()
        assert tab.errors == []


@pytest.fixture
def office(shop_server: Server) -> Iterator[Office]:
    """Give a new account whose members look at the dashboard."""
    with Office(shop_server, name="Café Söhne", time_zone="Asia/Kolkata") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def sign_in(chrome: Browser, office: Office) -> AsyncIterator[OpenScreen]:
    """Give a function that opens a browser in which a new member is signed in."""
    screens: list[Screen] = []

    async def open_one(role: Role = Role.ADMIN, **options: object) -> Screen:
        context = await chrome.new_context(locale="de-CH", reduced_motion="reduce", **options)  # type: ignore[arg-type]  # as Playwright takes them
        screen = await open_screen(context, office, role)
        screens.append(screen)
        return screen

    yield open_one
    for screen in screens:
        await screen.page.context.close()
        assert screen.problems == []
