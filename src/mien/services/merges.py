"""Merging people by hand: a preview, the merge, its undo, and what may be merged (P-07, B-01).

A preview is the very merge, in a transaction that is undone: what it says is what happens.
"""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from mien import clock
from mien.domain.documents import PropertyChanges
from mien.domain.errors import ConflictError, NotFoundError
from mien.domain.identities import Identity, own_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.merged_profiles import MERGES_PER_PROFILE, MergedProfile
from mien.domain.merging import Conflict, choose_survivor, difference, find_conflicts
from mien.domain.profiles import Profile
from mien.services.merger import Merger, has_room_to_merge, identities_of
from mien.services.pending import Pending
from mien.services.reading import find_in, find_locked
from mien.services.registry import Registry
from mien.services.retrying import write_retried
from mien.services.trails import chains_of
from mien.store import merges, people
from mien.store import profiles as profile_store
from mien.store.engine import RetryTransactionError, Store, Transaction
from mien.store.merges import MergeRow
from mien.store.people import MergeSuggestion


class MergeTooManyError(ConflictError):
    """One of the profiles is made of as many profiles as there may be."""

    code = "too_many_merges"
    mend = "Undo merges that were wrong; one person rarely has so many profiles."

    def __init__(self) -> None:
        super().__init__(f"A profile can be made of {MERGES_PER_PROFILE} merges at most.")


class LaterMergeError(ConflictError):
    """A later merge of the same profile stands on the one that was to be undone."""

    code = "later_merge"
    mend = "Undo the later merge first; the sentence names it."

    def __init__(self, later: int) -> None:
        self.later = later
        super().__init__(f"Merge {later} came after it; undo that one first.")


class MergeReport(msgspec.Struct, frozen=True):
    """What a merge did, or would do: who takes in whom, which ids move, whose values win.

    `merge` is its number, 0 in a preview. `changes` are those of the survivor's properties,
    `events` how many the absorbed profile brings.
    """

    merge: int
    survivor: ProfileId
    absorbed: ProfileId
    moved: Sequence[Identity]
    conflicts: Sequence[Conflict]
    changes: PropertyChanges
    events: int
    is_done_before: bool = False


class UndoReport(msgspec.Struct, frozen=True):
    """What undoing a merge gave back: both profiles, and the ids that went with the absorbed one."""

    merge: int
    survivor: ProfileId
    absorbed: ProfileId
    moved: Sequence[Identity]
    is_done_before: bool = False


class _Preview(Exception):  # noqa: N818 - undoes the transaction of a preview; not an error
    pass


class _Stamp(msgspec.Struct, frozen=True):
    """When and by whom a merge is made."""

    received_at: int
    source: str


def merge_people(
    store: Store,
    environment: EnvironmentId,
    one: Identity,
    other: Identity,
    *,
    source: str,
    is_preview: bool = False,
) -> MergeReport:
    """Merge the two profiles that two ids mean; a preview changes nothing.

    Merging two that are one already gives what was done. Raises `NotFoundError` for an id that
    nobody has, `ConflictError` if one of them is made of too many profiles already.
    """
    report: MergeReport | None = None

    def work(tx: Transaction) -> MergeReport:
        nonlocal report
        report = _merge(tx, environment, (one, other), source)
        if is_preview:
            raise _Preview
        return report

    if not is_preview:
        return write_retried(store, work)
    with suppress(_Preview):
        write_retried(store, work)
    assert report is not None  # noqa: S101 - the work was done before it was undone
    return msgspec.structs.replace(report, merge=report.merge if report.is_done_before else 0)


def undo_merge(store: Store, environment: EnvironmentId, merge: int, *, source: str) -> UndoReport:
    """Give back both profiles of a merge, as they would be had they never met.

    Undoing it again gives the same answer. Raises `NotFoundError` for an unknown merge,
    `ConflictError` if a later one stands on it.
    """

    def work(tx: Transaction) -> UndoReport:
        known = merges.find(tx, environment, merge)
        if known is None:
            msg = f"There is no merge {merge}."
            raise NotFoundError(msg)
        if known.undone_at is not None:
            return UndoReport(merge, known.survivor, known.absorbed, (), is_done_before=True)
        desk = _Desk(tx, environment, [known.root])
        if merges.find(tx, environment, merge) != known:
            # Undone, or part of another merge, while its profile was waited for.
            raise RetryTransactionError
        merged = desk.merged(known.root)
        if merged.merges[0].id != merge:
            raise LaterMergeError(merged.merges[0].id)
        return desk.separate(merged, source)

    return write_retried(store, work)


def demerge(
    store: Store, environment: EnvironmentId, identities: Sequence[Identity], *, source: str
) -> int:
    """Undo every merge of the people whom these ids mean; gives how many were undone."""

    def work(tx: Transaction, identity: Identity) -> int:
        undone = 0
        waiting = [identity]
        while waiting:
            (found,) = find_locked(tx, environment, [waiting.pop()])
            while found is not None and found.is_merged:
                report = separate_newest(tx, environment, found, source=source)
                waiting.append(own_id(report.absorbed))
                undone += 1
                found = profile_store.find(tx, environment, found.id)
        return undone

    return sum(
        write_retried(store, lambda tx, each=each: work(tx, each))  # type: ignore[misc]  # bound now
        for each in dict.fromkeys(identities)
    )


def separate_newest(
    tx: Transaction, environment: EnvironmentId, profile: Profile, *, source: str
) -> UndoReport:
    """Undo the newest merge of a profile that others are kept off, within a transaction."""
    desk = _Desk(tx, environment, [profile.id])
    return desk.separate(desk.merged(profile.id), source)


def list_merges(
    store: Store, environment: EnvironmentId, *, before: int, count: int
) -> list[MergeRow]:
    """Give merges before a number, newest first, undone ones included."""
    with store.read() as tx:
        return merges.page(tx, environment, before=before, count=count)


def list_suggestions(
    store: Store, environment: EnvironmentId, *, after: tuple[int, int], count: int
) -> tuple[list[MergeSuggestion], tuple[int, int] | None]:
    """Give suggested merges after a pair of profiles, and after which pair to go on.

    A pair that is one person by now is left out, and a profile that is part of another
    stands as that.
    """
    with store.read() as tx:
        found = people.merge_suggestion_page(tx, environment, after=after, count=count)
        shown = stand_as_shown(tx, environment, found)
    last = (found[-1].profile, found[-1].other) if len(found) == count else None
    return shown, last


def stand_as_shown(
    tx: Transaction, environment: EnvironmentId, found: Sequence[MergeSuggestion]
) -> list[MergeSuggestion]:
    """Let who is part of another stand as that; a pair that is one person by now is left out."""
    ids = {each for row in found for each in (row.profile, row.other)}
    roots = merges.find_roots(tx, environment, ids)
    shown = [
        msgspec.structs.replace(
            row,
            profile=roots.get(row.profile, row.profile),
            other=roots.get(row.other, row.other),
        )
        for row in found
    ]
    return [row for row in shown if row.profile != row.other]


def dismiss_suggestion(
    store: Store, environment: EnvironmentId, one: Identity, other: Identity
) -> bool:
    """Take a suggested merge off the list; false if there is none of these two."""

    def work(tx: Transaction) -> bool:
        found = [find_in(tx, environment, each) for each in (one, other)]
        parts = [
            [] if each is None else [chain.id for chain in chains_of(tx, environment, each)]
            for each in found
        ]
        return (
            sum(
                people.forget_suggestion(tx, environment, a, b)
                + people.forget_suggestion(tx, environment, b, a)
                for a in parts[0]
                for b in parts[1]
            )
            > 0
        )

    return write_retried(store, work)


class _Desk:
    """Two profiles, or one to be separated, with all that is needed to write what becomes of them."""

    def __init__(
        self, tx: Transaction, environment: EnvironmentId, wanted: Sequence[ProfileId]
    ) -> None:
        self._tx, self._environment = tx, environment
        self.profiles = merges.lock(tx, environment, wanted)
        self._pending = Pending()
        self.merger = Merger(tx, environment, {}, self.profiles, self._pending)

    def merged(self, profile: ProfileId) -> MergedProfile:
        """Give a profile that took in others."""
        found = self.profiles[profile]
        assert isinstance(found, MergedProfile)  # noqa: S101 - as the caller found it to be
        return found

    def merge(self, one: ProfileId, other: ProfileId, source: str) -> MergedProfile:
        """Merge two profiles."""
        stamp = _Stamp(clock.now_ms(), source)
        merged = self.merger.prepare(self.profiles[one], self.profiles[other], None, stamp)
        self.merger.install(merged, stamp)
        self._flush(stamp)
        return merged

    def separate(self, merged: MergedProfile, source: str) -> UndoReport:
        """Undo the newest merge of a profile."""
        stamp = _Stamp(clock.now_ms(), source)
        survivor, absorbed = self.merger.separate(merged, stamp)
        self._flush(stamp)
        return UndoReport(merged.merges[0].id, survivor.id, absorbed.id, identities_of(absorbed))

    def _flush(self, stamp: _Stamp) -> None:
        self._pending.flush(
            self._tx,
            self._environment,
            Registry(self._environment),
            list(self.profiles.values()),
            now_ms=stamp.received_at,
        )


def _merge(
    tx: Transaction, environment: EnvironmentId, named: tuple[Identity, Identity], source: str
) -> MergeReport:
    one, other = (
        _known(identity, found)
        for identity, found in zip(named, find_locked(tx, environment, named), strict=True)
    )
    if one.id == other.id:
        return _merged_before(tx, environment, one)
    desk = _Desk(tx, environment, [one.id, other.id])
    survivor, absorbed = choose_survivor(desk.profiles[one.id], desk.profiles[other.id])
    conflicts = find_conflicts(survivor.document, absorbed.document)
    moved, events = identities_of(absorbed), _count_events(absorbed)
    before = survivor.document
    if not has_room_to_merge((survivor, absorbed)):
        raise MergeTooManyError
    merged = desk.merge(survivor.id, absorbed.id, source)
    return MergeReport(
        merged.merges[0].id,
        survivor.id,
        absorbed.id,
        moved,
        conflicts,
        difference(before, merged.document),
        events,
    )


def _merged_before(tx: Transaction, environment: EnvironmentId, profile: Profile) -> MergeReport:
    """Say of two ids of one person that they are merged; of one profile from the start, its own."""
    newest = None
    if profile.is_merged:
        newest = merges.load_merged(tx, environment, [profile])[0].merges[0]
    return MergeReport(
        newest.id if newest else 0,
        newest.survivor if newest else profile.id,
        newest.absorbed if newest else profile.id,
        (),
        (),
        PropertyChanges({}, {}),
        0,
        is_done_before=True,
    )


def _known(identity: Identity, found: Profile | None) -> Profile:
    if found is None:
        msg = f"Nobody has the id '{identity.value}'."
        raise NotFoundError(msg)
    return found


def _count_events(profile: Profile) -> int:
    return sum(done.count for done in profile.activity.events.values())
