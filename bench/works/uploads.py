"""Uploads to an empty store, against programs that only write."""

from collections.abc import Callable

from bench.child import floor, load
from bench.jobs import Events, FloorOrder, InOrder, LoadOrder, Profiles, Report
from bench.postgres import postgres as running_postgres
from bench.rows import RatioAtLeast, Row, row
from bench.server import Server
from bench.stage import CONNECTIONS, Stage

Program = Callable[[int], Report]

PROMISE = RatioAtLeast(0.3)
POSTGRES_PROMISE = RatioAtLeast(0.4)


def profiles(stage: Stage) -> list[Row]:
    """Upload people who are new, then other values for the same people."""
    count = stage.sizes.profiles

    def of_floor(name: str, version: int) -> Program:
        path = str(stage.folder / f"{name}.db")
        return lambda turn: floor(name, FloorOrder(path, _part(turn, count, version)))

    with stage.new_mien("profiles") as server:
        reports = stage.in_turns(
            "profiles",
            {
                "floor, new": of_floor("sqlite_profiles", 0),
                "thin floor, new": of_floor("sqlite_documents", 0),
                "mien, new": of_mien(server, count, 0),
                "floor, updates": of_floor("sqlite_profiles", 1),
                "thin floor, updates": of_floor("sqlite_documents", 1),
                "mien, updates": of_mien(server, count, 1),
            },
        )
        resident_bytes = server.resident_bytes()
    return [
        row(
            f"upload profiles, {kind}",
            reports[f"mien, {kind}"],
            promise=PROMISE,
            floor=reports[f"floor, {kind}"],
            thin_floor=reports[f"thin floor, {kind}"],
            resident_bytes=resident_bytes,
        )
        for kind in ("new", "updates")
    ]


def events(stage: Stage) -> list[Row]:
    """Upload events of people who are known."""
    count, people = stage.sizes.events, stage.sizes.profiles
    path = str(stage.folder / "sqlite_events.db")

    def part(turn: int) -> Events:
        return Events(turn * count, count, people, stage.now, stage.now)

    with stage.new_mien("events") as server:
        target = server.target(CONNECTIONS)
        load(LoadOrder(target, Profiles(InOrder(0, people))))
        reports = stage.in_turns(
            "events",
            {
                "floor": lambda turn: floor("sqlite_events", FloorOrder(path, part(turn))),
                "mien": lambda turn: load(LoadOrder(target, part(turn))),
            },
        )
        resident_bytes = server.resident_bytes()
    return [
        row(
            "upload events",
            reports["mien"],
            promise=PROMISE,
            floor=reports["floor"],
            resident_bytes=resident_bytes,
        )
    ]


def postgres(stage: Stage) -> list[Row]:
    """Upload people who are new, with PostgreSQL as the store."""
    count = stage.sizes.profiles_on_postgres
    with running_postgres(stage.folder / "pg") as database:
        address = database.create_database("floor")

        def of_floor(turn: int) -> Report:
            return floor("postgres_profiles", FloorOrder(address, _part(turn, count, 0)))

        with stage.new_mien("on_postgres", database.create_database("mien")) as server:
            programs = {"floor": of_floor, "mien": of_mien(server, count, 0)}
            reports = stage.in_turns("postgres", programs)
            resident_bytes = server.resident_bytes()
    return [
        row(
            "upload profiles, PostgreSQL",
            reports["mien"],
            promise=POSTGRES_PROMISE,
            floor=reports["floor"],
            resident_bytes=resident_bytes,
        )
    ]


def of_mien(server: Server, count: int, version: int) -> Program:
    """Give the program that uploads `count` people a round."""
    target = server.target(CONNECTIONS)
    return lambda turn: load(LoadOrder(target, _part(turn, count, version)))


def _part(turn: int, count: int, version: int) -> Profiles:
    return Profiles(InOrder(turn * count, count), version=version)
