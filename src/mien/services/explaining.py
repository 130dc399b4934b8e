"""Why a person is in a segment or not, asked of the record: no analytics is needed (S-06, B-08)."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import msgspec

from mien.domain.errors import LimitExceededError
from mien.domain.events import event_key
from mien.domain.expand import expand
from mien.domain.explain import Part, explain
from mien.domain.identities import Identity
from mien.domain.ids import EventNameId, ProfileId
from mien.domain.matching import Occurrence, Person
from mien.domain.profiles import Profile
from mien.domain.segments import Did, Node, nodes_of
from mien.services.reading import Reader, find_in
from mien.services.segments import SavedTrees
from mien.services.trails import event_trail, walk_events
from mien.store.engine import Store, Transaction

EVENTS = 100_000
"""How many events of the names that a segment asks about are read of one person at most."""

_decode = msgspec.json.Decoder(dict[str, object]).decode


class Explanation(msgspec.Struct, frozen=True):
    """Of whom it tells, and each part of the tree; the outermost tells of the whole."""

    profile: ProfileId
    part: Part


def explain_person(
    store: Store, reader: Reader, identity: Identity, tree: Node, *, now: int, zone: ZoneInfo
) -> Explanation | None:
    """Explain why the person whom an identity means is in a segment, or not; None for nobody.

    `now` is epoch seconds. Raises `InvalidSegmentError` as `domain.expand` does, with a path that
    begins with `tree`, and `LimitExceededError` if the person did more than `EVENTS` of what is
    asked about.
    """
    with store.snapshot() as tx:
        known = SavedTrees(tx, reader.environment)
        whole = expand(tree, known.find, path="tree")
        found = find_in(tx, reader.environment, identity)
        if found is None:
            return None
        person = _person(tx, reader, found, whole)
    return Explanation(found.id, explain(tree, person, now, zone, known.find, path="tree"))


def _person(tx: Transaction, reader: Reader, profile: Profile, tree: Node) -> Person:
    """Give what a tree may ask of a person: of events only those of the names in it."""
    done = profile.activity.events
    names = reader.event_names(tx, map(EventNameId, done))
    asked = {event_key(node.event) for node in nodes_of(tree) if isinstance(node, Did)}
    wanted = {EventNameId(each): names[EventNameId(each)] for each in done}
    wanted = {each: name for each, name in wanted.items() if event_key(name) in asked}
    if (size := sum(done[each].count for each in wanted)) > EVENTS:
        what = "events of this person that the segment asks about"
        raise LimitExceededError(what, limit=EVENTS, size=size)
    return Person(
        profile.id,
        profile.document,
        profile.created_at,
        list(_events(tx, reader, profile, wanted)) if wanted else [],
        reader.blocked_states(tx, [profile]),
        {names[EventNameId(each)]: summary for each, summary in done.items()},
    )


def _events(
    tx: Transaction, reader: Reader, profile: Profile, wanted: Mapping[EventNameId, str]
) -> Iterator[Occurrence]:
    trail = event_trail(tx, reader.environment, profile, with_grey=False)
    for row in walk_events(tx, reader.environment, trail):
        if (name := wanted.get(row.name)) is not None:
            session = _decode(row.session) if row.session else {}
            yield Occurrence(name, row.occurred_at, _decode(row.body), session)
