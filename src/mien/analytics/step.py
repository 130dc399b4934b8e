"""What an engine takes in: one step of the record, the same for all engines."""

from collections.abc import Mapping, Sequence

import msgspec

from mien.domain.ids import EventNameId, ProfileId

Pair = tuple[int, int]


class Fill(msgspec.Struct, frozen=True):
    """How far a new copy is filled with people as they are, before it follows the log.

    All of them are as of the place `at` of the log or later; until `is_whole`, those of an id
    after `after` up to `last` are yet to come.
    """

    at: int = 0
    after: ProfileId = ProfileId(0)
    last: ProfileId = ProfileId(0)

    @property
    def is_whole(self) -> bool:
        """Whether everybody was copied."""
        return self.after >= self.last


class Step(msgspec.Struct):
    """What the record has new, up to a place of its log, as absolute values.

    `touched` are written anew: those with a line in `profiles` (id, time of creation in epoch
    ms, document) are shown, others are part of another or `gone`, with all that they did.
    `events` has lines (sequence, profile, time, properties, session) by the id of the name; all
    sequences lie after the place of the step before. `fill` is how far it is with people then.
    """

    upto: int
    touched: Sequence[ProfileId] = ()
    gone: Sequence[ProfileId] = ()
    profiles: str = ""
    merged: Sequence[Pair] = ()
    blocks: Sequence[Pair] = ()
    events: Mapping[EventNameId, str] = {}
    fill: Fill = Fill()
