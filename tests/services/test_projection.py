"""The analytics copy has what the record has, whatever happened to it (S-04, B-03)."""

import json
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from mien.analytics.catalog import Catalog, Columns, Kind
from mien.analytics.cells import json_cell
from mien.analytics.clickhouse_dialect import CLICKHOUSE, number_of
from mien.analytics.compile import question
from mien.analytics.duckdb import DuckDB
from mien.analytics.engine import Analytics
from mien.analytics.scope import Scope, column
from mien.analytics.step import Fill
from mien.domain.errors import AnalyticsUnavailableError
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.domain.values import day_of
from mien.services.erase import erase
from mien.services.merges import merge_people
from mien.services.projection import Projection
from mien.services.steps import StepReader, begin
from mien.store import feed
from mien.store import profiles as profile_store
from mien.store.engine import Store
from tests.support.uploading import NOON_MS, Desk, event, profile


@pytest.fixture
def projection(desk: Desk, analytics: Analytics) -> Projection:
    return Projection(desk.store, analytics)


def catch_up(projection: Projection, environment: EnvironmentId) -> Catalog:
    """Take all steps, and give what there is then."""
    while projection.advance(environment):
        pass
    return projection.fresh_catalog(environment, seconds=0)


def select(analytics: Analytics, sql: str) -> list[Any]:
    return analytics.query(sql, {}, seconds=10)


def values_of(row: Mapping[str, object], properties: Mapping[str, Columns]) -> dict[str, object]:
    """Put the values of a row together again, by name; a date is its day and its moment."""
    values: dict[str, object] = {}
    for name, columns in properties.items():
        found = {kind: row[columns.name(kind)] for kind in columns.kinds}
        held = {kind: value for kind, value in found.items() if value is not None}
        if not held:
            continue
        if Kind.DAY in held or Kind.MOMENT in held:
            values[name] = (held.get(Kind.DAY), held.get(Kind.MOMENT))
        else:
            (values[name],) = held.values()
    return values


def expected(value: object, analytics: Analytics) -> object:
    """Give a value as the engine holds it: a list in ClickHouse is JSON, a day a number."""
    if isinstance(value, list) and analytics.dialect is CLICKHOUSE:
        return compact(value)
    if not isinstance(value, str) or not value.startswith("$D_"):
        return value
    day = day_of(value)
    is_day = day is not None and value == f"$D_{day.isoformat().replace('-', '')}"
    held = number_of(day) if day is not None and analytics.dialect is CLICKHOUSE else day
    return held, None if is_day else int(value[3:])


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def assert_copied(store: Store, analytics: Analytics, catalog: Catalog) -> None:
    """Compare every profile and every event of the copy with the record."""
    of = catalog.schema
    cursor = analytics.query(f"SELECT * FROM {of}.profiles ORDER BY profile_id", {}, seconds=10)
    names = [row[0] for row in select(analytics, f"DESCRIBE {of}.profiles")]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    with store.read() as tx:
        people = profile_store.page(tx, catalog.environment, after=0, count=10_000)  # type: ignore[arg-type]
        events = feed.new_events(tx, catalog.environment, 0, 2**62)
    assert [row["profile_id"] for row in rows] == [each.id for each in people]
    for row, person in zip(rows, people, strict=True):
        wanted = {
            name: expected(value, analytics) for name, value in person.document.properties.items()
        }
        assert values_of(row, catalog.properties) == wanted
        count = f"SELECT count(*) FROM {of}.devices WHERE profile_id = {person.id}"
        assert select(analytics, count) == [(len(person.document.devices),)]
    for table in catalog.events.values():
        lines = events.get(table.definition, "").splitlines()  # type: ignore[call-overload]
        if lines:
            found = (
                f"SELECT sequence, profile_id, occurred_at FROM {of}.{table.name} ORDER BY sequence"
            )
            ids = sorted(tuple(map(int, line.split("\t")[:3])) for line in lines)
            assert select(analytics, found) == ids


async def test_each_type_has_its_column(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """U-11: nothing is lost or bent on the way; of mixed properties neither."""
    await desk.send(
        profile(
            "a", n=1, f=1.0, t="text", b=True, d="$D_-5", l=["x", 'y"\\'], m=1, DOB="$D_20000229"
        ),
        profile("b", n=2**63 - 1, f=-1e22, t="$", b=False, d="$D_99999999", l=["1"], m="1"),
        profile("c", n=-(2**63), f=2.5e-7, t='ü😀\n\t"\\', d="$D_999999999999", m=1.5),
        profile("d", m=False),
        profile("e", m=["z"]),
        profile("f", m="$D_20240230", **{"a/b": 1, "~": 2, "0": 3}),
        event("a", "Bought", price=1, items=["a", {"n": 0.1}, "b"], deep={"x": 1}),
        event("a", "Bought", price=2.5, items="none"),
    )
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    bought = catalog.events["bought"]
    price, items, deep = (bought.properties[name] for name in ("price", "items", "deep"))
    found = select(
        analytics,
        f"SELECT {price.name(Kind.INTEGER)}, {price.name(Kind.FLOAT)}, {items.name(Kind.JSON)}, "
        f"{items.name(Kind.TEXT)}, {deep.name(Kind.JSON)} FROM {catalog.schema}.{bought.name} "
        "ORDER BY sequence",
    )
    # ClickHouse has what is asked of lists: their texts, and the objects in them by type.
    several, one = (
        ('[["a","b"],[{"/n":{"f":0.1}}]]', '[[],[{"/x":{"i":1}}]]')
        if analytics.dialect is CLICKHOUSE
        else ('["a",{"n":0.1},"b"]', '{"x":1}')
    )
    assert found == [(1, None, several, None, one), (None, 2.5, None, "none", None)]


async def test_what_is_told_of_the_session_of_an_event_comes_with_it(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """G-11: filters of the session need it."""
    told = {"utm_source": 'a"\t', "session_id": 7}
    await desk.send({**event("a", "E"), "sessionData": told}, event("a", "E"))
    catalog = catch_up(projection, desk.environment)
    parts = ("utm_source", Kind.TEXT), ("session_id", Kind.INTEGER)
    scope = Scope(catalog, analytics.dialect, 0, UTC)
    read = [json_cell(column("session", "e"), name, scope).kinds[kind] for name, kind in parts]
    asked = exp.select(*read).from_(scope.table(catalog.events["e"].name, "e"))
    asked = asked.order_by(column("sequence", "e"))
    query = question(asked, scope)
    found = analytics.query(query.sql, query.values, seconds=10)
    assert found == [(told["utm_source"], told["session_id"]), (None, None)]


async def test_what_is_written_twice_or_removed_is_so_in_the_copy(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    await desk.send(profile("a", x=1, y="1"), profile("b", x=2))
    assert_copied(desk.store, analytics, catch_up(projection, desk.environment))
    await desk.send(profile("a", x={"$delete": 1}, y=3), profile("c", z=True), event("b", "E"))
    assert_copied(desk.store, analytics, catch_up(projection, desk.environment))


async def test_who_is_merged_is_one_and_events_stay_with_their_sender(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """P-07: the part is shown as its root."""
    await desk.send(
        {"type": "profile", "FBID": "f", "profileData": {"x": 1}},
        {"type": "event", "FBID": "f", "evtName": "E"},
        profile("a", x=2),
    )
    part, root = desk.get("f", IdentityKind.FBID).id, desk.get("a").id
    catch_up(projection, desk.environment)
    await desk.send({"type": "profile", "identity": "a", "FBID": "f", "profileData": {"y": 1}})
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert catalog.has_merged
    shown = desk.get("a").id
    other = ({part, root} - {shown}).pop()
    assert select(analytics, f"SELECT profile_id, root_id FROM {catalog.schema}.merged") == [
        (other, shown)
    ]


async def test_an_erased_person_is_gone_from_the_copy(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """P-15."""
    await desk.send(profile("a", x="secret"), event("a", "E", y="secret"), event("b", "E"))
    catch_up(projection, desk.environment)
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "a"))
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert len(select(analytics, f"SELECT * FROM {catalog.schema}.profiles")) == 1


async def test_a_blocked_address_blocks_all_who_share_it(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """U-13."""
    await desk.send(profile("a", Email="S@example.com"), profile("b", Email="s@example.com"))
    assert not catch_up(projection, desk.environment).has_blocks
    await desk.send(profile("a", **{"MSG-dndEmail": True}))
    catalog = catch_up(projection, desk.environment)
    assert catalog.has_blocks
    both = [(desk.get("a").id, 1), (desk.get("b").id, 1)]
    assert select(analytics, f"SELECT * FROM {catalog.schema}.blocks ORDER BY 1") == both
    await desk.send(profile("b", **{"MSG-dndEmail": False}))
    assert not catch_up(projection, desk.environment).has_blocks


# S-04
async def test_who_leaves_an_address_after_unblocking_it_leaves_it_unblocked(
    desk: Desk, analytics: Analytics
) -> None:
    projection = Projection(desk.store, analytics)
    await desk.send(profile("a", Email="s@example.com", **{"MSG-dndEmail": True}))
    await desk.send(profile("b", Email="s@example.com"))
    assert catch_up(projection, desk.environment).has_blocks
    # Both come in one step, when nobody has the address any more who spoke of it.
    await desk.send(profile("a", **{"MSG-dndEmail": False}))
    await desk.send(profile("a", Email="t@example.com"))
    assert not catch_up(projection, desk.environment).has_blocks


# P-15, U-13
async def test_who_unblocks_an_address_and_is_erased_leaves_it_unblocked_for_others(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """Nothing that the log still has tells of it by then."""
    await desk.send(profile("a", Email="s@example.com", **{"MSG-dndEmail": True}))
    await desk.send(profile("b", Email="s@example.com"))
    assert catch_up(projection, desk.environment).has_blocks
    await desk.send(profile("a", **{"MSG-dndEmail": False}))
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "a"))
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert not catalog.has_blocks
    # The other way round: who blocked it is gone, and it is blocked.
    await desk.send(profile("c", Phone="+14155551234"), profile("d", Phone="+14155551234"))
    catch_up(projection, desk.environment)
    await desk.send(profile("c", **{"MSG-dndWhatsApp": True}))
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "c"))
    catalog = catch_up(projection, desk.environment)
    assert select(analytics, f"SELECT * FROM {catalog.schema}.blocks") == [(desk.get("d").id, 3)]


async def test_properties_beyond_the_columns_are_in_rest(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    for start in range(0, 600, 200):
        await desk.send(
            event("a", "Wide", **{f"p{n}": n for n in range(start, start + 200)}), at_ms=NOON_MS
        )
    catalog = catch_up(projection, desk.environment)
    wide = catalog.events["wide"]
    assert sum(each.in_rest for each in wide.properties.values()) == 100
    rest = select(analytics, f"SELECT rest FROM {catalog.schema}.{wide.name} ORDER BY sequence")
    if analytics.dialect is CLICKHOUSE:
        assert rest[2][0]["/p500"]["i"] == 500
    else:
        assert rest[2][0].startswith('{"p400":400')


async def test_it_goes_on_where_it_ended(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "again.duckdb"
    for turn in range(3):
        analytics = DuckDB(path, memory_mb=200)
        projection = Projection(desk.store, analytics)
        await desk.send(
            profile(f"p{turn}", n=turn), profile("p0", turn=str(turn)), event("p0", "E")
        )
        assert_copied(desk.store, analytics, catch_up(projection, desk.environment))
        analytics.close()


async def test_a_step_that_is_another_process_s_by_now_is_not_written(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    await desk.send(profile("a"))
    catch_up(projection, desk.environment)
    place = analytics.position(desk.environment)
    await desk.send(profile("b"))
    projection.may_write = lambda: False
    with pytest.raises(AnalyticsUnavailableError, match="Another process writes"):
        projection.advance(desk.environment)
    assert analytics.position(desk.environment) == place
    projection.may_write = lambda: True
    catch_up(projection, desk.environment)
    assert analytics.position(desk.environment) > place


# S-04, P-07
async def test_what_comes_for_a_part_of_somebody_changes_whom_it_is_shown_as(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    """The log names the part; the copy has the whole, and who shares an address with it."""
    shared: dict[str, object] = {"Email": "s@example.com"}
    await desk.send(profile("a", plan=1), profile("b", plan=2, **shared), profile("c", **shared))
    ids = [Identity(IdentityKind.IDENTITY, name) for name in "ab"]
    merge_people(desk.store, desk.environment, *ids, source="api:1")
    catch_up(projection, desk.environment)
    await desk.send(profile("b", plan=3, **{"MSG-dndEmail": True}))
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    blocked = select(analytics, f"SELECT profile_id FROM {catalog.schema}.blocks")
    assert sorted(blocked) == [(desk.get("a").id,), (desk.get("c").id,)]


async def make_history(desk: Desk, names: str, *, turns: int) -> None:
    """Let people come who are changed again and again, and each do something once."""
    for turn in range(turns):
        await desk.send(*(profile(name, turn=turn) for name in names))
    await desk.send(*(event(name, "E") for name in names))


async def test_a_new_copy_costs_the_people_there_are_and_not_their_history(
    desk: Desk, analytics: Analytics
) -> None:
    await make_history(desk, "abcde", turns=8)
    await desk.send(profile("a", Email="s@example.com", **{"MSG-dndEmail": True}))
    await desk.send({"type": "profile", "FBID": "f", "profileData": {"x": 1}})
    await desk.send({"type": "profile", "identity": "a", "FBID": "f", "profileData": {"y": 1}})
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "b"))
    projection = Projection(desk.store, analytics, size=3)
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert (catalog.has_merged, catalog.has_blocks) == (True, True)
    # Four people; the last of them come with the first events, and others follow.
    assert projection.steps == 3
    await desk.send(profile("c", turn="last"), profile("new"), event("d", "E"))
    assert_copied(desk.store, analytics, catch_up(projection, desk.environment))


@pytest.mark.parametrize("is_filled", [False, True])
async def test_a_step_holds_no_more_of_large_documents_than_it_may(
    desk: Desk, *, is_filled: bool
) -> None:
    """Memory would end: people with hundreds of properties are a thousand times as large as others."""
    names = [f"p{n}" for n in range(7)]
    await desk.send(*(profile(name, text="x" * 400) for name in names))
    await desk.send(*(event(name, "E", text="x" * 200) for name in names))
    whole = begin(desk.store, desk.environment)
    place, fill = 0, whole if is_filled else Fill()
    people: list[int] = []
    events = 0
    while place < whole.at:
        with desk.store.snapshot() as tx:
            reader = StepReader(tx, desk.environment, whole.at, room=1_200)
            step = reader.read(place, fill)
        assert len(step.profiles.encode()) < 1_300
        of_events = [line for lines in step.events.values() for line in lines.split("\n")]
        assert sum(map(len, of_events)) < 1_300
        people += [int(line.partition("\t")[0]) for line in step.profiles.split("\n") if line]
        events += len(of_events)
        place, fill = step.upto, step.fill
    assert people == sorted(desk.get(name).id for name in names)
    assert events == len(names)


@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_what_becomes_of_people_while_a_new_copy_is_filled_is_in_it(
    desk: Desk, analytics: Analytics, taken: int
) -> None:
    """P-15: who was copied and is erased then is gone, also when the filling is cut off and goes on."""
    await make_history(desk, "abcdef", turns=3)
    projection = Projection(desk.store, analytics, size=2)
    projection.open(desk.environment)
    for _ in range(taken):
        assert projection.advance(desk.environment)
    # Three steps have all people, and the last of them the first events.
    assert (projection.state(desk.environment).place == 0) is (taken < 3)
    begun = analytics.filled(desk.environment)
    assert begun is not None
    assert begun.is_whole is (taken == 3)
    for name in "ac":
        erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    await desk.send(profile("b", turn="since"), profile("d", turn="since"), profile("new"))
    await desk.send({"type": "profile", "identity": "b", "FBID": "f", "profileData": {}})
    again = Projection(desk.store, analytics, size=2)
    catalog = catch_up(again, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert len(select(analytics, f"SELECT * FROM {catalog.schema}.profiles")) == 5
    whole = analytics.filled(desk.environment)
    assert whole is not None
    # Nothing was begun again, and nothing of what was before is read.
    assert (whole.at, whole.after) == (begun.at, begun.last)
