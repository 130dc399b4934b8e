"""Random people in a real analytics file, by the writer of the projection itself."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from zoneinfo import ZoneInfo

import msgspec

from mien.analytics.catalog import Catalog, Columns, EventTable
from mien.analytics.clickhouse import ClickHouse
from mien.analytics.columns import make_catalog
from mien.analytics.compile import Query, compile_tree
from mien.analytics.engine import Analytics
from mien.analytics.step import Step
from mien.domain.english import describe
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.preferences import subscription_keys
from mien.domain.schema import Definition, DefinitionKind, widen
from mien.domain.segments import Node
from mien.domain.values import ValueType, type_of
from mien.store.feed import FIELD, LINE

_environments = count(1)

PART = 2**41
"""The first id of profiles that were merged into those of people, which have lower ones."""


def load(
    analytics: Analytics,
    environment: EnvironmentId,
    people: Sequence[Person],
    *,
    in_rest: Iterable[str] = (),
    is_merged: bool = False,
) -> Catalog:
    """Write people as the projection does, and give what there is then.

    Properties `in_rest` have no columns. With `is_merged` every other event of a person came
    with a profile that was merged into the person's later.
    """
    catalog = _without_columns(make_catalog(environment, _definitions(people)), set(in_rest))
    catalog = msgspec.structs.replace(catalog, within=analytics.within)
    merged = [(PART + int(each.profile), int(each.profile)) for each in people] if is_merged else []
    blocks = [
        (int(each.profile), int(key[0]))
        for each in people
        for key in subscription_keys(each.document.properties)
        if each.states.get(key)
    ]
    step = Step(
        max(1, sum(len(each.events) for each in people)),
        [each.profile for each in people],
        profiles=LINE.join(
            _line(each.profile, each.created_at, msgspec.json.encode(each.document).decode())
            for each in people
        ),
        merged=merged,
        blocks=blocks,
        events=_event_lines(people, catalog, is_merged=is_merged),
    )
    analytics.apply(catalog, step)
    return msgspec.structs.replace(catalog, has_merged=bool(merged), has_blocks=bool(blocks))


def _line(*fields: object) -> str:
    return FIELD.join(map(str, fields))


def _event_lines(
    people: Sequence[Person], catalog: Catalog, *, is_merged: bool
) -> Mapping[EventNameId, str]:
    lines: dict[EventNameId, list[str]] = {}
    sequence = count(1)
    for person in people:
        for place, event in enumerate(person.events):
            table = catalog.events[event_key(event.name)]
            came_with = int(person.profile) + (PART if is_merged and place % 2 else 0)
            body = msgspec.json.encode(event.properties).decode()
            session = msgspec.json.encode(event.session).decode() if event.session else ""
            lines.setdefault(EventNameId(table.definition), []).append(
                _line(next(sequence), came_with, event.at, body, session)
            )
    return {name: LINE.join(of_name) for name, of_name in lines.items()}


def _without_columns(catalog: Catalog, names: set[str]) -> Catalog:
    def moved(properties: Mapping[str, Columns]) -> dict[str, Columns]:
        return {
            name: Columns(each.definition, in_rest=True) if name in names else each
            for name, each in properties.items()
        }

    events = {
        key: EventTable(table.definition, moved(table.properties))
        for key, table in catalog.events.items()
    }
    return msgspec.structs.replace(catalog, properties=moved(catalog.properties), events=events)


def _definitions(people: Sequence[Person]) -> Iterator[Definition]:
    """Give the definitions that the values of people make."""
    numbers = count(1)
    of_profiles = [each.document.properties for each in people]
    yield from _of_properties(of_profiles, DefinitionKind.PROPERTY, 0, numbers)
    events: dict[str, list[Occurrence]] = {}
    for person in people:
        for event in person.events:
            events.setdefault(event_key(event.name), []).append(event)
    for key, several in events.items():
        name = Definition(next(numbers), DefinitionKind.EVENT, 0, key, several[0].name, None, 0, "")
        yield name
        bodies = [event.properties for event in several]
        yield from _of_properties(bodies, DefinitionKind.EVENT_PROPERTY, name.id, numbers)


def _of_properties(
    bodies: Iterable[Mapping[str, object]],
    kind: DefinitionKind,
    parent: int,
    numbers: Iterator[int],
) -> Iterator[Definition]:
    seen: dict[str, Counter[ValueType]] = {}
    for body in bodies:
        for name, value in body.items():
            seen.setdefault(name, Counter())[type_of(value)] += 1
    for name, types in seen.items():
        known, _ = widen(None, types)
        yield Definition(next(numbers), kind, parent, name, name, known, 0, "")


def new_environment() -> EnvironmentId:
    """Give an environment that is not there yet."""
    return EnvironmentId(next(_environments))


def drop(analytics: Analytics, catalog: Catalog) -> None:
    """Remove an environment."""
    if isinstance(analytics, ClickHouse):
        analytics._connection.command(f"DROP DATABASE {catalog.schema} SYNC")
    else:
        analytics.query(f"DROP SCHEMA {catalog.schema} CASCADE", {}, seconds=30)


def members(analytics: Analytics, query: Query) -> list[ProfileId]:
    """Ask who is selected, in order."""
    rows = analytics.query(query.sql, query.values, seconds=30)
    return sorted(ProfileId(row[0]) for row in rows)


def assert_agree(
    analytics: Analytics,
    catalog: Catalog,
    tree: Node,
    crowd: Sequence[Person],
    now: int,
    zone: ZoneInfo,
) -> list[ProfileId]:
    """Compare who is in a segment by SQL with who is by `matches`, and give them."""
    query = compile_tree(tree, catalog, now, zone, dialect=analytics.dialect)
    expected = sorted(each.profile for each in crowd if matches(tree, each, now, zone))
    found = members(analytics, query)
    assert found == expected, f"{describe(tree)}\n{tree}\n{query.sql}\n{query.values}"
    return found
