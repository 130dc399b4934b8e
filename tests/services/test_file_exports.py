"""Exports to files: each matching person once, in every format, whatever happens meanwhile (G-07, P-15)."""

import asyncio
import csv
import io
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import duckdb
import pytest
from msgspec.structs import replace

from mien.analytics.clickhouse import ClickHouse
from mien.analytics.duckdb import DuckDB
from mien.analytics.engine import Analytics
from mien.domain.errors import InvalidInputError, LimitExceededError, NotFoundError
from mien.domain.exports import ExportState, Format
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Did, Node
from mien.services import file_exports
from mien.services.counting import Counting
from mien.services.erase import ErasureReceipt, erase, erase_within
from mien.services.export_folder import ExportFolder, NoRoomForExportsError
from mien.services.export_writing import Pace
from mien.services.file_exports import (
    Export,
    ExportNotReadyError,
    FileExports,
    NoExportFileError,
    Wanted,
)
from mien.services.merges import undo_merge
from mien.services.projection import Projection
from mien.services.questions import Questions, Take
from mien.store import export_pages
from mien.store import file_exports as kept
from tests.support.copies import clickhouse_url
from tests.support.uploading import NOON_MS, Desk, event, new_environment, profile

T = TypeVar("T")

UTC = ZoneInfo("UTC")
PEOPLE = Wanted(Format.JSONL)


class Office:
    """Exports one environment into a folder, with nobody but the test to write the files."""

    def __init__(self, desk: Desk, data: Path, analytics: Analytics, *, room_mb: int = 0) -> None:
        """Make one; a step writes two rows."""
        self.desk, self.environment = desk, desk.environment
        self.projection = Projection(desk.store, analytics)
        questions = Questions(self.projection, fresh_seconds=0.01, query_seconds=10)
        self.exports = FileExports(
            desk.store, Counting(questions), data, room_mb=room_mb, pace=Pace(2, 0.0)
        )

    def start(self, wanted: Wanted = PEOPLE) -> Export:
        while self.projection.advance(self.environment):
            pass
        return self.exports.start(self.environment, wanted, UTC, source="v1:1")

    def finish(self, export: Export) -> Export:
        """Let it be written to its end."""
        while self.state(export) is ExportState.WRITING:
            assert self.exports.writer.advance()
        return self.exports.get(self.environment, export.stored.export_id)

    def state(self, export: Export) -> ExportState:
        return self.exports.get(self.environment, export.stored.export_id).state

    def read(self, export: Export) -> bytes:
        return self.exports.open(self.environment, export.stored.export_id).path.read_bytes()

    def rows(self, wanted: Wanted = PEOPLE) -> list[dict[str, object]]:
        """Export lines of JSON, and read them."""
        return lines(self.read(self.finish(self.start(wanted))))


def lines(body: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in body.splitlines()]


def names(rows: list[dict[str, object]]) -> list[object]:
    return [each["distinct_id"] for each in rows]


@pytest.fixture
def analytics(tmp_path: Path) -> Iterator[DuckDB]:
    opened = DuckDB(tmp_path / "analytics.duckdb", memory_mb=200)
    yield opened
    opened.close()


@pytest.fixture
def office(desk: Desk, tmp_path: Path, analytics: DuckDB) -> Iterator[Office]:
    opened = Office(desk, tmp_path, analytics)
    yield opened
    for each in opened.exports.list(desk.environment):
        opened.exports.delete(desk.environment, each.stored.export_id)


def erase_person(desk: Desk, name: str) -> ErasureReceipt:
    receipt = erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    assert receipt is not None
    return receipt


MIXED = {
    "Plan": "Gold",
    "plan": 3,
    "big": 2**62 + 1,
    "half": 0.5,
    "is": True,
    "born": "$D_19900501",
    "at": "$D_1700000000",
    "far": "$D_999999999999",
    "tags": ["a", "b,\n"],
    "\u202eevil \u00e9\U0001f600": "=1+1",
    "SELECT 1--": "x",
}


HEAD = ["object_id", "distinct_id", "identities", "type", "age", "created_at"]


@pytest.fixture
async def three(desk: Desk) -> None:
    """Give three people with values of every type."""
    await desk.send(
        profile("ana", **MIXED, mixed="a"),
        profile("bo", mixed=5, half=7),
        profile("cy", mixed=["x"], Plan=""),
    )


@pytest.mark.usefixtures("three")
def test_lines_of_json_have_values_as_they_went_in(office: Office) -> None:
    """U-11."""
    rows = office.rows()
    assert names(rows) == ["ana", "bo", "cy"]
    assert rows[0]["properties"] == {**MIXED, "mixed": "a"}
    assert rows[0]["identities"] == ["identity:ana"]
    assert rows[1]["properties"] == {"mixed": 5, "half": 7}


@pytest.mark.usefixtures("three")
def test_csv_is_read_back(office: Office) -> None:
    body = office.read(office.finish(office.start(Wanted(Format.CSV)))).decode()
    table = list(csv.DictReader(io.StringIO(body, newline="")))
    assert list(table[0])[:6] == HEAD
    assert table[0]["far"] == "33658-09-27T01:46:39Z"
    assert table[0]["tags"] == '["a","b,\\n"]'
    assert table[0]["\u202eevil \u00e9\U0001f600"] == "'=1+1"
    assert [each["mixed"] for each in table] == ["a", "5", '["x"]']
    assert (table[0]["Plan"], table[0]["plan 2"]) == ("Gold", "3")


@pytest.mark.usefixtures("three")
def test_parquet_has_types_by_definition_and_several_are_text(desk: Desk, office: Office) -> None:
    made = office.finish(office.start(Wanted(Format.PARQUET)))
    path = office.exports.open(desk.environment, made.stored.export_id).path
    with duckdb.connect() as reader:
        found = reader.read_parquet(str(path))
        types = dict(zip(found.columns, map(str, found.types), strict=True))
        values = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert list(types)[:6] == HEAD
    kinds = ("Plan", "plan 2", "big", "half", "is", "born", "far", "tags", "mixed", "age")
    assert " ".join(types[each] for each in kinds) == (
        "VARCHAR BIGINT BIGINT DOUBLE BOOLEAN TIMESTAMP TIMESTAMP VARCHAR[] VARCHAR BIGINT"
    )
    assert [each["distinct_id"] for each in values] == ["ana", "bo", "cy"]
    assert values[0]["big"] == 2**62 + 1
    assert str(values[0]["born"]) == "1990-05-01 00:00:00"
    assert values[0]["tags"] == MIXED["tags"]
    assert values[0]["SELECT 1--"] == "x"
    assert [each["half"] for each in values] == [0.5, 7.0, None]
    assert [each["mixed"] for each in values] == ["a", "5", '["x"]']
    assert [each["Plan"] for each in values] == ["Gold", None, ""]


async def test_columns_and_formulas_are_as_asked(desk: Desk, office: Office) -> None:
    await desk.send(profile("ana", a="=1", b=2, type="own"))
    asked = Wanted(Format.CSV, columns=["b", "property:type", "type", "a"], keeps_formulas=True)
    body = office.read(office.finish(office.start(asked)))
    assert body == b"b,type,type 2,a\n2,own,identified,=1\n"
    assert office.rows(Wanted(Format.JSONL, columns=["b"])) == [{"properties": {"b": 2}}]
    with pytest.raises(InvalidInputError, match="'c' is no property"):
        office.start(Wanted(Format.CSV, columns=["c"]))


@pytest.mark.parametrize("kind", list(Format))
async def test_nobody_is_a_file_too(desk: Desk, office: Office, kind: Format) -> None:
    await desk.send(profile("ana", a=1))
    nobody = parse_segment({"any": []})
    done = office.finish(office.start(Wanted(kind, nobody)))
    assert (done.stored.total, done.stored.written, done.state) == (0, 0, ExportState.DONE)
    body = office.read(done)
    if kind is Format.PARQUET:
        path = office.exports.open(desk.environment, done.stored.export_id).path
        with duckdb.connect() as reader:
            found = reader.read_parquet(str(path))
            assert (found.columns[-1], found.fetchall()) == ("a", [])
    else:
        assert body.count(b"\n") == (1 if kind is Format.CSV else 0)


def events(raw: Mapping[str, object]) -> Did:
    node = parse_segment(raw)
    assert isinstance(node, Did)
    return node


async def test_events_come_in_the_order_of_time(desk: Desk, office: Office) -> None:
    """G-10."""
    await desk.send(
        event("ana", "Bought", 3, price=1, what={"a": [1, {"b": 2}]}),
        event("bo", "Bought", 1, price=2.5),
        event("ana", "bought ", 2, price=3, tags=["x", 1]),
        event("ana", "Other", 2),
        event("cy", "Bought", 5),
    )
    dear = {"did": "BOUGHT", "where": [{"property": "price", "op": "exists"}]}
    rows = office.rows(Wanted(Format.JSONL, event=events(dear)))
    assert [(each["event"], each["distinct_id"], each["at"]) for each in rows] == [
        ("Bought", "bo", "1970-01-01T00:00:01Z"),
        ("Bought", "ana", "1970-01-01T00:00:02Z"),
        ("Bought", "ana", "1970-01-01T00:00:03Z"),
    ]
    assert rows[2]["properties"] == {"price": 1, "what": {"a": [1, {"b": 2}]}}
    made = office.finish(office.start(Wanted(Format.PARQUET, event=events({"did": "Bought"}))))
    path = office.exports.open(desk.environment, made.stored.export_id).path
    with duckdb.connect() as reader:
        found = reader.read_parquet(str(path)).select("price, tags, what, distinct_id").fetchall()
    assert found == [
        (2.5, None, None, "bo"),
        (3.0, '["x",1]', None, "ana"),
        (1.0, None, '{"a":[1,{"b":2}]}', "ana"),
        (None, None, None, "cy"),
    ]
    with pytest.raises(InvalidInputError, match="nobody ever did 'No such'"):
        office.start(Wanted(Format.CSV, event=events({"did": "No such"})))
    assert office.rows(Wanted(Format.JSONL, event=events({"did": "App Launched"}))) == []


async def test_uploads_merges_and_erasures_meanwhile_leave_each_person_once(
    desk: Desk, office: Office
) -> None:
    """G-07."""
    parts = [{"type": "profile", "FBID": each, "profileData": {}} for each in "fgh"]
    await desk.send(*map(profile, "abcde"), *parts)
    made = office.start()
    assert office.exports.writer.advance()
    await desk.send(
        *({"type": "profile", "FBID": e, "identity": "a", "profileData": {}} for e in "fg"),
        profile("later"),
        profile("d", changed=True),
    )
    done = office.finish(made)
    rows = lines(office.read(done))
    assert [each.get("distinct_id") for each in rows] == ["a", "b", "c", "d", "e", None]
    assert "FBID:h" in str(rows[-1]["identities"])
    assert (done.stored.total, done.stored.done, done.stored.written) == (8, 8, 6)


async def test_a_step_that_was_not_noted_is_taken_again(desk: Desk, office: Office) -> None:
    """As after a kill: the file has more than was noted of it, or less."""
    await desk.send(*map(profile, "abcde"))
    made = office.start(Wanted(Format.CSV, columns=["distinct_id"]))
    office.exports.writer.advance()
    path = office.exports.folder.file((desk.environment, made.stored.export_id), Format.CSV)
    assert path.read_bytes() == b"distinct_id\na\nb\n"
    with path.open("ab") as file:
        file.write(b"half a li")
    assert office.read(office.finish(made)) == b"distinct_id\na\nb\nc\nd\ne\n"
    again = office.start(Wanted(Format.CSV, columns=["distinct_id"]))
    office.exports.writer.advance()
    path = office.exports.folder.file((desk.environment, again.stored.export_id), Format.CSV)
    path.write_bytes(b"dis")
    done = office.finish(again)
    assert office.read(done) == b"distinct_id\na\nb\nc\nd\ne\n"
    assert (done.stored.attempt, done.stored.written) == (2, 5)


async def test_a_finished_file_that_may_tell_of_the_erased_is_taken_back(
    desk: Desk, office: Office
) -> None:
    """P-15: and no other."""
    await desk.send(*(profile(each, plan=each) for each in "abc"), event("c", "Seen", 1))
    a_and_b = parse_segment({"property": "plan", "op": "any_of", "values": ["a", "b"]})
    with_b = office.finish(office.start(Wanted(Format.CSV, a_and_b)))
    without = office.finish(office.start(Wanted(Format.CSV, parse_segment({"not": {"all": []}}))))
    seen = office.finish(office.start(Wanted(Format.CSV, event=events({"did": "Seen"}))))
    assert erase_person(desk, "b").removed["exports"] == 1
    assert [office.state(each) for each in (with_b, without, seen)] == [
        ExportState.WITHDRAWN,
        ExportState.DONE,
        ExportState.DONE,
    ]
    with pytest.raises(NoExportFileError, match="somebody who may be in it was erased"):
        office.read(with_b)
    folder = office.exports.folder
    path = folder.file((desk.environment, with_b.stored.export_id), Format.CSV)
    assert path.exists()
    assert office.exports.writer.sweep() == 1
    assert not path.exists()
    assert office.read(seen)
    assert erase_person(desk, "c").removed["exports"] == 1
    assert office.state(seen) is ExportState.WITHDRAWN
    assert "exports" not in erase_person(desk, "a").removed


async def test_an_export_under_way_begins_anew_without_the_erased(
    desk: Desk, office: Office
) -> None:
    """P-15, G-07."""
    await desk.send(*map(profile, "abcde"))
    made = office.start()
    office.exports.writer.advance()
    assert erase_person(desk, "a").removed["exports"] == 1
    done = office.finish(made)
    assert names(lines(office.read(done))) == ["b", "c", "d", "e"]
    assert (done.stored.attempt, done.stored.written) == (2, 4)


async def test_a_step_that_read_somebody_before_they_were_erased_is_dropped(
    desk: Desk, office: Office
) -> None:
    """P-15: the erasure came between reading and noting."""
    await desk.send(*map(profile, "ab"))
    made = office.start()
    known = made.stored
    erase_person(desk, "a")
    with desk.store.write() as tx:
        late = replace(known, state=ExportState.DONE, done=2, written=2, size=99)
        assert not kept.save_progress(tx, known, late)
    assert names(lines(office.read(office.finish(made)))) == ["b"]


async def test_a_file_tells_of_whom_its_people_were_merged_with(desk: Desk, office: Office) -> None:
    """P-15: who was shown for a part when it was written, though they were taken apart since."""
    await desk.send({"type": "profile", "FBID": "f", "profileData": {"x": 1}}, profile("a"))
    only_f = parse_segment({"property": "x", "op": "exists"})
    await_merge = {"type": "profile", "FBID": "f", "identity": "a", "profileData": {}}
    made = office.start(Wanted(Format.JSONL, only_f))
    await desk.send(await_merge)
    done = office.finish(made)
    assert names(lines(office.read(done))) == ["a"]
    undo_merge(desk.store, desk.environment, 1, source="v1:1")
    assert erase_person(desk, "a").removed["exports"] == 1
    assert office.state(done) is ExportState.WITHDRAWN


async def test_a_full_disk_is_refused_and_ends_what_is_under_way(
    desk: Desk, tmp_path: Path, analytics: DuckDB, office: Office
) -> None:
    await desk.send(*map(profile, "abc"))
    full = Office(desk, tmp_path, analytics, room_mb=10**9)
    with pytest.raises(NoRoomForExportsError, match="leave 1,000,000,000 MB of the disk free"):
        full.start()
    made = office.start()
    office.exports.writer.advance()
    assert full.exports.writer.advance()
    found = office.exports.get(desk.environment, made.stored.export_id)
    assert found.state is ExportState.FAILED
    assert "make room" in found.stored.problem
    assert not list(office.exports.folder.keys())
    with pytest.raises(NoExportFileError, match="failed: Exports leave"):
        office.read(made)


async def test_a_file_that_cannot_be_written_ends_its_export(desk: Desk, office: Office) -> None:
    await desk.send(profile("a"))
    made = office.start(Wanted(Format.CSV))
    path = office.exports.folder.file((desk.environment, made.stored.export_id), Format.CSV)
    told: list[str] = []
    office.exports.writer.tell = lambda export: told.append(export.state)
    path.symlink_to("/nowhere/at/all")
    office.exports.writer.advance()
    found = office.exports.get(desk.environment, made.stored.export_id)
    assert (found.state, told) == (ExportState.FAILED, [ExportState.FAILED])
    assert found.stored.problem == "The file cannot be written: No such file or directory."


async def test_an_export_is_cancelled_deleted_and_expires(desk: Desk, office: Office) -> None:
    await desk.send(*map(profile, "abc"))
    made = office.start()
    office.exports.writer.advance()
    with pytest.raises(ExportNotReadyError, match="2 of 3 rows"):
        office.read(made)
    export = made.stored.export_id
    assert office.exports.delete(desk.environment, export).stored.done == 2
    assert not list(office.exports.folder.keys())
    with desk.store.read() as tx:
        assert export_pages.load(tx, desk.environment, made.stored.set_id, 0) == []
    with pytest.raises(NotFoundError, match=f"There is no export {export}"):
        office.exports.get(desk.environment, export)
    old = office.finish(office.start())
    assert office.exports.expire(desk.environment, days=1) == 0
    assert office.exports.expire(desk.environment, days=-1) == 1
    assert office.exports.writer.sweep() == 1
    with pytest.raises(NotFoundError):
        office.read(old)


async def test_the_set_of_a_file_stays_as_long_as_the_file(desk: Desk, office: Office) -> None:
    await desk.send(profile("a"))
    done = office.finish(office.start())
    with desk.store.write() as tx:
        assert export_pages.expire(tx, desk.environment, before_ms=2**62) == 0
    assert erase_person(desk, "a").removed["exports"] == 1
    assert office.state(done) is ExportState.WITHDRAWN


async def test_clickhouse_says_who_is_in_it_as_well(desk: Desk, tmp_path: Path) -> None:
    copy = ClickHouse(clickhouse_url(), mark="exports")
    office = Office(desk, tmp_path, copy)
    await desk.send(*(profile(each, a=each) for each in "cab"), event("b", "Seen", 5))
    a_or_b = parse_segment({"property": "a", "op": "any_of", "values": ["a", "b"]})
    assert names(office.rows(Wanted(Format.JSONL, a_or_b))) == ["a", "b"]
    seen = Wanted(Format.JSONL, event=events({"did": "Seen"}))
    assert [each["at"] for each in office.rows(seen)] == ["1970-01-01T00:00:05Z"]
    copy.close()


async def test_a_file_that_is_gone_is_told(desk: Desk, office: Office) -> None:
    """As after a restore into another folder."""
    await desk.send(profile("a"))
    done = office.finish(office.start())
    shutil.rmtree(office.exports.folder.path)
    with pytest.raises(NoExportFileError, match="is not in the data folder any more"):
        office.read(done)


async def test_an_environment_has_its_own_exports_and_no_more_than_the_limit(
    desk: Desk, office: Office
) -> None:
    await desk.send(profile("a"))
    made = office.start()
    other = new_environment(desk.store)
    assert office.exports.list(other) == []
    with pytest.raises(NotFoundError):
        office.exports.open(other, made.stored.export_id)
    for _ in range(file_exports.EXPORTS - 1):
        office.start()
    with pytest.raises(LimitExceededError, match="limit is 50"):
        office.start()
    ids = [each.stored.export_id for each in office.exports.list(desk.environment, before=3)]
    assert ids == [2, 1]


async def test_ages_are_those_of_the_day_it_began(desk: Desk, office: Office) -> None:
    await desk.send(profile("a", DOB="$D_20000229"), at_ms=NOON_MS)
    (row,) = office.rows()
    assert row["age"] in range(26, 120)


class PausedCounting(Counting):
    """Lets others work between finding who is meant and keeping the export."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(Questions(projection, fresh_seconds=0.01, query_seconds=10))
        self.found, self.goes_on = threading.Event(), threading.Event()

    def ids(
        self,
        environment: EnvironmentId,
        people: Node,
        event: Did | None,
        zone: tzinfo,
        take: Take[T],
    ) -> tuple[T, int | None]:
        ids = super().ids(environment, people, event, zone, take)
        self.found.set()
        assert self.goes_on.wait(20)
        return ids


async def test_an_export_that_begins_during_an_erasure_is_without_the_erased(
    two_desks: tuple[Desk, Desk], tmp_path: Path, analytics: DuckDB
) -> None:
    """P-15: another process begins it after the erasure looked which exports there are."""
    one, other = two_desks
    await one.send(*map(profile, "abc"))
    office = Office(other, tmp_path, analytics)
    counting = PausedCounting(office.projection)
    office.exports = FileExports(other.store, counting, tmp_path, room_mb=0)

    def export() -> list[object]:
        return names(lines(office.read(office.finish(office.start()))))

    exporting = asyncio.create_task(asyncio.to_thread(export))
    assert await asyncio.to_thread(counting.found.wait, 20)
    with one.store.write() as tx:
        identity = Identity(IdentityKind.IDENTITY, "a")
        assert erase_within(tx, one.environment, identity, ahead=None) is not None
        counting.goes_on.set()
        # Time enough to end, if nothing held it up.
        await asyncio.wait([exporting], timeout=2)
        is_held_up = not exporting.done()
    assert await exporting == ["b", "c"]
    assert is_held_up


async def test_a_file_that_goes_before_it_is_opened_is_told(desk: Desk, office: Office) -> None:
    """As when the export is deleted, or swept, in that very moment."""
    await desk.send(profile("a"))
    done = office.finish(office.start())
    file = office.exports.open(desk.environment, done.stored.export_id)
    with file.opened() as opened:
        assert b"distinct_id" in opened.read()
    office.exports.delete(desk.environment, done.stored.export_id)
    with pytest.raises(NoExportFileError, match=r"export-1.jsonl is not in the data folder"):
        file.opened()


async def test_what_a_killed_writer_left_goes_with_its_export(desk: Desk, office: Office) -> None:
    await desk.send(profile("a"))
    done = office.finish(office.start(Wanted(Format.PARQUET)))
    path = office.exports.folder.file((desk.environment, done.stored.export_id), Format.PARQUET)
    scratch = path.with_suffix(".tmp")
    scratch.mkdir()
    (scratch / "spilled").write_bytes(b"ana")
    office.exports.delete(desk.environment, done.stored.export_id)
    assert not scratch.exists()


def test_a_folder_has_one_whole_name_from_the_first_moment(tmp_path: Path) -> None:
    folder = ExportFolder(tmp_path / "exports", room_mb=0)
    home = folder.home()
    assert len(home) >= 32
    assert ExportFolder(tmp_path / "exports", room_mb=0).home() == home
    assert [each.name for each in folder.path.iterdir()] == ["home"]
    assert (folder.path / "home").stat().st_mode & 0o777 == 0o600
