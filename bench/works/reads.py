"""Reads of one profile, against a route that does nothing."""

from collections.abc import Callable

from bench.child import load, load_beside
from bench.corpus import identity
from bench.jobs import InOrder, LoadOrder, Profiles, Reads, Report, Scattered, numbers
from bench.rows import P99Below, RatioAtLeast, Row, row
from bench.server import Server
from bench.stage import CONNECTIONS, Stage

PROMISE = RatioAtLeast(0.4)
PROMISE_BESIDE_UPLOAD = P99Below(5.0)
MANY_CONNECTIONS = 16
PATHS = 20_000
UNTIL_STOPPED = 3_600.0
FIRST_NEW_PERSON = 100_000_000
"""Above everybody whom other works upload."""


def read(stage: Stage) -> list[Row]:
    """Read people from anywhere in the full store, alone and beside an upload."""
    server = stage.stored.server
    rows = [_alone(stage, server, connections) for connections in (1, MANY_CONNECTIONS)]
    return [*rows, _beside_upload(stage, server)]


def _alone(stage: Stage, server: Server, connections: int) -> Row:
    nothing = Reads(["/healthz"], stage.sizes.read_seconds)
    work = f"read by id, {connections} connection{'s' if connections > 1 else ''}"
    reports = stage.in_turns(
        work,
        {
            "floor": _reading(stage.empty_route, nothing, connections),
            "mien": _reading(server, _profiles(stage, stage.sizes.read_seconds), connections),
        },
    )
    return row(
        work,
        reports["mien"],
        promise=PROMISE,
        floor=reports["floor"],
        resident_bytes=server.resident_bytes(),
    )


def _beside_upload(stage: Stage, server: Server) -> Row:
    work, count = "read by id beside an upload", stage.sizes.profiles_beside_reads
    reads = LoadOrder(server.target(1), _profiles(stage, UNTIL_STOPPED))

    def beside(turn: int) -> Report:
        upload = Profiles(InOrder(FIRST_NEW_PERSON + turn * count, count))
        return load_beside(reads, main=LoadOrder(server.target(CONNECTIONS), upload))[0]

    reports = stage.in_turns(work, {"mien": beside})
    return row(
        work,
        reports["mien"],
        promise=PROMISE_BESIDE_UPLOAD,
        resident_bytes=server.resident_bytes(),
    )


def _reading(server: Server, reads: Reads, connections: int) -> Callable[[int], Report]:
    return lambda _turn: load(LoadOrder(server.target(connections), reads))


def _profiles(stage: Stage, seconds: float) -> Reads:
    people = stage.sizes.stored_profiles
    chosen = Scattered(0, min(PATHS, people), people)
    paths = [f"/1/profile.json?identity={identity(number)}" for number in numbers(chosen)]
    return Reads(paths, seconds)
