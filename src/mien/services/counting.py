"""Counting and listing who is meant by a tree: exactly, with the last upload in it (S-04, G-14)."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import TypeVar

import msgspec

from mien import clock
from mien.analytics.compile import Query
from mien.analytics.compiled import Compiled
from mien.analytics.occurrences import (
    ids_of_people,
    next_people,
    places_of_events,
    sampled_people,
    sizes,
)
from mien.analytics.scope import Scope
from mien.domain.identities import IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.moments import day_at
from mien.domain.sampling import Mixer
from mien.domain.segments import Did, Node
from mien.services.projection import Projection
from mien.services.questions import Answer, Build, Questions, Take
from mien.services.reading import ProfileView, Reader
from mien.services.segments import expand_segments
from mien.store import profiles as profile_store

T = TypeVar("T")


class Size(msgspec.Struct, frozen=True):
    """How many are meant, of how many people in all.

    `as_of` (epoch ms) is absent when everything that was answered before is counted.
    """

    size: int
    everybody: int
    as_of: int | None = None


class Members(msgspec.Struct, frozen=True):
    """Some of those who are meant, by id; `after` begins the next page, None on the last."""

    profiles: list[ProfileId]
    after: ProfileId | None
    as_of: int | None = None


class Brief(msgspec.Struct, frozen=True):
    """A person in a list, in brief; `type` is `identified` or `anonymous`."""

    object_id: str
    distinct_id: str | None = None
    type: str = "anonymous"
    name: str | None = None
    email: str | None = None


class Counting:
    """Counts and lists people of an environment."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._sizes = Compiled(sizes)

    def count(self, environment: EnvironmentId, tree: Node, zone: tzinfo) -> Size:
        """Count those whom a tree means.

        Raises `InvalidSegmentError` for unknown segments inside, `AnalyticsBehindError` when the
        copy is being made, `QueryTimeoutError` when it takes too long.
        """
        found = self._ask(environment, tree, zone, self._sizes)
        [(size, everybody)] = found.rows
        return Size(size, everybody, found.as_of)

    def members(
        self,
        environment: EnvironmentId,
        tree: Node,
        zone: tzinfo,
        *,
        after: ProfileId,
        count: int,
    ) -> Members:
        """Give the next of those whom a tree means, by id; raises as `count` does."""
        page = partial(next_people, after=after, limit=count + 1)
        found = self._ask(environment, tree, zone, page)
        ids = [ProfileId(row[0]) for row in found.rows]
        more = len(ids) > count
        return Members(ids[:count], ids[count - 1] if more else None, found.as_of)

    def sample(
        self, environment: EnvironmentId, tree: Node, zone: tzinfo, *, size: int, seed: int
    ) -> Members:
        """Give some of those whom a tree means, by chance, the same for a seed; raises as `count` does."""
        some = partial(sampled_people, size=size, mixer=Mixer.of(seed))
        found = self._ask(environment, tree, zone, some)
        return Members([ProfileId(row[0]) for row in found.rows], None, found.as_of)

    def ids(
        self,
        environment: EnvironmentId,
        people: Node,
        event: Did | None,
        zone: tzinfo,
        take: Take[T],
    ) -> tuple[T, int | None]:
        """Hand over the ids of all whom a tree means, or the places of their events in the log.

        Gives what was made of them, and as of when they are. Raises as `count` does.
        """
        question = ids_of_people if event is None else partial(places_of_events, event)
        asked = self._prepare(environment, people, zone, question)
        return self._questions.list_ids(environment, *asked, take)

    def _ask(
        self,
        environment: EnvironmentId,
        tree: Node,
        zone: tzinfo,
        question: Callable[[Node, Scope], Query | None],
    ) -> Answer:
        asked = self._prepare(environment, tree, zone, question)
        return self._questions.ask(environment, *asked)

    def _prepare(
        self,
        environment: EnvironmentId,
        tree: Node,
        zone: tzinfo,
        question: Callable[[Node, Scope], Query | None],
    ) -> tuple[int, tzinfo, Build]:
        """Give a question as of now with the segments that are in it."""
        whole = expand_segments(self._questions.projection.store, environment, tree)
        return clock.now_ms() // 1_000, zone, lambda scope: question(whole, scope)


def show_members(
    projection: Projection, reader: Reader, wanted: Sequence[ProfileId], zone: tzinfo
) -> list[ProfileView]:
    """Show members as the record has them now; who is gone since is left out."""
    today = day_at(clock.now_ms() // 1_000, zone)
    with projection.store.snapshot() as tx:
        found = profile_store.load(tx, reader.environment, wanted)
        return reader.views(tx, [found[each] for each in wanted if each in found], today=today)


def brief_of(view: ProfileView) -> Brief:
    """Tell of a person in brief."""
    named = (value for kind, value in view.identities if kind is IdentityKind.IDENTITY)
    return Brief(
        view.object_id,
        next(named, None),
        "identified" if view.is_identified else "anonymous",
        _text(view.properties.get("Name")),
        _text(view.properties.get("Email")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
