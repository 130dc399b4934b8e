"""The settings of environments: reading them fast, changing them with a trace."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from mien import clock
from mien.domain.environments import DEFAULTS, EnvironmentSettings, check_settings
from mien.domain.errors import ChangedMeanwhileError, InvalidInputError, NotFoundError
from mien.domain.ids import EnvironmentId
from mien.domain.mappings import EventMapping
from mien.services.retrying import write_retried
from mien.store import environments
from mien.store.engine import Store, Transaction

_FRESH_SECONDS = 1.0

_decode = msgspec.json.Decoder(EnvironmentSettings).decode
_encode = msgspec.json.Encoder().encode


def get_settings(store: Store, environment: EnvironmentId) -> EnvironmentSettings:
    """Give the settings of an environment."""
    with store.read() as tx:
        return read_settings(tx, environment)


def read_settings(
    tx: Transaction, environment: EnvironmentId, *, is_locked: bool = False
) -> EnvironmentSettings:
    """Give the settings of an environment, within a transaction."""
    stored = environments.find_settings(tx, environment, is_locked=is_locked)
    return DEFAULTS if stored is None else _decode(stored)


def change_settings(
    store: Store,
    environment: EnvironmentId,
    changes: Mapping[str, object],
    *,
    source: str,
    mark: str | None = None,
) -> EnvironmentSettings:
    """Change some settings, and give all as they are then.

    `mark` is that of the values that were known when the change was decided (`mark_of`). Raises
    `InvalidInputError` for a value out of bounds, and `ChangedMeanwhileError` if another changed
    them since; then nothing was changed.
    """

    def replace(known: EnvironmentSettings) -> EnvironmentSettings:
        if mark is not None and mark != mark_of(known, changes):
            what = "The settings"
            raise ChangedMeanwhileError(what)
        return msgspec.structs.replace(known, **changes)

    return _change(store, environment, replace, source=source)


def add_mapping(
    store: Store, environment: EnvironmentId, mapping: EventMapping, *, source: str
) -> EnvironmentSettings:
    """Let a property of an event become a property of the person too, from now on.

    Raises `InvalidInputError` for one that could never work, is there already or is too many.
    """

    def add(known: EnvironmentSettings) -> EnvironmentSettings:
        if mapping in known.mappings:
            raise InvalidInputError(path="mappings", problem="has this one already")
        return msgspec.structs.replace(known, mappings=(*known.mappings, mapping))

    return _change(store, environment, add, source=source)


def remove_mapping(
    store: Store, environment: EnvironmentId, mapping: EventMapping, *, source: str
) -> EnvironmentSettings:
    """End a mapping; what it wrote stays. Raises `NotFoundError` if it is not there."""

    def remove(known: EnvironmentSettings) -> EnvironmentSettings:
        if mapping not in known.mappings:
            msg = "This mapping is not there any more."
            raise NotFoundError(msg)
        rest = tuple(each for each in known.mappings if each != mapping)
        return msgspec.structs.replace(known, mappings=rest)

    return _change(store, environment, remove, source=source)


def _change(
    store: Store,
    environment: EnvironmentId,
    work: Callable[[EnvironmentSettings], EnvironmentSettings],
    *,
    source: str,
) -> EnvironmentSettings:
    """Change settings as `work` says, whoever else changes them at the same time."""

    def change(tx: Transaction) -> EnvironmentSettings:
        changed = work(read_settings(tx, environment, is_locked=True))
        check_settings(changed)
        now_ms = clock.now_ms()
        environments.save_settings(tx, environment, _encode(changed), now_ms=now_ms, source=source)
        return changed

    return write_retried(store, change)


def mark_of(settings: EnvironmentSettings, names: Iterable[str]) -> str:
    """Give a short text that other values of these settings do not have."""
    values = [getattr(settings, name) for name in sorted(names)]
    return hashlib.sha256(_encode(values)).hexdigest()[:16]


class SettingsCache:
    """Settings for the event loop, at most a second old."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[EnvironmentId, tuple[float, EnvironmentSettings]] = {}

    def get(self, environment: EnvironmentId) -> EnvironmentSettings:
        """Give the settings of an environment."""
        known = self._known.get(environment)
        now = time.monotonic()
        if known is None or known[0] < now:
            known = (now + _FRESH_SECONDS, get_settings(self._store, environment))
            self._known[environment] = known
        return known[1]
