"""The analytics copy has what the record has, whatever happened to it (S-04, B-03)."""

from datetime import UTC
from pathlib import Path

import pytest
from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import json_cell
from mien.analytics.clickhouse_dialect import CLICKHOUSE
from mien.analytics.compile import question
from mien.analytics.duckdb import DuckDB
from mien.analytics.engine import Analytics
from mien.analytics.scope import Scope, column
from mien.domain.errors import AnalyticsUnavailableError
from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.merges import merge_people
from mien.services.projection import Projection
from tests.support.copied import assert_copied, catch_up, select
from tests.support.merging import join, undo
from tests.support.uploading import NOON_MS, Desk, event, profile


@pytest.fixture
def projection(desk: Desk, analytics: Analytics) -> Projection:
    return Projection(desk.store, analytics)


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


# P-07, P-15, U-11
async def test_whatever_comes_within_one_step_is_copied_as_it_is_at_its_end(
    desk: Desk, projection: Projection, analytics: Analytics
) -> None:
    await desk.send(
        *(profile(name, n=1) for name in "abcd"), *(event(name, "E") for name in "abcd")
    )
    catch_up(projection, desk.environment)
    ids = {name: desk.get(name).id for name in "abcd"}
    steps = projection.steps
    # Merged and undone; merged and erased together; erased alone; merged for good.
    undo(desk, join(desk, "a", "b").merge)
    join(desk, "c", "d")
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "c"))
    await desk.send(profile("e", n="text"), event("e", "E", n=1), event("e", "E", n=[1]))
    undo(desk, join(desk, "b", "e").merge)
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "e"))
    join(desk, "a", "b")
    # Each type that a value can have, and a name that comes with more properties than have columns.
    for value in (2, "text", 1.5, True, ["x"], "$D_20200229"):
        await desk.send(profile("a", n=value), event("a", "E", n=value))
    for start in range(0, 600, 200):
        await desk.send(event("a", "Wide", **{f"p{n}": n for n in range(start, start + 200)}))
    catalog = catch_up(projection, desk.environment)
    assert projection.steps == steps + 1
    assert_copied(desk.store, analytics, catalog)
    of = catalog.schema
    assert select(analytics, f"SELECT profile_id, root_id FROM {of}.merged") == [
        (ids["b"], ids["a"])
    ]
    sights = f"SELECT DISTINCT profile_id FROM {of}.sights ORDER BY profile_id"
    assert select(analytics, sights) == [(ids["a"],), (ids["b"],)]
    wide = catalog.events["wide"]
    first, last = wide.properties["p0"], wide.properties["p599"]
    assert (first.in_rest, last.in_rest) == (False, True)
    asked = f"SELECT {first.name(Kind.INTEGER)} FROM {of}.{wide.name} ORDER BY sequence"
    assert select(analytics, asked) == [(0,), (None,), (None,)]
