"""Pages of the dashboard over the full store: how long the server takes for each."""

from functools import partial

from bench.child import load
from bench.jobs import LoadOrder, Report, Target, Views
from bench.rows import P99Below, Row, row
from bench.stage import Stage
from bench.visits import object_id_of, sign_in

PROMISE = P99Below(100.0)
PAGES = {
    "home": "",
    "people": "people",
    "people by name": "people?sort=name&dir=asc",
    "people, disabled": "people?state=disabled",
    "people, found by name": "people?q=asha",
    "segments": "segments",
    "segment": "segments/test-users",
    "segment, people": "segments/test-users/people",
    "segment builder": "segments/new",
    "choices of a field": "segments/choices?of=property&p:name=c",
    "choices of a value": "segments/choices?of=value&name=city&p:value=P",
    "properties": "properties",
    "properties, found by name": "properties?q=c",
    "events": "events",
    "live": "live",
    "rejects": "rejects",
    "merges": "merges",
    "exports": "exports",
    "connect": "connect",
    "help": "help",
    "settings": "settings",
    "keys": "settings/keys",
    "limits": "settings/limits",
    "audit log": "settings/audit",
}
PARTS = {
    "active people": "home/people",
    "new people": "home/new",
    "most frequent events": "home/top",
    "who ever did each event": "events?filled=true",
    "times done by day": "trends/numbers?event=Product+Viewed",
    "people by day": "trends/numbers?event=Product+Viewed&measure=people",
}
"""What pages ask for once they are there."""

OF_A_PERSON = {
    "overview": "",
    "activity": "/activity",
    "changes": "/changes",
    "devices": "/devices",
}


def dashboard(stage: Stage) -> list[Row]:
    """Ask for each page again and again on one connection, as a member does who waits for it."""
    server = stage.stored.server
    target = server.target(1)
    session = sign_in(stage.folder / "stored", target.account_id)
    person = object_id_of(target, stage.sizes.stored_profiles // 2)
    paths = {f"page, {name}": f"/live/{path}".rstrip("/") for name, path in PAGES.items()}
    parts = {f"part of a page, {name}": f"/live/{path}" for name, path in PARTS.items()}
    paths |= {
        f"page of a person, {name}": f"/live/people/{person}{path}"
        for name, path in OF_A_PERSON.items()
    }
    programs = {
        name: partial(_look, target, Views(path, session, stage.sizes.read_seconds))
        for name, path in (paths | parts).items()
    }
    reports = stage.in_turns("dashboard", programs)
    memory = server.resident_bytes()
    promises = dict.fromkeys(paths, PROMISE)
    return [
        row(name, reports[name], promise=promises.get(name), resident_bytes=memory)
        for name in programs
    ]


def _look(target: Target, views: Views, _turn: int) -> Report:
    return load(LoadOrder(target, views))
