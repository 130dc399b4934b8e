"""Where a request comes from: the address of its client, and the network that counts as one."""

import ipaddress


def client_address(peer: str, forwarded: str, *, proxies: int) -> str:
    """Give the address of a client, of whom `peer` is the one that connected.

    As many last entries of `X-Forwarded-For` as proxies stand before the server are believed.
    """
    if proxies <= 0:
        return peer
    entries = [each.strip() for each in forwarded.split(",")]
    return entries[max(0, len(entries) - proxies)] or peer


def network_of(address: str) -> str:
    """Give what counts as one client: who has one address of IPv6 has its whole network."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, 64), strict=False))
    except ValueError:
        return address
