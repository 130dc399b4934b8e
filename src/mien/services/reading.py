"""Reading profiles: one by an id, and what is shown of it."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

import msgspec

from mien.domain.derived import age_on
from mien.domain.devices import Device
from mien.domain.documents import Document, is_identified
from mien.domain.events import Summary
from mien.domain.fields import normalise_email
from mien.domain.identities import (
    AddressKind,
    Identity,
    IdentityKind,
    profile_of_server_object_id,
    server_object_id,
)
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.preferences import FLAG_OF_ADDRESS, SubscriptionKey, addresses, subscription_keys
from mien.domain.profiles import Profile
from mien.domain.schema import DefinitionKind
from mien.domain.values import Value
from mien.store import definitions, merges, people
from mien.store import profiles as profile_store
from mien.store.engine import RetryTransactionError, Store, Transaction


class ProfileView(msgspec.Struct, frozen=True, gc=False):
    """A profile as it is shown. `events` is by name; times in it are epoch seconds.

    `created_at` is epoch milliseconds. `properties` have the flags of the addresses;
    `age` is that of today, None without a date of birth.
    """

    object_id: str
    is_identified: bool
    identities: Sequence[tuple[IdentityKind, str]]
    properties: dict[str, Value]
    age: int | None
    events: dict[str, Summary]
    devices: Sequence[Device]
    groups: dict[str, dict[str, bool]]
    created_at: int


class Reader:
    """Reads the profiles of one environment, and knows the names of its events."""

    def __init__(self, environment: EnvironmentId) -> None:
        self.environment = environment
        self._names: dict[EventNameId, str] = {}

    def view(self, tx: Transaction, found: Profile, *, today: date) -> ProfileView:
        """Show one profile; `today` is the day in the account's time zone."""
        return self._view(tx, found, self.blocked_states(tx, (found,)), today)

    def views(self, tx: Transaction, found: Sequence[Profile], *, today: date) -> list[ProfileView]:
        """Show profiles; `today` is the day in the account's time zone."""
        return list(self.each_view(tx, deque(found), today=today))

    def each_view(
        self, tx: Transaction, found: deque[Profile], *, today: date
    ) -> Iterator[ProfileView]:
        """Show profiles one by one, and let go of each: at the end `found` is empty."""
        blocked = self.blocked_states(tx, found)
        while found:
            yield self._view(tx, found.popleft(), blocked, today)

    def event_names(self, tx: Transaction, wanted: Iterable[EventNameId]) -> dict[EventNameId, str]:
        """Give the names of events by id; names never change, so they are kept."""
        if not self._names.keys() >= set(wanted):
            known = definitions.list_kind(tx, self.environment, DefinitionKind.EVENT)
            self._names = {EventNameId(each.id): each.name for each in known}
        return self._names

    def _view(
        self,
        tx: Transaction,
        profile: Profile,
        blocked: dict[SubscriptionKey, bool],
        today: date,
    ) -> ProfileView:
        document, done = profile.document, profile.activity.events
        names = self._names
        if not done.keys() <= names.keys():
            names = self.event_names(tx, map(EventNameId, done))
        return ProfileView(
            server_object_id(profile.id),
            is_identified(document),
            document.identities,
            _properties(document, blocked),
            age_on(document.properties, today),
            {names[name]: summary for name, summary in done.items()},  # type: ignore[index]
            document.devices,
            document.groups,
            profile.created_at,
        )

    def blocked_states(
        self, tx: Transaction, found: Collection[Profile]
    ) -> dict[SubscriptionKey, bool]:
        """Give what was said of the addresses of profiles."""
        # Most environments block nobody; asking that first spares them the look-ups.
        if not people.blocks_any(tx, self.environment):
            return {}
        values = [value for profile in found for _, value in addresses(profile.document.properties)]
        return people.blocked_states(tx, self.environment, values)


def view_by_identity(
    store: Store, reader: Reader, identity: Identity, *, today: date
) -> ProfileView | None:
    """Show the profile that an identity means, an objectId made by the server included."""
    with store.read() as tx:
        found = find_in(tx, reader.environment, identity)
        return None if found is None else reader.view(tx, found, today=today)


def view_by_email(
    store: Store, reader: Reader, email: str, *, today: date
) -> tuple[ProfileView, int] | None:
    """Show the most recently active profile with an e-mail address, and how many have it."""
    with store.read() as tx:
        found = find_by_email(tx, reader.environment, email)
        return (reader.view(tx, found[0], today=today), len(found)) if found else None


def find_in(tx: Transaction, environment: EnvironmentId, identity: Identity) -> Profile | None:
    """Find the profile that an identity means, within a transaction."""
    found = profile_store.find_by_identity(tx, environment, identity)
    if found is None and identity.kind is IdentityKind.OBJECT_ID:
        made = profile_of_server_object_id(identity.value)
        return None if made is None else find_shown(tx, environment, made)
    return found


def find_locked(
    tx: Transaction, environment: EnvironmentId, named: Sequence[Identity]
) -> list[Profile | None]:
    """Find the profiles that identities mean, and keep other writers off them.

    Raises `RetryTransactionError` if one changed hands while its holder was waited for.
    """
    found = [find_in(tx, environment, each) for each in named]
    locked = merges.lock(tx, environment, [each.id for each in found if each is not None])
    if not tx.is_sqlite:
        again = [find_in(tx, environment, each) for each in named]
        if _ids(again) != _ids(found):
            raise RetryTransactionError
    return [None if each is None else locked[each.id] for each in found]


def find_shown(tx: Transaction, environment: EnvironmentId, profile: ProfileId) -> Profile | None:
    """Find a profile by its id: itself, or the one that took it in."""
    found = profile_store.find(tx, environment, profile)
    if found is None and (root := merges.find_roots(tx, environment, [profile]).get(profile)):
        return profile_store.find(tx, environment, root)
    return found


def find_by_email(tx: Transaction, environment: EnvironmentId, email: str) -> list[Profile]:
    """Give the profiles with an e-mail address, most recently active first (G-09).

    A raw `+` in a URL is read as a space; an address has none, so it is put back.
    """
    value = normalise_email(email).replace(" ", "+")
    found = profile_store.find_by_address(tx, environment, AddressKind.EMAIL, value)
    return sorted(found, key=lambda profile: (_last_active(profile), profile.id), reverse=True)


def _ids(found: Sequence[Profile | None]) -> list[ProfileId | None]:
    return [None if each is None else each.id for each in found]


def _last_active(profile: Profile) -> int:
    done = profile.activity.events.values()
    return max((summary.last for summary in done), default=profile.created_at // 1_000)


def _properties(document: Document, blocked: dict[SubscriptionKey, bool]) -> dict[str, Value]:
    properties = document.properties
    if blocked:
        flags = {
            FLAG_OF_ADDRESS[key[0]]: state
            for key in subscription_keys(document.properties)
            if (state := blocked.get(key)) is not None
        }
        properties = {**properties, **flags}
    return properties
