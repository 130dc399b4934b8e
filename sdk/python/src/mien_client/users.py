"""One person, and the verbs that say something of them without waiting for the server."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mien_client.outbox import Outbox
from mien_client.records import EventRecord, ProfileRecord
from mien_client.results import Result

Values = str | Sequence[str]
OPT_OUT = "ct_optout"


@dataclass(frozen=True, slots=True)
class User:
    """A person by their distinct id, on a device if `object_id` names one.

    Every verb returns at once; the record goes to the queue of the client with the time
    that it is now. Values are those of `ProfileRecord`.
    """

    distinct_id: str
    object_id: str | None
    _outbox: Outbox
    _now: Callable[[], datetime]

    def identify(
        self,
        properties: Mapping[str, Any] | None = None,
        *,
        on_identified: Callable[[Result], None] | None = None,
    ) -> None:
        """Say that this is them, on their device if there is one.

        `on_identified` is called, on the thread that sends, once the server has accepted it.
        """
        self._set(properties or {}, on_identified)

    def on_user_login(
        self,
        properties: Mapping[str, Any] | None = None,
        *,
        on_identified: Callable[[Result], None] | None = None,
    ) -> None:
        """Do the same by the name that other SDKs have for it."""
        self.identify(properties, on_identified=on_identified)

    def set(self, properties: Mapping[str, Any]) -> None:
        """Set properties."""
        self._set(properties)

    def track(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        at: datetime | int | None = None,
    ) -> None:
        """Say that they did something, now unless `at` says when."""
        record = EventRecord(
            name,
            distinct_id=self.distinct_id,
            object_id=self.object_id,
            properties=copy.deepcopy(dict(properties or {})),
            at=self._now() if at is None else at,
        )
        self._outbox.put(record)

    def add(self, name: str, values: Values) -> None:
        """Add values to a list, each once."""
        self._set({name: {"$add": _listed(values)}})

    def remove(self, name: str, values: Values) -> None:
        """Take values out of a list."""
        self._set({name: {"$remove": _listed(values)}})

    def increment(self, name: str, by: float = 1) -> None:
        """Count up, or down by a negative number; what is not there counts as 0."""
        self._set({name: {"$decr": -by} if by < 0 else {"$incr": by}})

    def unset(self, name: str) -> None:
        """Take a property away."""
        self._set({name: {"$delete": True}})

    def opt_out(self) -> None:
        """Note that they want nothing kept of what their pages and apps send."""
        self._set({OPT_OUT: True})

    def opt_in(self) -> None:
        """Note that they agree again."""
        self._set({OPT_OUT: False})

    @property
    def profile(self) -> "Pushed":
        """`profile.push(properties)` is `set`, by the name that other SDKs have for it."""
        return Pushed(self.set)

    @property
    def event(self) -> "Pushed":
        """`event.push(name, properties)` is `track`, by the name that other SDKs have for it."""
        return Pushed(self.track)

    def _set(
        self,
        properties: Mapping[str, Any],
        on_accepted: Callable[[Result], None] | None = None,
    ) -> None:
        record = ProfileRecord(
            distinct_id=self.distinct_id,
            object_id=self.object_id,
            properties=copy.deepcopy(dict(properties)),
            at=self._now(),
        )
        self._outbox.put(record, on_accepted)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A verb under the name `push`."""

    push: Callable[..., None]


def _listed(values: Values) -> list[str]:
    return [values] if isinstance(values, str) else list(values)
