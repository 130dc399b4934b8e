"""Places of the visitors of a page: from the operator's file, if the page lets it be asked (P-17)."""

from collections.abc import Iterator

import httpx
import pytest

from tests.native.callers import Json, Native
from tests.sdk.pages import DEVICE, Page
from tests.support.places import PARIS, write_places
from tests.support.servers import Server
from tests.support.websdk import Shop


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server that takes this machine to be in Paris."""
    folder = tmp_path_factory.mktemp("placed")
    file = write_places(folder / "city.mmdb", {"127.0.0.0/8": PARIS})
    running = Server(folder / "data", {"MIEN_PLACES_FILE": file}).start()
    yield running
    assert running.stop() == 0, running.log()


def derived_of_a_visitor(server: Server, **query: str) -> Json:
    """Open two pages in a new browser of a new shop, and give what is derived of the visitor."""
    key, _ = server.account()
    with httpx.Client(base_url=server.url) as http:
        browser = Shop(http, key).browser()
        browser.headers["Accept-Language"] = "pt-BR,pt;q=0.9"
        browser.ask("page", {"cpg": "https://shop.example/"}, **query)
        said = browser.ask("page", {"cpg": "https://shop.example/cart"}, **query)
    caller = Native(server, key)
    with caller.http:
        derived = caller.get("profile", object_id=said.guid)["derived"]
    assert isinstance(derived, dict)
    return derived


# P-17
def test_a_visitor_is_where_the_address_is_if_the_page_lets_it_be_asked(placed: Server) -> None:
    derived = derived_of_a_visitor(placed, useIP="true")
    place = {name: derived[name] for name in ("Country", "Region", "City")}
    assert place == {"Country": "FR", "Region": "Île-de-France", "City": "Paris"}
    assert derived["Language"] == "pt-BR"
    assert derived["Session Count"] == 1


# P-17
@pytest.mark.parametrize("query", [{}, {"useIP": "false"}], ids=repr)
def test_a_page_that_does_not_let_it_be_asked_leaves_the_place_unknown(
    placed: Server, query: dict[str, str]
) -> None:
    derived = derived_of_a_visitor(placed, **query)
    assert not derived.keys() & {"Country", "Region", "City"}


# P-17
def test_without_a_file_the_place_is_unknown(server: Server) -> None:
    derived = derived_of_a_visitor(server, useIP="true")
    assert not derived.keys() & {"Country", "Region", "City"}


# P-17
@pytest.mark.parametrize("locate", [True, False])
def test_our_own_sdk_asks_only_if_the_page_says_so(placed: Server, *, locate: bool) -> None:
    key, _ = placed.account()
    with Page(placed, key.account_id) as page:
        page.send({"type": "event", "name": "Viewed"}, locate=locate)
    caller = Native(placed, key)
    with caller.http:
        derived = caller.get("profile", object_id=DEVICE)["derived"]
    assert derived.get("City") == ("Paris" if locate else None)
