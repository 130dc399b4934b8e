"""Saved segments: made, shown, changed and deleted, and put in the place of their ids (S-01, S-02)."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mien import clock
from mien.domain.english import describe
from mien.domain.errors import (
    ConflictError,
    InvalidInputError,
    InvalidSegmentError,
    LimitExceededError,
    NotFoundError,
)
from mien.domain.expand import NamedTree, expand, segments_in
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import Node, TestUser
from mien.services.definitions import check_description
from mien.services.retrying import write_retried
from mien.store import segments
from mien.store.engine import Store, Transaction
from mien.store.segments import SegmentHead, StoredSegment

SEGMENTS = 2_000
"""How many saved segments an environment has at most."""

NAME_CHARACTERS = 200

_NAMED_USERS = 5

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class SegmentNameTakenError(ConflictError):
    """Another segment of the environment has this name."""

    code = "segment_name_taken"
    mend = "Take another name, or change the segment that has it."

    def __init__(self, name: str, segment: SegmentId) -> None:
        self.name, self.segment = name, segment
        super().__init__(f"The segment {segment} is called {name!r} already.")


class SegmentInUseError(ConflictError):
    """Other segments are made of this one, so it cannot go."""

    code = "segment_in_use"
    mend = "Change or delete the segments that the sentence names first."

    def __init__(self, segment: SegmentId, users: Sequence[SegmentHead]) -> None:
        self.segment, self.users = segment, users
        named = [f"{each.name!r} ({each.segment_id})" for each in users[:_NAMED_USERS]]
        more = len(users) - len(named)
        said = ", ".join(named) + (f" and {more} more" if more else "")
        super().__init__(f"The segment {segment} is part of {said}.")


class SystemSegmentError(ConflictError):
    """The segment is always there: it can be neither changed nor deleted."""

    code = "system_segment"
    mend = "Create a segment of your own with the tree that is wanted."

    def __init__(self, segment: SegmentId) -> None:
        self.segment = segment
        super().__init__(f"The segment {segment} is always there, as it is.")


class SegmentChangedError(ConflictError):
    """Somebody changed the segment after it was read to be changed."""

    code = "segment_changed"
    mend = "Look at the segment as it is now, then decide again."

    def __init__(self, segment: SegmentId, *, at: int, source: str) -> None:
        self.segment, self.at, self.source = segment, at, source
        super().__init__(f"The segment {segment} was changed meanwhile.")


class Segment(msgspec.Struct, frozen=True):
    """A saved segment with its tree; `names` are those of the segments inside it."""

    head: SegmentHead
    tree: Node
    names: Mapping[SegmentId, str] = {}

    @property
    def sentence(self) -> str:
        """Who is in it, in English."""
        return describe(self.tree, self.names)


TEST_USERS = Segment(
    SegmentHead(
        SegmentId("test-users"), "Test users", "People marked as test users.", 0, 0, "mien"
    ),
    TestUser(),
)
"""Whom to try messages on (P-11)."""

SYSTEM_SEGMENTS: Mapping[SegmentId, Segment] = {TEST_USERS.head.segment_id: TEST_USERS}
"""Segments that every environment has."""


def create_segment(
    store: Store,
    environment: EnvironmentId,
    *,
    name: str,
    tree: Node,
    description: str = "",
    source: str,
) -> Segment:
    """Save a tree under a name.

    Raises `InvalidInputError` for a bad name or description, `InvalidSegmentError` for segments
    inside that are unknown or too many, `SegmentNameTakenError`, and `LimitExceededError` if the
    environment has `SEGMENTS` already.
    """
    name = _checked_name(name)
    check_description(description)
    now_ms = clock.now_ms()

    def create(tx: Transaction) -> Segment:
        segments.lock(tx, environment)
        if (size := segments.count(tx, environment)) >= SEGMENTS:
            what = "saved segments"
            raise LimitExceededError(what, limit=SEGMENTS, size=size + 1)
        made = segments.reserve_id(tx, environment)
        head = SegmentHead(made, name, description, now_ms, now_ms, source)
        return _save(tx, environment, head, tree)

    return write_retried(store, create)


def count_segments(store: Store, environment: EnvironmentId) -> int:
    """Count the segments that an environment saved."""
    with store.read() as tx:
        return segments.count(tx, environment)


def get_segment(store: Store, environment: EnvironmentId, segment: SegmentId) -> Segment:
    """Give a saved segment, or raise `NotFoundError`."""
    with store.snapshot() as tx:
        return _get(tx, environment, segment)


def find_named(store: Store, environment: EnvironmentId, text: str) -> SegmentId:
    """Give the id of the segment that a text names, by its id or else by its name.

    Raises `NotFoundError`.
    """
    by_id = SegmentId(text)
    with store.snapshot() as tx:
        if by_id in SYSTEM_SEGMENTS or _find(tx, environment, by_id) is not None:
            return by_id
        if "\x00" not in text and (found := segments.find_by_name(tx, environment, text)):
            return found.segment_id
    msg = f"There is no segment with the id or the name {text!r}."
    raise NotFoundError(msg)


def list_segments(
    store: Store, environment: EnvironmentId, *, after: str | None, count: int
) -> tuple[list[SegmentHead], str | None]:
    """Give segments: those of the system on the first page (`after` None), then others by name.

    Beside them is the `after` of the next page, None on the last.
    """
    fixed = [each.head for each in SYSTEM_SEGMENTS.values()] if after is None else []
    room = max(count - len(fixed), 0)
    with store.read() as tx:
        found = segments.page(tx, environment, after=after or "", count=room + 1)
    shown, rest = found[:room], found[room:]
    last = shown[-1].name if shown else ""
    return fixed + shown, last if rest else None


def change_segment(
    store: Store,
    environment: EnvironmentId,
    segment: SegmentId,
    *,
    name: str | None = None,
    tree: Node | None = None,
    description: str | None = None,
    source: str,
    seen_at: int | None = None,
) -> Segment:
    """Change a segment, and give it as it is then; None leaves a part as it was.

    `seen_at` is its `updated_at` when it was read to be changed: with it, what somebody else saved
    since is not overwritten but raises `SegmentChangedError`.
    Raises what `create_segment` raises, `NotFoundError`, and `SystemSegmentError`. A tree that
    would include the segment itself is refused, and the circle named; so is one that makes a
    segment of which this one is a part too large.
    """
    if name is not None:
        name = _checked_name(name)
    if description is not None:
        check_description(description)
    now_ms = clock.now_ms()

    def change(tx: Transaction) -> Segment:
        known = _get_to_change(tx, environment, segment)
        if seen_at is not None and known.head.updated_at != seen_at:
            raise SegmentChangedError(segment, at=known.head.updated_at, source=known.head.source)
        head = msgspec.structs.replace(
            known.head,
            name=known.head.name if name is None else name,
            description=known.head.description if description is None else description,
            updated_at=now_ms,
            source=source,
        )
        changed = _save(tx, environment, head, known.tree if tree is None else tree)
        if tree is not None:
            _check_users(tx, environment, segment)
        return changed

    return write_retried(store, change)


def delete_segment(store: Store, environment: EnvironmentId, segment: SegmentId) -> Segment:
    """Delete a segment, and give it as it was.

    Raises `NotFoundError`, `SystemSegmentError`, and `SegmentInUseError` naming the segments that
    are made of it.
    """

    def delete(tx: Transaction) -> Segment:
        known = _get_to_change(tx, environment, segment)
        if users := _users(_compound(tx, environment), segment):
            raise SegmentInUseError(segment, users)
        segments.delete(tx, environment, segment)
        return known

    return write_retried(store, delete)


def users_of(store: Store, environment: EnvironmentId, segment: SegmentId) -> list[SegmentHead]:
    """Give the segments that are made of this one, by name."""
    with store.snapshot() as tx:
        return [_head(each) for each in _users(_compound(tx, environment), segment)]


def names_of(
    store: Store, environment: EnvironmentId, wanted: Iterable[SegmentId]
) -> dict[SegmentId, str]:
    """Give the names of those segments that are there."""
    with store.read() as tx:
        return SavedTrees(tx, environment).names(wanted)


def names_in(
    store: Store, environment: EnvironmentId, tree: Node, *, of: SegmentId | None
) -> dict[SegmentId, str]:
    """Give the names of the segments in a tree, which is that of the segment `of` if it is saved.

    Raises `InvalidSegmentError` as `domain.expand` does.
    """
    with store.snapshot() as tx:
        known = SavedTrees(tx, environment)
        expand(tree, known.find, of=of)
        return known.names(segments_in(tree))


def expand_segments(store: Store, environment: EnvironmentId, tree: Node) -> Node:
    """Give a tree with the saved segments that it names in their places, ready to be matched.

    Raises `InvalidSegmentError` as `domain.expand` does.
    """
    with store.snapshot() as tx:
        return expand(tree, SavedTrees(tx, environment).find, path="tree")


class SavedTrees:
    """The trees of saved segments, each read once, within a transaction."""

    def __init__(self, tx: Transaction, environment: EnvironmentId) -> None:
        self._tx, self._environment = tx, environment
        self._known: dict[SegmentId, NamedTree | None] = {
            segment: NamedTree(each.head.name, each.tree)
            for segment, each in SYSTEM_SEGMENTS.items()
        }

    def find(self, segment: SegmentId) -> NamedTree | None:
        """Find a saved segment."""
        if segment not in self._known:
            stored = _find(self._tx, self._environment, segment)
            self._known[segment] = None if stored is None else NamedTree(stored.name, _tree(stored))
        return self._known[segment]

    def names(self, wanted: Iterable[SegmentId]) -> dict[SegmentId, str]:
        """Give the names of those segments that are there."""
        return {each: found.name for each in wanted if (found := self.find(each)) is not None}


def _get(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> Segment:
    if (fixed := SYSTEM_SEGMENTS.get(segment)) is not None:
        return fixed
    if (stored := _find(tx, environment, segment)) is None:
        msg = f"There is no segment {segment!r}."
        raise NotFoundError(msg)
    tree = _tree(stored)
    return Segment(_head(stored), tree, SavedTrees(tx, environment).names(segments_in(tree)))


def _get_to_change(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> Segment:
    if segment in SYSTEM_SEGMENTS:
        raise SystemSegmentError(segment)
    segments.lock(tx, environment)
    return _get(tx, environment, segment)


def _save(tx: Transaction, environment: EnvironmentId, head: SegmentHead, tree: Node) -> Segment:
    """Write a segment, once its name is free and its tree can be expanded."""
    holder = segments.find_by_name(tx, environment, head.name)
    if holder is not None and holder.segment_id != head.segment_id:
        raise SegmentNameTakenError(head.name, holder.segment_id)
    known = SavedTrees(tx, environment)
    expand(tree, known.find, of=head.segment_id, path="tree")
    written = _encode(to_json(tree))
    segments.save(tx, environment, StoredSegment(**msgspec.structs.asdict(head), tree=written))
    return Segment(head, tree, known.names(segments_in(tree)))


def _check_users(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> None:
    """Raise `InvalidSegmentError` if a segment of which this one is a part became too large."""
    compound = _compound(tx, environment)
    if not _users(compound, segment):
        return
    known = SavedTrees(tx, environment)
    for each, tree in compound:
        try:
            expand(tree, known.find, of=each.segment_id)
        except InvalidSegmentError as error:
            problem = f"{each.name!r} ({each.segment_id}) could not be used any more: {error}"
            raise InvalidSegmentError(path="tree", problem=problem) from error


def _compound(tx: Transaction, environment: EnvironmentId) -> list[tuple[StoredSegment, Node]]:
    """Give the segments that are made of others, with their trees."""
    stored = segments.load_all(tx, environment)
    return [(each, _tree(each)) for each in stored if b'"segment"' in each.tree]


def _users(
    compound: Sequence[tuple[StoredSegment, Node]], segment: SegmentId
) -> list[StoredSegment]:
    return [each for each, tree in compound if segment in segments_in(tree)]


def _find(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> StoredSegment | None:
    # No id has a NUL, and PostgreSQL takes none in a question either.
    return None if "\x00" in segment else segments.find(tx, environment, segment)


def _tree(stored: StoredSegment) -> Node:
    return parse_segment(_decode(stored.tree))


def _head(stored: StoredSegment) -> SegmentHead:
    return SegmentHead(*[getattr(stored, name) for name in SegmentHead.__struct_fields__])


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS or not name.isprintable():
        problem = f"needs 1 to {NAME_CHARACTERS} characters, none of them a control character"
        raise InvalidInputError(path="name", problem=problem)
    for fixed in SYSTEM_SEGMENTS.values():
        if name.casefold() == fixed.head.name.casefold():
            raise SegmentNameTakenError(name, fixed.head.segment_id)
    return name
