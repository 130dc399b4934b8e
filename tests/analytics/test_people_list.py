"""People in order: every page by SQL has those whom the rules of the domain put there (D-03)."""

import string
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mien.analytics.catalog import Catalog
from mien.analytics.engine import Analytics
from mien.analytics.people_list import Order, Place, SortBy, people_in_order
from mien.analytics.scope import Scope
from mien.analytics.step import Step
from mien.domain.documents import Document
from mien.domain.identities import IdentityKind
from mien.domain.ids import EventNameId, ProfileId
from mien.domain.matching import Occurrence, Person, derived, matches
from mien.domain.names import beginnings, key_of_name
from mien.domain.segments import All, Disabled, Node, Not
from tests.analytics.loading import drop, load, new_environment
from tests.domain.crowd import MOMENT, ZONES, people

on_one_copy = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
on_clickhouse = settings(on_one_copy, max_examples=8)

ZONE = ZONES[0]
NAMES = [
    "Ana Silva",
    "ána",
    "Anna-Maria O'Hara",
    "Élise",
    "Bo",
    "bo",
    "李",
    " ",
    "Zoë %_",
    "A" * 99,
]


@st.composite
def named(draw: st.DrawFn) -> Person:
    """Give a person who may have a name and ids."""
    person = draw(people())
    name = draw(st.none() | st.sampled_from(NAMES))
    ids = draw(st.lists(st.sampled_from(["a", "B", "ü", "'; --"]), max_size=2, unique=True))
    document = msgspec.structs.replace(
        person.document,
        properties={**person.document.properties, **({} if name is None else {"Name": name})},
        identities=[(IdentityKind.IDENTITY, each) for each in ids],
    )
    return msgspec.structs.replace(person, document=document)


crowds = st.lists(named(), min_size=1, max_size=12, unique_by=lambda person: person.profile)
orders = st.builds(Order, st.sampled_from(SortBy), st.booleans())


def value_of(person: Person, by: SortBy) -> str | int | None:
    """Give what a person is sorted by, by the rules of the domain."""
    match by:
        case SortBy.NAME:
            return key_of_name(str(person.document.properties.get("Name", "")))
        case SortBy.ID:
            ids = person.document.identities
            return ids[0][1] if ids else None
        case SortBy.LAST_SEEN | SortBy.FIRST_SEEN:
            name = "Last Seen" if by is SortBy.LAST_SEEN else "First Seen"
            return int(str(derived(name, person, MOMENT, ZONE)).removeprefix("$D_"))


def in_order(crowd: Sequence[Person], order: Order) -> list[ProfileId]:
    """Sort people; who has no value comes last, also by id."""

    def key(person: Person) -> tuple[bytes | int, int]:
        value = value_of(person, order.by)
        return (value.encode() if isinstance(value, str) else value or 0), person.profile

    known = [each for each in crowd if value_of(each, order.by) is not None]
    others = [each for each in crowd if value_of(each, order.by) is None]
    sorted_ = [*sorted(known, key=key, reverse=order.is_descending)]
    return [
        each.profile
        for each in (
            *sorted_,
            *sorted(others, key=lambda person: person.profile, reverse=order.is_descending),
        )
    ]


def pages(
    analytics: Analytics, catalog: Catalog, tree: Node, words: list[str], order: Order, size: int
) -> list[ProfileId]:
    """Read all pages."""
    found: list[ProfileId] = []
    after: Place | None = None
    while True:
        scope = Scope(catalog, analytics.dialect, MOMENT, ZONE)
        query = people_in_order(tree, words, order, after, size, scope)
        rows = analytics.query(query.sql, query.values, seconds=30)
        found += [ProfileId(row[0]) for row in rows]
        if len(rows) < size:
            return found
        after = Place(rows[-1][1], rows[-1][0])


in_pages = given(crowd=crowds, order=orders, size=st.integers(1, 4), is_merged=st.booleans())


def check_pages(
    analytics: Analytics, *, crowd: list[Person], order: Order, size: int, is_merged: bool
) -> None:
    catalog = load(analytics, new_environment(), crowd, is_merged=is_merged)
    analytics.gather(catalog)
    assert pages(analytics, catalog, All(()), [], order, size) == in_order(crowd, order)
    for tree in (Disabled(), Not(Disabled())):
        those = [each for each in crowd if matches(tree, each, MOMENT, ZONE)]
        assert pages(analytics, catalog, tree, [], order, size) == in_order(those, order)
    drop(analytics, catalog)


# D-03
@on_one_copy
@in_pages
def test_pages_of_duckdb_have_everybody_in_order_and_nobody_twice(
    duckdb: Analytics, **drawn: Any
) -> None:
    check_pages(duckdb, **drawn)


# D-03
@on_clickhouse
@in_pages
def test_pages_of_clickhouse_have_everybody_in_order_and_nobody_twice(
    clickhouse: Analytics, **drawn: Any
) -> None:
    check_pages(clickhouse, **drawn)


looks = given(crowd=crowds, text=st.text(string.ascii_letters + " '-%_éÉü\\李", max_size=6))


def check_names(analytics: Analytics, *, crowd: list[Person], text: str) -> None:
    words = beginnings(text)
    catalog = load(analytics, new_environment(), crowd)
    keys = {each.profile: str(value_of(each, SortBy.NAME) or "") for each in crowd}
    those = [each for each in crowd if all(word in keys[each.profile] for word in words)]
    order = Order(SortBy.NAME, is_descending=False)
    assert pages(analytics, catalog, All(()), words, order, 3) == in_order(those, order)
    drop(analytics, catalog)


# D-02
@on_one_copy
@looks
def test_duckdb_finds_those_whose_words_begin_so(duckdb: Analytics, **drawn: Any) -> None:
    check_names(duckdb, **drawn)


# D-02
@on_clickhouse
@looks
def test_clickhouse_finds_those_whose_words_begin_so(clickhouse: Analytics, **drawn: Any) -> None:
    check_names(clickhouse, **drawn)


@settings(on_one_copy, max_examples=300)
@given(st.text(st.characters(max_codepoint=0x4FF) | st.sampled_from("李가\u2019"), max_size=12))
@example("A\0na")
def test_duckdb_makes_the_key_of_a_name_as_the_domain_does(duckdb: Analytics, name: str) -> None:
    [(made,)] = duckdb.query("SELECT name_key($name)", {"name": name}, seconds=5)
    assert made == key_of_name(name)


BO = Person(ProfileId(7), Document(0), (MOMENT - 500) * 1_000, [Occurrence("Left", MOMENT - 300)])
SEEN_LAST = Order(SortBy.LAST_SEEN, is_descending=True)


def seen(analytics: Analytics, catalog: Catalog, by: SortBy = SortBy.LAST_SEEN) -> list[int]:
    """Give when people were seen, the latest first."""
    query = people_in_order(
        All(()), [], Order(by), None, 9, Scope(catalog, analytics.dialect, MOMENT, ZONE)
    )
    return [row[1] - MOMENT for row in analytics.query(query.sql, query.values, seconds=5)]


# D-03
def test_what_came_since_is_in_the_next_gathering(analytics: Analytics) -> None:
    environment = new_environment()
    catalog = load(analytics, environment, [BO])
    assert analytics.gathered(environment) == 0
    assert seen(analytics, catalog) == [-500]
    analytics.gather(catalog)
    assert (analytics.gathered(environment), seen(analytics, catalog)) == (1, [-300])
    (table,) = catalog.events.values()
    late = f"8\t7\t{MOMENT - 900}\t{{}}\t\n9\t7\t{MOMENT - 100}\t{{}}\t"
    analytics.apply(catalog, Step(9, events={EventNameId(table.definition): late}))
    assert seen(analytics, catalog) == [-300]
    for _ in range(2):
        analytics.gather(catalog)
        assert (analytics.gathered(environment), seen(analytics, catalog)) == (9, [-100])
        assert seen(analytics, catalog, SortBy.FIRST_SEEN) == [-900]
    drop(analytics, catalog)


# D-03, P-15
def test_of_who_is_erased_nothing_is_kept_among_the_gathered(analytics: Analytics) -> None:
    catalog = load(analytics, new_environment(), [BO])
    analytics.gather(catalog)
    analytics.apply(catalog, Step(2, [BO.profile], [BO.profile]))
    analytics.gather(catalog)
    for table in ("seen", "sights"):
        assert analytics.query(f"SELECT * FROM {catalog.schema}.{table}", {}, seconds=5) == []
    drop(analytics, catalog)
