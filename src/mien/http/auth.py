"""Who calls: from the two CleverTap headers, or HTTP Basic."""

import base64
import binascii
from typing import Any

from litestar import Request

from mien.http.state import Services
from mien.log import ENVIRONMENT
from mien.services.accounts import Caller, WrongPasscodeError

ACCOUNT_HEADER = "x-clevertap-account-id"
PASSCODE_HEADER = "x-clevertap-passcode"

_ACCOUNT, _PASSCODE = ACCOUNT_HEADER.encode(), PASSCODE_HEADER.encode()


def services_of(request: Request[Any, Any, Any]) -> Services:
    """Give the parts of the server that handles a request."""
    services: Services = request.app.state.services
    return services


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Give who calls, or raise `NotAllowedError`."""
    services = services_of(request)
    public_id, passcode = _header(request, _ACCOUNT), _header(request, _PASSCODE)
    if public_id is None and (pair := _basic(request.headers.get("authorization", ""))) is not None:
        public_id, passcode = pair
    caller = services.doorkeeper.admit(public_id, passcode)
    if services.settings.region_hosts and not _is_own_host(
        services, request.headers.get("host", "")
    ):
        raise WrongPasscodeError
    request.scope["state"][ENVIRONMENT] = caller.public_id
    return caller


def _header(request: Request[Any, Any, Any], wanted: bytes) -> str | None:
    """Find a header among those that came: on each request, and cheaper than indexing them all."""
    for name, value in request.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, passcode = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, passcode


def _is_own_host(services: Services, host: str) -> bool:
    """Are keys good on this host? A key used in another region is a wrong key (G-08)."""
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    own = services.settings.region_hosts.split(",")
    return name.strip().lower() in {each.strip().lower() for each in own}
