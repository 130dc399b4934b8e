"""How keys of an environment are listed, whatever they open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

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


def print_keys(account_id: str, name: str, keys: Sequence[Listed], *, as_json: bool) -> None:
    """Print the keys of an environment as a table, or as JSON in a list of this name."""
    if as_json:
        print_json({"account_id": account_id, name: [_key(each) for each in keys]})
        return
    rows = [
        (str(each.key_id), each.label, shown_time(each.created_at), _state(each.revoked_at))
        for each in keys
    ]
    print_table(("Key", "Label", "Made", "State"), rows)


def _key(stored: Listed) -> _Key:
    revoked_at = stored.revoked_at
    return _Key(
        stored.key_id,
        stored.label,
        at(stored.created_at),
        None if revoked_at is None else at(revoked_at),
    )


def _state(revoked_at: int | None) -> str:
    return "in use" if revoked_at is None else f"revoked {shown_time(revoked_at)}"
