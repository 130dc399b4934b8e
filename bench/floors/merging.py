"""Decoding an upload and merging a record into a document, as every profile floor does it."""

import msgspec
from msgspec import Struct

encode = msgspec.json.Encoder().encode
decode_document = msgspec.json.Decoder(dict[str, object]).decode


ADDRESS_KINDS = {"Email": 1, "Phone": 2}

Change = tuple[str, object, object]
"""A property, its old value (None when there was none) and its new one."""


class ProfileRecord(Struct):
    """The parts of a profile record that are used."""

    identity: str
    profileData: dict[str, object]  # noqa: N815 - the name on the wire


class ProfileBody(Struct):
    """The body of an upload call."""

    d: list[ProfileRecord]


decode_profiles = msgspec.json.Decoder(ProfileBody).decode


def merge(document: dict[str, object], record: ProfileRecord) -> list[Change]:
    """Put the record's properties into the document; gives (property, old, new) per change."""
    changes = []
    for name, new in record.profileData.items():
        old = document.get(name)
        if old != new:
            document[name] = new
            changes.append((name, old, new))
    return changes


def addresses(changes: list[Change]) -> list[tuple[int, object]]:
    """Give the (kind, value) of each e-mail address and phone number among the changes."""
    return [(ADDRESS_KINDS[name], new) for name, _, new in changes if name in ADDRESS_KINDS]
