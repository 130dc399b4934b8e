"""Merges in force and undone, the profiles that were absorbed, and grey links.

`absorbed` leads from a profile that is part of another to the one that is shown (its
root), and holds the ends of its chains. A grey link leads from a profile to what one of
its devices did before it was known whose it is (P-05).
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.merged_profiles import Leaf, Merge, MergedProfile
from mien.domain.profiles import Profile
from mien.store import numbers, profiles
from mien.store.engine import Row, Transaction
from mien.store.schema import absorbed, grey_links, merges
from mien.store.statements import OneOf


class MergeRow(msgspec.Struct, frozen=True):
    """What is told of a merge, in force or undone; times are epoch milliseconds."""

    id: int
    root: ProfileId
    survivor: ProfileId
    absorbed: ProfileId
    kind: int
    value: str
    merged_at: int
    source: str
    undone_at: int | None
    undone_by: str | None


class GreyLink(msgspec.Struct, frozen=True):
    """What a device did as another profile, up to a moment (epoch milliseconds)."""

    profile: ProfileId
    rest: ProfileId
    object_id: str
    until: int


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_SHOWN = (
    merges.c.merge_id,
    merges.c.root_id,
    merges.c.survivor_id,
    merges.c.absorbed_id,
    merges.c.kind,
    merges.c.value,
    merges.c.merged_at,
    merges.c.source,
    merges.c.undone_at,
    merges.c.undone_by,
)
_SIDES = (
    merges.c.survivor_document,
    merges.c.survivor_activity,
    merges.c.absorbed_document,
    merges.c.absorbed_activity,
)
_OF_ROOTS = sa.select(*_SHOWN, *_SIDES).where(
    merges.c.environment_id == _ENVIRONMENT,
    OneOf(merges.c.root_id),
    merges.c.undone_at.is_(None),
)
_FIND = sa.select(*_SHOWN).where(
    merges.c.environment_id == _ENVIRONMENT, merges.c.merge_id == sa.bindparam("merge")
)
_PAGE = (
    sa.select(*_SHOWN)
    .where(merges.c.environment_id == _ENVIRONMENT, merges.c.merge_id < sa.bindparam("before"))
    .order_by(merges.c.merge_id.desc())
    .limit(sa.bindparam("count"))
)
_STANDING = (
    sa.select(*_SHOWN)
    .where(
        merges.c.environment_id == _ENVIRONMENT,
        merges.c.root_id == sa.bindparam("root"),
        merges.c.undone_at.is_(None),
    )
    .order_by(merges.c.merge_id.desc())
)
_UNDONE = sa.select(merges.c.survivor_id, merges.c.absorbed_id).where(
    merges.c.environment_id == _ENVIRONMENT,
    OneOf(merges.c.root_id),
    merges.c.undone_at.is_not(None),
)
_MET = sa.select(merges.c.survivor_id, merges.c.absorbed_id).where(
    merges.c.environment_id == _ENVIRONMENT,
    sa.or_(OneOf(merges.c.survivor_id), OneOf(merges.c.absorbed_id)),
)
_FORGET = sa.delete(merges).where(
    merges.c.environment_id == _ENVIRONMENT,
    sa.or_(OneOf(merges.c.root_id), OneOf(merges.c.survivor_id), OneOf(merges.c.absorbed_id)),
)
_LEAVES = sa.select(
    absorbed.c.root_id,
    absorbed.c.profile_id,
    absorbed.c.last_change,
    absorbed.c.last_event,
    absorbed.c.created_at,
).where(absorbed.c.environment_id == _ENVIRONMENT, OneOf(absorbed.c.root_id))
_ROOTS = sa.select(absorbed.c.profile_id, absorbed.c.root_id).where(
    absorbed.c.environment_id == _ENVIRONMENT, OneOf(absorbed.c.profile_id)
)
_RELEASE = sa.delete(absorbed).where(
    absorbed.c.environment_id == _ENVIRONMENT, OneOf(absorbed.c.profile_id)
)
_LINKS = sa.select(
    grey_links.c.profile_id, grey_links.c.rest_id, grey_links.c.object_id, grey_links.c.until
).where(grey_links.c.environment_id == _ENVIRONMENT, OneOf(grey_links.c.profile_id))
_FORGET_DEVICES = sa.delete(grey_links).where(
    grey_links.c.environment_id == _ENVIRONMENT,
    grey_links.c.profile_id == sa.bindparam("profile"),
    OneOf(grey_links.c.object_id),
)
_FORGET_LINKS = sa.delete(grey_links).where(
    grey_links.c.environment_id == _ENVIRONMENT,
    sa.or_(OneOf(grey_links.c.profile_id), OneOf(grey_links.c.rest_id)),
)


def reserve_merge(tx: Transaction, environment: EnvironmentId) -> int:
    """Hand out the number of a new merge."""
    return numbers.reserve(tx, environment, "merge")[0]


def lock(
    tx: Transaction,
    environment: EnvironmentId,
    wanted: Iterable[ProfileId],
    *,
    perhaps: Iterable[ProfileId] = (),
) -> dict[ProfileId, Profile]:
    """Give these profiles, with what stands behind them, and keep other writers off them.

    Raises `RetryTransactionError` as `profiles.lock` does.
    """
    locked = profiles.lock(tx, environment, wanted, perhaps=perhaps)
    shown = [each for each in locked.values() if each.is_merged]
    return {**locked, **{each.id: each for each in load_merged(tx, environment, shown)}}


def load_merged(
    tx: Transaction, environment: EnvironmentId, shown: Sequence[Profile]
) -> list[MergedProfile]:
    """Give the working copies of profiles that took in others."""
    if not shown:
        return []
    roots = [each.id for each in shown]
    found: dict[int, list[Merge]] = {each: [] for each in roots}
    leaves: dict[int, dict[ProfileId, Leaf]] = {each: {} for each in roots}
    for row in tx.rows(_OF_ROOTS, environment=environment, values=roots):
        found[row[1]].append(_merge(row))
    for root, *leaf in tx.rows(_LEAVES, environment=environment, values=roots):
        leaves[root][leaf[0]] = Leaf(*leaf)
    return [MergedProfile.of(each, found[each.id], leaves[each.id]) for each in shown]


def find_leaves(
    tx: Transaction, environment: EnvironmentId, roots: Sequence[ProfileId]
) -> dict[ProfileId, list[Leaf]]:
    """Give the profiles that these took in, by root."""
    found: dict[ProfileId, list[Leaf]] = {}
    for root, *leaf in tx.rows(_LEAVES, environment=environment, values=roots) if roots else ():
        found.setdefault(root, []).append(Leaf(*leaf))
    return found


def find_roots(
    tx: Transaction, environment: EnvironmentId, parts: Iterable[ProfileId]
) -> dict[ProfileId, ProfileId]:
    """Give the roots of those profiles that are part of another."""
    values = list(parts)
    return dict(tx.rows(_ROOTS, environment=environment, values=values)) if values else {}


def save_merged(tx: Transaction, environment: EnvironmentId, profile: MergedProfile) -> None:
    """Write the merges behind a shown profile, and the ends of their chains."""
    tx.upsert(
        merges,
        [
            (
                environment,
                each.id,
                profile.id,
                each.survivor,
                each.absorbed,
                each.kind,
                each.value,
                each.merged_at,
                each.source,
                None,
                None,
                each.survivor_side.document_bytes(),
                each.survivor_side.activity_bytes(),
                each.absorbed_side.document_bytes(),
                each.absorbed_side.activity_bytes(),
            )
            for each in profile.merges
        ],
    )
    tx.upsert(
        absorbed,
        [
            (environment, leaf.id, profile.id, leaf.last_change, leaf.last_event, leaf.created_at)
            for leaf in profile.leaves.values()
        ],
    )


def save_undone(
    tx: Transaction, environment: EnvironmentId, merge: Merge, *, now_ms: int, source: str
) -> None:
    """Note that a merge was undone; its sides are profiles again."""
    tx.run(_RELEASE, environment=environment, values=[merge.absorbed])
    shown = (merge.survivor, merge.survivor, merge.absorbed, merge.kind, merge.value)
    times = (merge.merged_at, merge.source, now_ms, source)
    tx.upsert(merges, [(environment, merge.id, *shown, *times, b"", b"", b"", b"")])


def find(tx: Transaction, environment: EnvironmentId, merge: int) -> MergeRow | None:
    """Find a merge by its number."""
    row = tx.row(_FIND, environment=environment, merge=merge)
    return MergeRow(*row) if row else None


def page(tx: Transaction, environment: EnvironmentId, *, before: int, count: int) -> list[MergeRow]:
    """Give the merges before a number, newest first."""
    rows = tx.rows(_PAGE, environment=environment, before=before, count=count)
    return [MergeRow(*row) for row in rows]


def standing(tx: Transaction, environment: EnvironmentId, root: ProfileId) -> list[MergeRow]:
    """Give the merges that a profile is made of, newest first."""
    return [MergeRow(*row) for row in tx.rows(_STANDING, environment=environment, root=root)]


def undone_pairs(
    tx: Transaction, environment: EnvironmentId, roots: Sequence[ProfileId]
) -> set[frozenset[ProfileId]]:
    """Give the pairs that people took apart again, of which one is among these profiles."""
    rows = tx.rows(_UNDONE, environment=environment, values=roots)
    return {frozenset(row) for row in rows}


def met(
    tx: Transaction, environment: EnvironmentId, profiles: Iterable[ProfileId]
) -> set[ProfileId]:
    """Give those who were ever merged with these profiles, these included."""
    rows = tx.rows(_MET, environment=environment, values=list(profiles))
    return {each for row in rows for each in row}


def forget(tx: Transaction, environment: EnvironmentId, parts: Sequence[ProfileId]) -> int:
    """Remove every merge of these profiles and what leads to them; gives how many merges."""
    tx.run(_RELEASE, environment=environment, values=parts)
    return tx.run(_FORGET, environment=environment, values=parts)


def add_grey_links(tx: Transaction, environment: EnvironmentId, links: Iterable[GreyLink]) -> None:
    """Link profiles to what their devices did before."""
    rows: list[Row] = [(environment, *msgspec.structs.astuple(each)) for each in links]
    tx.upsert(grey_links, sorted(dict.fromkeys(rows)))


def find_grey_links(
    tx: Transaction, environment: EnvironmentId, parts: Sequence[ProfileId]
) -> list[GreyLink]:
    """Give what the devices of these profiles did before."""
    return [GreyLink(*row) for row in tx.rows(_LINKS, environment=environment, values=parts)]


def blank_grey_devices(
    tx: Transaction, environment: EnvironmentId, profile: ProfileId, devices: Collection[str]
) -> None:
    """Forget by which devices a profile is linked to others; objectIds without a leading `-`.

    The links stay: whoever is erased goes with what they did before they were known.
    """
    links = find_grey_links(tx, environment, [profile])
    if named := [link for link in links if link.object_id in devices]:
        values = [link.object_id for link in named]
        tx.run(_FORGET_DEVICES, environment=environment, profile=profile, values=values)
        add_grey_links(tx, environment, [GreyLink(profile, link.rest, "", 0) for link in named])


def forget_grey_links(
    tx: Transaction, environment: EnvironmentId, parts: Sequence[ProfileId]
) -> int:
    """Remove the grey links from and to these profiles; gives how many."""
    return tx.run(_FORGET_LINKS, environment=environment, values=parts)


def _merge(row: Row) -> Merge:
    merge_id, _, survivor, absorbed_id, kind, value, merged_at, source, *_, a, b, c, d = row
    return Merge(
        merge_id,
        survivor,
        absorbed_id,
        kind,
        value,
        merged_at,
        source,
        _side(survivor, a, b),
        _side(absorbed_id, c, d),
    )


def _side(profile: ProfileId, document: bytes, activity: bytes) -> Profile:
    return Profile(profile, document, activity, last_change=0, last_event=0, created_at=0)
