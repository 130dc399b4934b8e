"""Where a network address is: read out of a MaxMind-format file, if the operator has one.

Without a file, and for an address that the file does not know, the place is unknown: it is
never guessed. Source: P-17.
"""

import ipaddress
import struct
from collections.abc import Mapping
from functools import lru_cache

import maxminddb
import msgspec
from maxminddb import InvalidDatabaseError

from mien.config import InvalidSettingError
from mien.domain.values import is_too_long

_KNOWN = 4_096
"""Addresses whose place is kept: finding one takes 50 microseconds."""

_DAMAGED = (
    InvalidDatabaseError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading a file raises that is none, or that was damaged."""

_IPV6 = 6


class Place(msgspec.Struct, frozen=True):
    """Where somebody was; what is unknown is None.

    `country` is an ISO 3166 code of two letters, `region` and `city` are English names.
    """

    country: str | None = None
    region: str | None = None
    city: str | None = None


class Places:
    """Finds the place of an address; knows none without a file."""

    def __init__(self, file: str = "") -> None:
        """Read the file whole, so that it may be replaced while the server runs.

        Raises `InvalidSettingError` for one that is missing, damaged or of other contents.
        """
        self._reader = _open(file) if file else None
        self._find = lru_cache(_KNOWN)(self._look_up)

    def place_of(self, address: str) -> Place | None:
        """Give the place of an IPv4 or IPv6 address, None if it is unknown."""
        return None if self._reader is None else self._find(address)

    def _look_up(self, text: str) -> Place | None:
        assert self._reader is not None  # noqa: S101 - else nobody looks
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.version > self._reader.metadata().ip_version:
            return None
        try:
            return _place(self._reader.get(str(address)))
        except _DAMAGED:
            return None


def _open(file: str) -> maxminddb.Reader:
    """Open a file of places."""
    try:
        reader = maxminddb.open_database(file, maxminddb.MODE_MEMORY)
        kind = reader.metadata().database_type
        reader.get("::" if reader.metadata().ip_version == _IPV6 else "0.0.0.0")  # noqa: S104 - an address to look up
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror}") from error
    except _DAMAGED as error:
        raise _refused(file, "is no MaxMind-format file, or is damaged") from error
    if not any(word in str(kind) for word in _KINDS):
        raise _refused(file, f"holds {str(kind)!r}, not places: take a City or Country file")
    return reader


_KINDS = ("City", "Country", "Enterprise", "Location")
"""Words of which one is in the name of what a file of places holds."""


def _refused(file: str, problem: str) -> InvalidSettingError:
    return InvalidSettingError(f"MIEN_PLACES_FILE is {file!r}, which {problem}.")


def _place(found: object) -> Place | None:
    country = _text(_part(found, "country"), "iso_code")
    divisions = _part(found, "subdivisions")
    division = divisions[0] if isinstance(divisions, list) and divisions else None
    region = _text(_part(division, "names"), "en")
    city = _text(_part(_part(found, "city"), "names"), "en")
    if country is None and region is None and city is None:
        return None
    return Place(country, region, city)


def _part(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, Mapping) else None


def _text(found: object, name: str) -> str | None:
    """Give a text that a device can be told by, None for anything else."""
    text = _part(found, name)
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        return None
    return None if is_too_long(text) else text
