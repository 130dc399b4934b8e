"""What the tests of what pages call share: pages, and browsers with the web SDK."""

from collections.abc import Iterator

import httpx
import pytest

from tests.native.callers import Native
from tests.sdk.pages import Page
from tests.support.servers import Key, Server
from tests.support.websdk import Browser, Shop


@pytest.fixture
def native(server: Server, keys: tuple[Key, Key]) -> Iterator[Native]:
    """Give a caller of `/v1` with the live key of a new account."""
    caller = Native(server, keys[0])
    with caller.http:
        yield caller


@pytest.fixture
def page(server: Server, keys: tuple[Key, Key]) -> Iterator[Page]:
    """Give a page of the live environment of that account, which has no passcode."""
    with Page(server, keys[0].account_id) as opened:
        yield opened


@pytest.fixture
def shop(server: Server, keys: tuple[Key, Key]) -> Iterator[Shop]:
    """Give that environment as browsers with the web SDK send to it."""
    with httpx.Client(base_url=server.url, timeout=30) as http:
        yield Shop(http, keys[0])


@pytest.fixture
def browser(shop: Shop) -> Browser:
    """Give a browser that was never in the shop."""
    return shop.browser()
