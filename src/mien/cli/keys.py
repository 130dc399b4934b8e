"""How keys of an environment are listed, whatever they open."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

from mien.cli.printing import at, print_json, print_table, shown_time


class Listed(Protocol):
    """A key as it is stored; times are epoch milliseconds."""

    @property
    def key_id(self) -> int:
        """Its number in the environment."""
        ...

    @property
    def label(self) -> str:
        """What it is for."""
        ...

    @property
    def created_at(self) -> int:
        """When it was made."""
        ...

    @property
    def revoked_at(self) -> int | None:
        """When it was revoked, if it was."""
        ...


class _Key(msgspec.Struct, frozen=True):
    key_id: int
    label: str
    created_at: datetime
    revoked_at: datetime | None
    used_at: datetime | msgspec.UnsetType | None = msgspec.UNSET


Uses: TypeAlias = Mapping[int, int | None]
"""When keys were used last, by their numbers: epoch milliseconds, None is never."""


def print_keys(
    account_id: str,
    name: str,
    keys: Sequence[Listed],
    *,
    as_json: bool,
    uses: Uses | None = None,
) -> None:
    """Print the keys of an environment as a table, or as JSON in a list of this name.

    With `uses` it says when each was used last.
    """
    if as_json:
        print_json({"account_id": account_id, name: [_key(each, uses) for each in keys]})
        return
    heads = ["Key", "Label", "Made", "State", *(() if uses is None else ("Used last",))]
    print_table(heads, [_row(each, uses) for each in keys])


def _row(stored: Listed, uses: Uses | None) -> list[str]:
    row = [str(stored.key_id), stored.label, shown_time(stored.created_at)]
    state = "in use" if stored.revoked_at is None else f"revoked {shown_time(stored.revoked_at)}"
    if uses is None:
        return [*row, state]
    used_at = uses[stored.key_id]
    return [*row, state, "never" if used_at is None else shown_time(used_at)]


def _key(stored: Listed, uses: Uses | None) -> _Key:
    return _Key(
        stored.key_id,
        stored.label,
        at(stored.created_at),
        _at(stored.revoked_at),
        msgspec.UNSET if uses is None else _at(uses[stored.key_id]),
    )


def _at(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else at(epoch_ms)
