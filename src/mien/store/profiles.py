"""Profiles, and the identities and addresses by which they are found."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from mien.domain.identities import AddressKind, Identity, IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.keys import index_key
from mien.domain.profiles import Profile
from mien.store.engine import RetryTransactionError, Transaction
from mien.store.schema import addresses, identities, profiles
from mien.store.statements import OneOf

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")

_OWNERS = sa.select(identities.c.value, identities.c.profile_id).where(
    identities.c.environment_id == _ENVIRONMENT,
    identities.c.kind == sa.bindparam("kind"),
    OneOf(identities.c.value),
)
_FIELDS = (
    profiles.c.profile_id,
    profiles.c.document,
    profiles.c.activity,
    profiles.c.last_change,
    profiles.c.last_event,
    profiles.c.created_at,
    profiles.c.is_merged,
)
_LOAD = sa.select(*_FIELDS).where(
    profiles.c.environment_id == _ENVIRONMENT, OneOf(profiles.c.profile_id)
)
_LOCK = _LOAD.order_by(profiles.c.profile_id).with_for_update()
_BY_IDENTITY = (
    sa.select(*_FIELDS)
    .join_from(
        identities,
        profiles,
        sa.and_(
            profiles.c.environment_id == identities.c.environment_id,
            profiles.c.profile_id == identities.c.profile_id,
        ),
    )
    .where(
        identities.c.environment_id == _ENVIRONMENT,
        identities.c.kind == sa.bindparam("kind"),
        identities.c.value == sa.bindparam("value"),
    )
)
_BY_ID = sa.select(*_FIELDS).where(
    profiles.c.environment_id == _ENVIRONMENT, profiles.c.profile_id == sa.bindparam("profile")
)
_BY_ADDRESS = sa.select(addresses.c.profile_id).where(
    addresses.c.environment_id == _ENVIRONMENT,
    addresses.c.kind == sa.bindparam("kind"),
    addresses.c.value == sa.bindparam("value"),
)
_HOLDERS = (
    sa.select(addresses.c.profile_id)
    .distinct()
    .where(
        addresses.c.environment_id == _ENVIRONMENT,
        addresses.c.kind == sa.bindparam("kind"),
        OneOf(addresses.c.value),
        addresses.c.profile_id > sa.bindparam("after"),
    )
    .order_by(addresses.c.profile_id)
    .limit(sa.bindparam("count"))
)
_COUNT_HOLDERS = (
    sa.select(sa.func.count())
    .select_from(addresses)
    .where(
        addresses.c.environment_id == _ENVIRONMENT,
        addresses.c.kind == sa.bindparam("kind"),
        addresses.c.value == sa.bindparam("value"),
    )
)
_WITH_ADDRESSES = sa.select(addresses.c.value, addresses.c.profile_id).where(
    addresses.c.environment_id == _ENVIRONMENT,
    addresses.c.kind == sa.bindparam("kind"),
    OneOf(addresses.c.value),
)
_PAGE = (
    sa.select(*_FIELDS)
    .where(profiles.c.environment_id == _ENVIRONMENT, profiles.c.profile_id > sa.bindparam("after"))
    .order_by(profiles.c.profile_id)
    .limit(sa.bindparam("count"))
)
_NEWEST = (
    sa.select(*_FIELDS)
    .where(
        profiles.c.environment_id == _ENVIRONMENT, profiles.c.profile_id < sa.bindparam("before")
    )
    .order_by(profiles.c.profile_id.desc())
    .limit(sa.bindparam("count"))
)
_DELETE_ADDRESS = sa.delete(addresses).where(
    addresses.c.environment_id == _ENVIRONMENT,
    addresses.c.kind == sa.bindparam("kind"),
    addresses.c.value == sa.bindparam("value"),
    addresses.c.profile_id == sa.bindparam("profile"),
)
_DELETE_IDENTITY = sa.delete(identities).where(
    identities.c.environment_id == _ENVIRONMENT,
    identities.c.kind == sa.bindparam("kind"),
    identities.c.value == sa.bindparam("value"),
    identities.c.profile_id == sa.bindparam("profile"),
)
_DELETE = sa.delete(profiles).where(
    profiles.c.environment_id == _ENVIRONMENT, profiles.c.profile_id == sa.bindparam("profile")
)

_REMOVE = sa.delete(profiles).where(
    profiles.c.environment_id == _ENVIRONMENT, OneOf(profiles.c.profile_id)
)

AddressRow = tuple[AddressKind, str, ProfileId]


def find_owners(
    tx: Transaction, environment: EnvironmentId, wanted: Iterable[Identity]
) -> dict[Identity, ProfileId]:
    """Find who holds these identities; those that nobody holds are absent."""
    by_kind: dict[IdentityKind, dict[str, Identity]] = {}
    for identity in wanted:
        by_kind.setdefault(identity.kind, {})[index_key(identity.value)] = identity
    return {
        named[key]: ProfileId(profile)
        for kind, named in by_kind.items()
        for key, profile in tx.rows(_OWNERS, environment=environment, kind=kind, values=list(named))
    }


def load(
    tx: Transaction, environment: EnvironmentId, wanted: Sequence[ProfileId]
) -> dict[ProfileId, Profile]:
    """Give these profiles by id; those that are gone are absent."""
    rows = tx.rows(_LOAD, environment=environment, values=wanted) if wanted else []
    return {row[0]: _profile(row) for row in rows}


def lock(
    tx: Transaction,
    environment: EnvironmentId,
    wanted: Iterable[ProfileId],
    *,
    perhaps: Iterable[ProfileId] = (),
) -> dict[ProfileId, Profile]:
    """Give these profiles and keep other writers off them, in the order of their ids.

    Raises `RetryTransactionError` if one of `wanted` went away since its id was looked
    up; of `perhaps`, those that exist are given.
    """
    needed = set(wanted)
    values = sorted(needed.union(perhaps))
    if not values:
        return {}
    rows = tx.rows(_LOAD if tx.is_sqlite else _LOCK, environment=environment, values=values)
    locked = {row[0]: _profile(row) for row in rows}
    if not needed <= locked.keys():
        raise RetryTransactionError
    return locked


def find_by_identity(
    tx: Transaction, environment: EnvironmentId, identity: Identity
) -> Profile | None:
    """Find the profile that holds an identity."""
    key = index_key(identity.value)
    row = tx.row(_BY_IDENTITY, environment=environment, kind=identity.kind, value=key)
    return _profile(row) if row else None


def find(tx: Transaction, environment: EnvironmentId, profile: ProfileId) -> Profile | None:
    """Find a profile by its id."""
    row = tx.row(_BY_ID, environment=environment, profile=profile)
    return _profile(row) if row else None


def find_by_address(
    tx: Transaction, environment: EnvironmentId, kind: AddressKind, value: str
) -> list[Profile]:
    """Give all profiles with an address in its normal form."""
    rows = tx.rows(_BY_ADDRESS, environment=environment, kind=kind, value=index_key(value))
    return list(load(tx, environment, [row[0] for row in rows]).values())


def holders(
    tx: Transaction,
    environment: EnvironmentId,
    kind: AddressKind,
    values: Sequence[str],
    *,
    after: ProfileId,
    count: int,
) -> list[ProfileId]:
    """Give the next profiles by id that have any of these addresses in their normal form."""
    rows = tx.rows(
        _HOLDERS, environment=environment, kind=kind, values=values, after=after, count=count
    )
    return [row[0] for row in rows]


def count_holders(
    tx: Transaction, environment: EnvironmentId, kind: AddressKind, value: str
) -> int:
    """Count the profiles that have an address in its normal form."""
    row = tx.row(_COUNT_HOLDERS, environment=environment, kind=kind, value=value)
    return row[0] if row else 0


def oldest_with_email(
    tx: Transaction, environment: EnvironmentId, emails: Sequence[str]
) -> dict[str, ProfileId]:
    """Give the oldest profile with each of these addresses; those that nobody has are absent."""
    by_key = {index_key(each): each for each in emails}
    rows = tx.rows(
        _WITH_ADDRESSES, environment=environment, kind=AddressKind.EMAIL, values=list(by_key)
    )
    found: dict[str, ProfileId] = {}
    for key, profile in rows:
        found[by_key[key]] = min(profile, found.get(by_key[key], profile))
    return found


def page(
    tx: Transaction, environment: EnvironmentId, *, after: ProfileId, count: int
) -> list[Profile]:
    """Give the next profiles by id."""
    return [
        _profile(row) for row in tx.rows(_PAGE, environment=environment, after=after, count=count)
    ]


def newest(
    tx: Transaction, environment: EnvironmentId, *, before: ProfileId, count: int
) -> list[Profile]:
    """Give the profiles that were made last, of those before one; the last one first."""
    rows = tx.rows(_NEWEST, environment=environment, before=before, count=count)
    return [_profile(row) for row in rows]


def save(
    tx: Transaction, environment: EnvironmentId, touched: Iterable[Profile], *, now_ms: int
) -> None:
    """Write profiles as they are now, new and known alike."""
    tx.upsert(
        profiles,
        [
            (
                environment,
                each.id,
                each.document_bytes(),
                each.activity_bytes(),
                each.last_change,
                each.last_event,
                each.created_at,
                now_ms,
                int(each.is_merged),
            )
            for each in touched
        ],
    )


def add_identities(
    tx: Transaction, environment: EnvironmentId, rows: dict[Identity, ProfileId]
) -> None:
    """Give identities to profiles; raises `RetryTransactionError` if another writer was first."""
    # In the order of the key: two writers that add the same ids then wait, and do not deadlock.
    values = [
        (environment, kind, index_key(value), profile)
        for (kind, value), profile in sorted(rows.items())
    ]
    if tx.insert_new(identities, values) != len(values):
        raise RetryTransactionError


def release_identities(
    tx: Transaction, environment: EnvironmentId, rows: dict[Identity, ProfileId]
) -> None:
    """Take identities from the profiles that hold them, so that they mean nobody."""
    for identity, profile in sorted(rows.items()):
        _delete_identity(tx, environment, identity, profile)


def move_identities(
    tx: Transaction, environment: EnvironmentId, rows: dict[Identity, ProfileId]
) -> None:
    """Give identities that another profile held to a new holder."""
    tx.upsert(
        identities,
        [(environment, kind, index_key(value), p) for (kind, value), p in sorted(rows.items())],
    )


def change_addresses(
    tx: Transaction, environment: EnvironmentId, held: dict[AddressRow, bool]
) -> None:
    """Add the addresses that are held from now on, and remove the others."""
    added = [(environment, *row) for row, is_held in held.items() if is_held]
    tx.insert_new(addresses, added)
    for (kind, value, profile), is_held in held.items():
        if not is_held:
            tx.run(
                _DELETE_ADDRESS, environment=environment, kind=kind, value=value, profile=profile
            )


def delete(
    tx: Transaction,
    environment: EnvironmentId,
    profile: ProfileId,
    *,
    held: Iterable[Identity],
    reached: Iterable[tuple[AddressKind, str]],
) -> None:
    """Remove a profile and the identities and addresses that find it."""
    for identity in held:
        _delete_identity(tx, environment, identity, profile)
    for address, value in reached:
        tx.run(_DELETE_ADDRESS, environment=environment, kind=address, value=value, profile=profile)
    tx.run(_DELETE, environment=environment, profile=profile)


def remove_absorbed(
    tx: Transaction, environment: EnvironmentId, profiles: Sequence[ProfileId]
) -> None:
    """Remove the rows of profiles that are part of others from now on."""
    if profiles:
        tx.run(_REMOVE, environment=environment, values=profiles)


def _delete_identity(
    tx: Transaction, environment: EnvironmentId, identity: Identity, profile: ProfileId
) -> None:
    tx.run(
        _DELETE_IDENTITY,
        environment=environment,
        kind=identity.kind,
        value=index_key(identity.value),
        profile=profile,
    )


def _profile(row: Sequence[object]) -> Profile:
    profile, document, activity, last_change, last_event, created_at, is_merged = row
    return Profile(
        profile,  # type: ignore[arg-type]  # the columns of _FIELDS, in their order
        document,  # type: ignore[arg-type]
        activity,  # type: ignore[arg-type]
        last_change=last_change,  # type: ignore[arg-type]
        last_event=last_event,  # type: ignore[arg-type]
        created_at=created_at,  # type: ignore[arg-type]
        is_merged=bool(is_merged),
    )
