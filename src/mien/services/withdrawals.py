"""Taking exported files back when somebody who may be in them is erased (P-15)."""

from collections.abc import Sequence, Set

import msgspec

from mien.domain.exports import Asked
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.store import export_pages, file_exports, merges
from mien.store.engine import Transaction
from mien.store.file_exports import StoredExport

_decode = msgspec.json.Decoder(Asked).decode


def withdraw_exports(tx: Transaction, environment: EnvironmentId, profile: Profile) -> int:
    """Take back the finished exports that may tell of a person, and begin others anew; give how many.

    A file tells of whoever was shown for the ids in its set when it was written: so all count who
    were ever merged with the person. To be called before merges are forgotten, and with the exports
    locked: one that another process begins meanwhile waits, and is written without the person.
    """
    exports = file_exports.with_sets(tx, environment)
    if not exports:
        return 0
    parts = {chain.id for chain in profile.chains}
    known = _ever_met(tx, environment, parts)
    was_merged = known > parts
    done = {int(name) for name in profile.activity.events}
    may_tell = [
        each
        for each in exports
        if (
            was_merged or _decode(each.asked).event_id in done
            if _decode(each.asked).event is not None
            else _has_any(tx, environment, each, sorted(known))
        )
    ]
    file_exports.withdraw(tx, environment, [each.export_id for each in may_tell])
    return len(may_tell)


def _ever_met(tx: Transaction, environment: EnvironmentId, parts: Set[ProfileId]) -> Set[ProfileId]:
    """Give all who were ever merged with these, and with those again; these included."""
    known = set(parts)
    while fresh := merges.met(tx, environment, known) - known:
        known |= fresh
    return known


def _has_any(
    tx: Transaction, environment: EnvironmentId, export: StoredExport, known: Sequence[ProfileId]
) -> bool:
    return any(export_pages.has(tx, environment, export.set_id, each) for each in known)
