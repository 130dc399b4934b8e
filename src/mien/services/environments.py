"""The settings of environments: reading them fast, changing them with a trace."""

import hashlib
import time
from collections.abc import Mapping

import msgspec

from mien import clock
from mien.domain.environments import DEFAULTS, EnvironmentSettings, check_settings
from mien.domain.errors import ChangedMeanwhileError
from mien.domain.ids import EnvironmentId
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

    `mark` is that of the settings on which the change was decided (`mark_of`). Raises
    `InvalidInputError` for a value out of bounds, and `ChangedMeanwhileError` if another
    was first; then nothing was changed.
    """

    def change(tx: Transaction) -> EnvironmentSettings:
        known = read_settings(tx, environment, is_locked=True)
        if mark is not None and mark != mark_of(known):
            what = "The settings"
            raise ChangedMeanwhileError(what)
        changed = msgspec.structs.replace(known, **changes)
        check_settings(changed)
        now_ms = clock.now_ms()
        environments.save_settings(tx, environment, _encode(changed), now_ms=now_ms, source=source)
        return changed

    return write_retried(store, change)


def mark_of(settings: EnvironmentSettings) -> str:
    """Give a short text that another set of settings does not have."""
    return hashlib.sha256(_encode(settings)).hexdigest()[:16]


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
