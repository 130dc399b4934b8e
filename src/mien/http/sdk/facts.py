"""What is known of the browser or the app that sends, without its saying so."""

from collections.abc import Mapping
from typing import Any

from litestar import Request

from mien.http.sdk.browsers import facts_of
from mien.http.state import Services


def facts_of_page(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """Give the facts that the headers of a browser tell, by names of device facts."""
    headers = request.headers
    return facts_of(headers.get("user-agent", ""), headers.get("accept-language", ""))


def place_of(services: Services, address: str) -> Mapping[str, str]:
    """Give where an address is, by names of device facts; nothing where nobody knows (P-17)."""
    place = services.places.place_of(address)
    if place is None:
        return {}
    told = {"country": place.country, "region": place.region, "city": place.city}
    return {name: value for name, value in told.items() if value is not None}
