"""Whom records mean: looked up, decided by the rules of identities, prepared, and not yet changed.

Source: P-04 to P-08; the rules are those of `domain.identities`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from mien.domain.environments import IDS_PER_KIND
from mien.domain.identities import (
    WIRE_NAMES,
    Holder,
    Identity,
    IdentityKind,
    Resolution,
    profile_of_server_object_id,
    resolve,
    token_identity,
)
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.merged_profiles import MergedProfile
from mien.domain.profiles import Profile
from mien.domain.records import EventRecord, ProfileRecord, Record, TokenRecord
from mien.domain.rejects import Reject, RejectCode, Rejected
from mien.services.merger import Merger
from mien.services.receipts import Batch
from mien.services.registry import Registry
from mien.store import merges, numbers
from mien.store import profiles as profile_store
from mien.store.engine import RetryTransactionError, Transaction

_PROFILES_AT_ONCE = 64


class Resolver:
    """Finds the profile that each record of a transaction means."""

    def __init__(
        self,
        tx: Transaction,
        environment: EnvironmentId,
        registry: Registry,
        owners: dict[Identity, ProfileId],
        profiles: dict[ProfileId, Profile],
        merger: Merger,
    ) -> None:
        """Share the ids and the profiles with a workspace, which fills and changes them."""
        self._tx, self._environment, self._registry = tx, environment, registry
        self._owners, self._profiles, self._merger = owners, profiles, merger
        self._roots: dict[ProfileId, ProfileId] = {}
        self._merges: dict[int, int] = {}
        self.prepared: list[MergedProfile] = []

    def load(self, records: Iterable[Record | Reject]) -> None:
        """Look up everyone whom these records name, in one query a kind and one for all profiles."""
        named = _named(records)
        owners, roots = self._find_owners(named), self._find_roots(named)
        self._owners.update(owners)
        self._roots.update(roots)
        self._profiles.update(
            merges.lock(
                self._tx,
                self._environment,
                owners.values(),
                perhaps={roots.get(each, each) for each in _made_by_server(named)},
            )
        )
        # An id may have changed hands while its holder was waited for.
        if not self._tx.is_sqlite and (
            self._find_owners(named) != owners or self._find_roots(named) != roots
        ):
            raise RetryTransactionError

    def _find_owners(self, named: set[Identity]) -> dict[Identity, ProfileId]:
        owners = profile_store.find_owners(self._tx, self._environment, named)
        unknown = [
            identity.value
            for identity in named
            if identity.kind is IdentityKind.EMAIL and identity not in owners
        ]
        if unknown:
            # Profiles may have the address from before the environment unified on it.
            known = profile_store.oldest_with_email(self._tx, self._environment, unknown)
            owners |= {Identity(IdentityKind.EMAIL, value): known[value] for value in known}
        return owners

    def _find_roots(self, named: set[Identity]) -> dict[ProfileId, ProfileId]:
        """Give those who took in profiles that are named by objectIds of the server."""
        return merges.find_roots(self._tx, self._environment, _made_by_server(named))

    def resolve(
        self,
        person: tuple[Identity, ...],
        device: Identity | None,
        batch: Batch,
        *,
        alias_from: int,
    ) -> Resolution:
        """Decide whom ids mean that came together; those from `alias_from` on stood in profileData.

        Raises `Rejected` for an id that is blocked here (523) or that this server never made (526).
        """
        if self._registry.settings.blocked_ids:
            self._check_not_blocked(person)
        # Nearly every record names one person and nothing else.
        if device is None and len(person) == 1:
            if (owner := self._owners.get(person[0])) is not None:
                return Resolution(owner)
            return Resolution(None, attach=person)
        device_holder = None if device is None else self._device_holder(device)
        resolution = resolve(
            [(each, self._holder(self._owners.get(each))) for each in dict.fromkeys(person)],
            device_holder,
            has_device=device is not None and not _is_server_made(device),
            alias_from=alias_from,
            one_per_person=self._registry.one_per_person,
        )
        if resolution.merges:
            resolution = self._permitted(resolution, batch)
        if resolution.conflicts or resolution.device_from is not None:
            return self._with_holders(resolution, device)
        return resolution

    def profile_for(
        self,
        record: ProfileRecord | EventRecord,
        resolution: Resolution,
        batch: Batch,
        base_at: int,
    ) -> Profile:
        """Give the profile that a record means, as it will be: merged, if it names two people.

        Nothing is changed yet; raises `Rejected` if the profile has no room for further ids.
        """
        profile = self._profile_of(resolution, batch.received_at, base_at)
        self.prepared.clear()
        for identity, other in resolution.merges:
            profile = self._merger.prepare(profile, self._profiles[other], identity, batch)
            self.prepared.append(profile)
        if resolution.attach:
            self._check_room(profile, resolution.attach)
        if profile.is_merged:
            named = record.person if record.device is None else (*record.person, record.device)
            profile.turn_to(named)
        return profile

    def note_merges(self, batch: Batch) -> None:
        """Note that what was prepared last is in place, and count it for its batch."""
        for prepared in self.prepared:
            self._roots[prepared.merges[0].absorbed] = prepared.id
        self._merges[id(batch)] = self._merges.get(id(batch), 0) + len(self.prepared)

    def _check_not_blocked(self, person: tuple[Identity, ...]) -> None:
        for identity in person:
            if identity.value in self._registry.settings.blocked_ids:
                reason = f"{WIRE_NAMES[identity.kind]} '{identity.value}' is blocked here"
                raise Rejected(RejectCode.IDENTITY, reason)

    def _permitted(self, resolution: Resolution, batch: Batch) -> Resolution:
        """Leave the merges that a record may make; the others become suggestions (P-07)."""
        assert resolution.profile is not None  # noqa: S101 - others merge into a known profile
        room = self._registry.settings.merges_per_call - self._merges.get(id(batch), 0)
        joined = [resolution.profile]
        merging: list[tuple[Identity, ProfileId]] = []
        for each in resolution.merges:
            further = [*joined, each[1]]
            if (
                len(merging) < room
                and self._has_room_for_ids(further)
                and self._merger.may_merge(joined, each[1])
            ):
                merging.append(each)
                joined = further
        rest = [each for each in resolution.merges if each not in merging]
        return msgspec.structs.replace(
            resolution, merges=tuple(merging), conflicts=(*resolution.conflicts, *rest)
        )

    def _with_holders(self, resolution: Resolution, device: Identity | None) -> Resolution:
        """Name the very profiles that hold ids and had the device, though they be part of others."""
        conflicts = [
            (identity, self._profiles[other].part_of(identity))
            for identity, other in resolution.conflicts
        ]
        former = resolution.device_from
        if device is not None and former is not None:
            former = self._profiles[former].part_of(device)
        return msgspec.structs.replace(resolution, conflicts=tuple(conflicts), device_from=former)

    def _device_holder(self, device: Identity) -> Holder | None:
        owner = self._owners.get(device)
        if owner is None and _is_server_made(device):
            owner = profile_of_server_object_id(device.value)
            while owner in self._roots:
                owner = self._roots[owner]
            if owner is None or owner not in self._profiles:
                reason = f"objectId '{device.value}' was not made by this server"
                raise Rejected(RejectCode.OBJECT_ID, reason)
        return self._holder(owner)

    def _holder(self, profile: ProfileId | None) -> Holder | None:
        if profile is None:
            return None
        held = self._profiles[profile].document.identities
        return Holder(profile, frozenset(IdentityKind(kind) for kind, _ in held))

    def _has_room_for_ids(self, profiles: list[ProfileId]) -> bool:
        """Tell whether one profile may have the ids of all of these (P-08)."""
        held = Counter(
            IdentityKind(kind)
            for each in profiles
            for kind, _ in self._profiles[each].document.identities
        )
        return all(size <= self._limit_of(kind) for kind, size in held.items())

    def _limit_of(self, kind: IdentityKind) -> int:
        limits: Mapping[str, int] = self._registry.settings.ids_per_kind  # type: ignore[assignment]  # other names are absent
        return limits.get(WIRE_NAMES[kind], IDS_PER_KIND)

    def _check_room(self, profile: Profile, attach: tuple[Identity, ...]) -> None:
        for kind in {identity.kind for identity in attach}:
            limit = self._limit_of(kind)
            held = sum(1 for known, _ in profile.document.identities if known == kind)
            size = held + sum(1 for identity in attach if identity.kind is kind)
            if size > limit:
                reason = f"The profile would have {size} ids of kind {WIRE_NAMES[kind]}, the limit is {limit}"
                raise Rejected(RejectCode.TOO_MANY_IDS, reason)

    def _profile_of(self, resolution: Resolution, now_ms: int, base_at: int) -> Profile:
        if resolution.profile is not None:
            return self._profiles[resolution.profile]
        spare = self._registry.spare_profile_ids
        if not spare:
            drawn = numbers.reserve_profiles(self._tx, self._environment, _PROFILES_AT_ONCE)
            spare.extend(reversed(drawn))
        return Profile.create(ProfileId(spare[-1]), created_at=now_ms, base_at=base_at)


def _named(records: Iterable[Record | Reject]) -> set[Identity]:
    """Give all ids by which records name somebody."""
    named: set[Identity] = set()
    for record in records:
        if isinstance(record, TokenRecord):
            named.add(record.device)
            if not record.gives_up:
                named.add(token_identity(record.token))
        elif not isinstance(record, Reject):
            named.update(record.person)
            if record.device is not None:
                named.add(record.device)
    return named


def _made_by_server(named: set[Identity]) -> set[ProfileId]:
    """Give the profiles that are named by objectIds of the server."""
    return {
        profile
        for identity in named
        if identity.kind is IdentityKind.OBJECT_ID
        and (profile := profile_of_server_object_id(identity.value)) is not None
    }


def _is_server_made(device: Identity) -> bool:
    return profile_of_server_object_id(device.value) is not None
