"""Who calls: from the two CleverTap headers, HTTP Basic, or the secret of this machine's commands."""

import base64
import binascii
from ipaddress import IPv6Address, ip_address
from typing import Any

from litestar import Request

from mien.http.state import Services
from mien.log import ENVIRONMENT
from mien.services.accounts import Caller, WrongPasscodeError
from mien.services.local import SCHEME

ACCOUNT_HEADER = "x-clevertap-account-id"
PASSCODE_HEADER = "x-clevertap-passcode"

_FORWARDED = ("x-forwarded-for", "forwarded")
"""What proxies add: who comes through one is not known to be on this machine."""

_ACCOUNT, _PASSCODE = ACCOUNT_HEADER.encode(), PASSCODE_HEADER.encode()


def services_of(request: Request[Any, Any, Any]) -> Services:
    """Give the parts of the server that handles a request."""
    services: Services = request.app.state.services
    return services


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Give who calls, or raise `NotAllowedError`."""
    services = services_of(request)
    public_id, passcode = _header(request, _ACCOUNT), _header(request, _PASSCODE)
    if public_id is None:
        authorization = request.headers.get("authorization", "")
        if (pair := _pair(SCHEME, authorization)) is not None:
            return _noted(request, _local_caller(request, *pair))
        public_id, passcode = _pair("Basic", authorization) or (public_id, passcode)
    caller = services.doorkeeper.admit(public_id, passcode)
    if services.settings.region_hosts and not _is_own_host(
        services, request.headers.get("host", "")
    ):
        raise WrongPasscodeError
    return _noted(request, caller)


def _noted(request: Request[Any, Any, Any], caller: Caller) -> Caller:
    """Note the environment of a caller, for the log."""
    request.scope["state"][ENVIRONMENT] = caller.public_id
    return caller


def _local_caller(request: Request[Any, Any, Any], public_id: str, secret: str) -> Caller:
    """Give the caller who has the secret of the server and calls from its own machine."""
    if not _is_from_here(request):
        raise WrongPasscodeError
    return services_of(request).doorkeeper.admit_local(public_id, secret)


def _is_from_here(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the connection begins on this machine, with no proxy between."""
    client, server = request.scope["client"], request.scope["server"]
    if client is None or any(name in request.headers for name in _FORWARDED):
        return False
    if server is not None and client[0] == server[0]:
        return True
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _header(request: Request[Any, Any, Any], wanted: bytes) -> str | None:
    """Find a header among those that came: on each request, and cheaper than indexing them all."""
    for name, value in request.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


def _pair(wanted: str, header: str) -> tuple[str, str] | None:
    """Read a name and a secret from `Authorization`, if it is of a scheme."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != wanted.lower():
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
