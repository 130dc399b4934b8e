"""A file that says where addresses are, as an operator may supply one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

PARIS = {
    "city": {"names": {"en": "Paris", "fr": "Paris"}},
    "country": {"iso_code": "FR", "names": {"en": "France"}},
    "subdivisions": [
        {"iso_code": "IDF", "names": {"en": "Île-de-France"}},
        {"iso_code": "75", "names": {"en": "Paris"}},
    ],
}
PARIS_ADDRESS = "81.2.69.160"

USUAL: Mapping[str, Mapping[str, Any]] = {
    "81.2.69.0/24": PARIS,
    "2a02:cf40::/29": {"country": {"iso_code": "NO"}},
    "89.160.20.0/24": {"registered_country": {"iso_code": "SE"}, "traits": {"isp": "Bredband"}},
}


def write_places(
    file: Path,
    networks: Mapping[str, Mapping[str, Any]] = USUAL,
    *,
    kind: str = "GeoLite2-City",
    version: int = 6,
) -> str:
    """Write such a file, and give its path as a setting has it."""
    writer = MMDBWriter(version, kind, ipv4_compatible=version == 6)
    for network, place in networks.items():
        writer.insert_network(IPSet([network]), dict(place))
    writer.to_db_file(str(file))
    return str(file)
