"""The change log: what one record did to one profile, with values before and after.

A row of the log has these facts as its body. It is read by the history of a
profile, by the projection into analytics, and by undo. Source: B-04.
"""

import msgspec

from mien.domain.devices import TokenLoss
from mien.domain.identities import IdentityKind
from mien.domain.values import Value


class Own(msgspec.Struct, omit_defaults=True, gc=False):
    """What a record changed of a profile alone, while it was shown as one with others."""

    new: dict[str, Value | None] = {}
    old: dict[str, Value] = {}
    groups: dict[str, dict[str, bool]] = {}

    def note(self, new: dict[str, Value | None], old: dict[str, Value]) -> None:
        """Take a change of properties in."""
        self.new.update(new)
        self.old.update(old)


class Change(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What happened to one profile; absent parts did not happen.

    `new` has the values after (None: removed), `old` those before (absent: unset).
    `device` was bound, `device_from` is the profile that it left; `device_lost` went to
    `device_to`. Of merged profiles each of these is the very part. The device got `token`, or
    `token_lost` is no longer active, for the reason `token_loss`. Of the device `learned_of`
    the facts `learned` are new. `flags` are address flags by name, `groups` subscription
    groups by channel. `mapped_from` is the event whose properties were mapped onto `new`.
    `conflicts` are ids of the record that other profiles hold. `merge` is the number of a
    merge that was made, or undone, and `absorbed` or `survivor` the other profile of it.
    `own` is what it was for the profile
    alone, if it was shown as one with others and that differs. `at` is the explicit time of
    the record in epoch seconds.
    """

    created: bool = False
    erased: bool = False
    new: dict[str, Value | None] = {}
    old: dict[str, Value] = {}
    attached: tuple[tuple[IdentityKind, str], ...] = ()
    detached: tuple[tuple[IdentityKind, str], ...] = ()
    device: str = ""
    device_from: int = 0
    device_lost: str = ""
    device_to: int = 0
    token: str = ""
    token_lost: str = ""
    token_loss: TokenLoss | None = None
    learned_of: str = ""
    learned: dict[str, str] = {}
    flags: dict[str, bool] = {}
    groups: dict[str, dict[str, bool]] = {}
    mapped_from: str = ""
    conflicts: tuple[tuple[IdentityKind, str, int], ...] = ()
    merge: int = 0
    absorbed: int = 0
    survivor: int = 0
    is_undo: bool = False
    own: Own | None = None
    at: int | None = None

    def alone(self) -> "Change":
        """Give the change as it was for the profile alone, with nothing of others in it."""
        own = self.own or Own(self.new, self.old, self.groups)
        return msgspec.structs.replace(
            self,
            new=own.new,
            old=own.old,
            groups=own.groups,
            attached=() if self.merge else self.attached,
            own=None,
        )


encode_change = msgspec.json.Encoder().encode
decode_change = msgspec.json.Decoder(Change).decode
