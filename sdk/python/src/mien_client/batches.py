"""Cut a stream of encoded records into bodies that the server takes."""

from collections.abc import Iterable, Iterator

import msgspec

from mien_client.records import Unsendable

MAX_BATCH_RECORDS = 1000
DEFAULT_BATCH_RECORDS = 500
MAX_BODY_BYTES = 8 * 1024 * 1024
ENVELOPE_BYTES = 32  # the braces and the name around the list, with room to spare

Entry = bytes | Unsendable


class Batch(msgspec.Struct, frozen=True):
    """Neighbouring records of one upload.

    `number` counts the batches from 1, `first_position` the records. `entries`
    keep their order; the unsendable ones take part in counting only.
    """

    number: int
    first_position: int
    entries: tuple[Entry, ...]

    @property
    def sendable(self) -> tuple[bytes, ...]:
        """The records that go on the wire, in order."""
        return tuple(entry for entry in self.entries if isinstance(entry, bytes))

    def body(self, field: str) -> bytes:
        """Write the request body `{"<field>":[…]}`."""
        return b'{"%s":[%s]}' % (field.encode(), b",".join(self.sendable))


def split(
    entries: Iterable[Entry], *, max_records: int, max_body_bytes: int = MAX_BODY_BYTES
) -> Iterator[Batch]:
    """Cut entries into batches of at most `max_records`, each body below `max_body_bytes`.

    Lazy: a batch is given as soon as it is full, and no more is read than
    that. No single entry may be larger than a body.
    """
    number, position = 1, 1
    for group in _groups(entries, max_records, max_body_bytes - ENVELOPE_BYTES):
        yield Batch(number, position, group)
        number, position = number + 1, position + len(group)


def _groups(
    entries: Iterable[Entry], max_records: int, room_bytes: int
) -> Iterator[tuple[Entry, ...]]:
    group: list[Entry] = []
    used_bytes = 0
    for entry in entries:
        size_bytes = len(entry) + 1 if isinstance(entry, bytes) else 0  # 1: the comma
        if group and used_bytes + size_bytes > room_bytes:
            yield tuple(group)
            group, used_bytes = [], 0
        group.append(entry)
        used_bytes += size_bytes
        if len(group) == max_records:
            yield tuple(group)
            group, used_bytes = [], 0
    if group:
        yield tuple(group)
