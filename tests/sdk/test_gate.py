"""The gate of what pages call: its bounds, and what it reads of a request (K-02)."""

import pytest
from litestar.testing import RequestFactory

from mien.http.limits import Pace
from mien.http.sdk.gate import address_of, origin_of

SHOP = "https://shop.example"


def test_a_client_may_burst_and_is_then_refused_until_it_waited() -> None:
    pace = Pace(rate=2, burst=3)
    assert [pace.allow("a", now=10.0) for _ in range(5)] == [True, True, True, False, False]
    assert pace.allow("b", now=10.0)
    assert [pace.allow("a", now=10.5) for _ in range(2)] == [True, False]
    assert [pace.allow("a", now=60.0) for _ in range(4)] == [True, True, True, False]


def test_a_rate_of_none_bounds_nobody() -> None:
    pace = Pace(rate=0, burst=1)
    assert all(pace.allow("a", now=0.0) for _ in range(10))


def test_a_crowd_of_clients_does_not_take_all_memory() -> None:
    pace = Pace(rate=0.001, burst=1)
    assert pace.allow("first", now=0.0)
    assert not pace.allow("first", now=0.0)
    assert all(pace.allow(f"client {number}", now=0.0) for number in range(100_000))
    assert pace.allow("first", now=0.0)


def test_the_origin_is_that_of_the_browser_before_that_of_the_page() -> None:
    """K-02: a page may claim an origin only where its browser says none."""
    headers = {"Origin": "https://Shop.example", "Referer": "https://other.example/a"}
    asked = RequestFactory().get("/a", headers=headers)
    assert origin_of(asked, "https://claimed.example") == SHOP


@pytest.mark.parametrize(
    ("claimed", "referer", "origin"),
    [
        (SHOP, "https://other.example/", SHOP),
        (f"{SHOP}/cart?item=1", "", SHOP),
        ("", "https://shop.example/cart", SHOP),
        ("nonsense", "", ""),
        ("https://[broken", "http://[", ""),
        ("", "", ""),
    ],
)
def test_a_script_tag_has_the_origin_that_its_page_or_its_referer_says(
    claimed: str, referer: str, origin: str
) -> None:
    asked = RequestFactory().get("/a", headers={"Referer": referer, "Origin": "null"})
    assert origin_of(asked, claimed) == origin


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        (3, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_so_many_proxies_are_believed_as_there_are(
    proxies: int, forwarded: str, address: str
) -> None:
    asked = RequestFactory().get("/a", headers={"X-Forwarded-For": forwarded})
    asked.scope["client"] = ("127.0.0.1", 1)
    assert address_of(asked, proxies) == address
