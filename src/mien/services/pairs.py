"""Merges and suggested merges with the people whom they are about, as screens show them (B-01)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from mien.domain.identities import Identity
from mien.domain.ids import ProfileId
from mien.services.history import name_actors
from mien.services.merges import list_suggestions, stand_as_shown
from mien.services.reading import ProfileView, Reader, find_in
from mien.services.trails import chains_of
from mien.store import merges, people
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction
from mien.store.merges import MergeRow
from mien.store.people import MergeSuggestion


class Pair(msgspec.Struct, frozen=True):
    """A suggested merge of two profiles, and the name of who sent the record that named both."""

    suggestion: MergeSuggestion
    one: ProfileView
    other: ProfileView
    actor: str


class Made(msgspec.Struct, frozen=True):
    """A merge, in force or undone, with the profile that shows what it made.

    `shown` is None once its people are gone; `actor` and `undone_by` are names.
    """

    row: MergeRow
    shown: ProfileView | None
    actor: str
    undone_by: str


class Ties(msgspec.Struct, frozen=True):
    """With whom a person may be one, and of which merges they are made, newest first."""

    pairs: Sequence[Pair] = ()
    made: Sequence[Made] = ()


def suggestion_page(
    store: Store, reader: Reader, *, after: tuple[int, int], today: date, count: int
) -> tuple[list[Pair], tuple[int, int] | None]:
    """Give suggested merges after a pair of profiles, and after which pair to go on."""
    found, rest = list_suggestions(store, reader.environment, after=after, count=count)
    with store.read() as tx:
        return _pairs(tx, reader, found, today), rest


def made_page(
    store: Store, reader: Reader, *, before: int, today: date, count: int
) -> tuple[list[Made], int | None]:
    """Give merges before a number, newest first, and before which to go on."""
    with store.read() as tx:
        found = merges.page(tx, reader.environment, before=before, count=count)
        made = _made(tx, reader, found, today)
    return made, found[-1].id if len(found) == count else None


def find_ties(store: Store, reader: Reader, identity: Identity, *, today: date) -> Ties:
    """Give what ties a person to others; nothing if they are gone."""
    environment = reader.environment
    with store.read() as tx:
        profile = find_in(tx, environment, identity)
        if profile is None:
            return Ties()
        parts = [chain.id for chain in chains_of(tx, environment, profile)]
        found = stand_as_shown(tx, environment, people.suggestions_of(tx, environment, parts))
        rows = merges.standing(tx, environment, profile.id) if profile.is_merged else []
        return Ties(_pairs(tx, reader, found, today), _made(tx, reader, rows, today))


def _pairs(
    tx: Transaction, reader: Reader, found: Sequence[MergeSuggestion], today: date
) -> list[Pair]:
    views = _views(tx, reader, (each for row in found for each in _both(row)), today)
    actors = name_actors(tx, reader.environment, {each.source for each in found})
    return [
        Pair(each, views[each.profile], views[each.other], actors.get(each.source, each.source))
        for each in found
        if each.profile in views and each.other in views
    ]


def _made(tx: Transaction, reader: Reader, found: Sequence[MergeRow], today: date) -> list[Made]:
    views = _views(tx, reader, (each.root for each in found), today)
    sources = {each for row in found for each in (row.source, row.undone_by) if each}
    actors = name_actors(tx, reader.environment, sources)
    return [
        Made(
            each,
            views.get(each.root),
            actors.get(each.source, each.source),
            actors.get(each.undone_by or "", each.undone_by or ""),
        )
        for each in found
    ]


def _both(suggestion: MergeSuggestion) -> tuple[ProfileId, ProfileId]:
    return suggestion.profile, suggestion.other


def _views(
    tx: Transaction, reader: Reader, wanted: Iterable[ProfileId], today: date
) -> Mapping[ProfileId, ProfileView]:
    found = profile_store.load(tx, reader.environment, sorted(set(wanted)))
    profiles = list(found.values())
    views = reader.views(tx, profiles, today=today)
    return {profile.id: view for profile, view in zip(profiles, views, strict=True)}
