"""Reading a step of the record for the analytics copy: what lies between two places of the log."""

from collections.abc import Iterator, Sequence

import msgspec

from mien.analytics.step import Step
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import addresses, subscription_keys
from mien.domain.values import Value
from mien.store import feed, people
from mien.store import profiles as profile_store
from mien.store.engine import Transaction

_HOLDERS = 5_000


class _Reached(msgspec.Struct, gc=False):
    """The part of a document that has addresses."""

    properties: dict[str, Value] = {}


_decode_reached = msgspec.json.Decoder(_Reached).decode


def read_step(tx: Transaction, environment: EnvironmentId, after: int, upto: int) -> Step:
    """Read what lies between two places of the log, with the documents as they are now."""
    changed = feed.touched(tx, environment, after, upto)
    touched = [each.profile for each in changed]
    spoke = [each.profile for each in changed if each.has_flags]
    if spoke:
        touched = sorted({*touched, *_sharing(tx, environment, spoke)})
    if not touched:
        return Step(upto, events=feed.new_events(tx, environment, after, upto))
    lines, shown = feed.profile_lines(tx, environment, touched)
    merged = feed.merged_into(tx, environment, touched)
    there = {*shown, *(part for part, _ in merged)}
    return Step(
        upto,
        touched,
        [each for each in touched if each not in there],
        lines,
        merged,
        _blocks(tx, environment, lines),
        feed.new_events(tx, environment, after, upto),
    )


def _sharing(
    tx: Transaction, environment: EnvironmentId, spoke: Sequence[ProfileId]
) -> Iterator[ProfileId]:
    """Give all who have an address of these profiles: what was said of it counts for them too."""
    for profile in profile_store.load(tx, environment, spoke).values():
        for kind, value in addresses(profile.document.properties):
            after = ProfileId(0)
            while page := profile_store.holders(
                tx, environment, kind, [value], after=after, count=_HOLDERS
            ):
                yield from page
                after = page[-1]


def _blocks(tx: Transaction, environment: EnvironmentId, lines: str) -> list[tuple[int, int]]:
    """Give which of the profiles have an address that is blocked, and for what."""
    if not lines or not people.blocks_any(tx, environment):
        return []
    held = [
        (int(profile), key)
        for profile, _, document in (line.split(feed.FIELD) for line in lines.split(feed.LINE))
        for key in subscription_keys(_decode_reached(document).properties)
    ]
    states = people.blocked_states(tx, environment, [value for _, (_, value) in held])
    return [(profile, int(key[0])) for profile, key in held if states.get(key)]
