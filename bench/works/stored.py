"""Uploads to a store that is full, against the same uploads to one that is empty."""

from functools import partial

from bench.child import load
from bench.jobs import Events, InOrder, LoadOrder, Profiles, Report, Scattered, Target
from bench.rows import RatioAtLeast, Row, row
from bench.stage import CONNECTIONS, Stage, Stored

PROMISE = RatioAtLeast(0.7)
KINDS = ("new profiles", "updates", "events")


def stored(stage: Stage) -> list[Row]:
    """Upload the same to both, in turns; the floor column is the rate on the empty store."""
    full = stage.stored
    with stage.new_mien("empty") as server:
        empty, filled = server.target(CONNECTIONS), full.server.target(CONNECTIONS)
        stored_people = stage.sizes.stored_profiles
        reports = stage.in_turns(
            "stored",
            {
                f"{name}, {kind}": partial(_upload, stage, target, kind, people)
                for kind in KINDS
                for name, target, people in (("empty", empty, 0), ("full", filled, stored_people))
            },
        )
    resident_bytes = full.server.resident_bytes()
    return _filling(full) + [
        row(
            f"upload to a full store, {kind}",
            reports[f"full, {kind}"],
            promise=PROMISE,
            floor=reports[f"empty, {kind}"],
            resident_bytes=resident_bytes,
        )
        for kind in KINDS
    ]


def _upload(stage: Stage, target: Target, kind: str, stored_people: int, turn: int) -> Report:
    """Upload a round's records of one kind to a store that began with so many people.

    Updates are of people from anywhere in the store. Events are too, but not of people who
    came after it was filled, so that an export by event still meets a known number.
    """
    count, known = stage.sizes.profiles, stored_people + (turn + 1) * stage.sizes.profiles
    job: Profiles | Events
    if kind == "new profiles":
        job = Profiles(InOrder(known - count, count))
    elif kind == "updates":
        job = Profiles(Scattered(turn * count, count, known), version=turn + 1)
    else:
        many = stage.sizes.events
        people = stored_people or known
        job = Events(turn * many, many, people, stage.now, stage.now)
    return load(LoadOrder(target, job))


def _filling(full: Stored) -> list[Row]:
    return [
        _fill_row("fill with profiles", full.profiles, full.bytes_a_profile),
        _fill_row("fill with events", full.events, full.bytes_an_event),
    ]


def _fill_row(work: str, reports: list[Report], bytes_each: float) -> Row:
    rate = sum(each.records for each in reports) / sum(each.seconds for each in reports)
    return Row(work=work, rate=rate, bytes_each=bytes_each)
