"""The audit log: who did what and when, by member and by act, and as a file (D-01)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Stream

from mien.domain.errors import InvalidInputError
from mien.domain.identities import server_object_id
from mien.domain.ids import ProfileId
from mien.domain.members import Act, Role
from mien.domain.tables import csv_line
from mien.services import audit
from mien.services.audit import Entry
from mien.web.routes import page, read_number
from mien.web.settings.tabs import settings_page
from mien.web.visit import Visit

_SHOWN, _WRITTEN = 50, 1_000
_PLACE = "audit"
_HEADS = ("time", "member", "environment", "act", "subject", "details")

By = Annotated[str, QueryParameter(name="member", max_length=18)]
What = Annotated[str, QueryParameter(name="act", max_length=60)]
After = Annotated[str | None, QueryParameter()]


class Line(msgspec.Struct, frozen=True):
    """An entry as it is shown; `where` is the environment, empty for the account itself."""

    at: int
    name: str
    where: str
    did: str
    subject: str
    link: str
    details: Mapping[str, str]


@page("/settings/audit", needs=Role.ADMIN)
async def audit_page(
    visit: Visit, member: By = "", act: What = "", after: After = None
) -> Response[bytes]:
    """Show what was done, newest first."""
    before = None if after is None else visit.unseal(_PLACE, after, int)
    found = await visit.run(partial(_entries(visit, member, act), before=before, count=_SHOWN + 1))
    people = await visit.run(
        lambda: audit.people_of(visit.dashboard.store, visit.member.account_id)
    )
    asked = {"member": member, "act": act}
    return settings_page(
        visit,
        "audit",
        block="more" if after else None,
        lines=[_line(visit, each, people) for each in found[:_SHOWN]],
        next=_next(visit, found, asked),
        people=[(str(number), name) for number, name in people.items()],
        acts=[(each.value, _words(each)) for each in Act],
        asked=asked,
        query=urlencode(asked),
    )


@page("/settings/audit.csv", needs=Role.ADMIN)
async def audit_file(visit: Visit, member: By = "", act: What = "") -> Stream:
    """Give what was done as a file: all of it, or what the filters ask for."""
    read = _entries(visit, member, act)
    name = f"mien-audit-{datetime.fromtimestamp(visit.now_ms / 1_000, visit.zone):%Y-%m-%d}.csv"
    return Stream(
        _rows(visit, read),
        status_code=int(HTTPStatus.OK),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


AUDIT_HANDLERS: list[HTTPRouteHandler] = [audit_page, audit_file]


def _entries(visit: Visit, member: str, act: str) -> "partial[Sequence[Entry]]":
    """Give what reads the entries that are asked for."""
    if act and act not in frozenset(Act):
        raise InvalidInputError(path="act", problem=f"'{act}' is nothing that the log keeps")
    number = read_number(member)
    if member and number is None:
        raise InvalidInputError(path="member", problem="needs to be the number of a member")
    return partial(
        audit.audit_page,
        visit.dashboard.store,
        visit.member.account_id,
        member=number,
        act=Act(act) if act else None,
    )


def _next(visit: Visit, found: Sequence[Entry], asked: Mapping[str, str]) -> str | None:
    if len(found) <= _SHOWN:
        return None
    after = visit.seal(_PLACE, found[_SHOWN - 1].entry_id)
    return f"{visit.url('settings/audit')}?{urlencode({**asked, 'after': after})}"


def _line(visit: Visit, entry: Entry, people: Mapping[int, str]) -> Line:
    where = _where(visit, entry)
    kind, _, key = entry.subject.partition(":")
    subject = entry.subject.replace(":", " ").replace("_", " ")
    link = ""
    if kind == "member" and key.isdigit():
        subject = people.get(int(key), subject)
    elif where and kind == "profile" and key.isdigit():
        link = visit.url(f"people/{server_object_id(ProfileId(int(key)))}", kind=where)
    elif where and kind == "segment":
        link = visit.url(f"segments/{key}", kind=where)
    return Line(entry.at, entry.name, where, _words(entry.act), subject, link, entry.details)


def _where(visit: Visit, entry: Entry) -> str:
    known = {each.environment_id: each.kind for each in visit.signed_in.environments}
    return next((kind for number, kind in known.items() if number == entry.environment_id), "")


def _words(act: str) -> str:
    return act.replace("_", " ").capitalize()


async def _rows(visit: Visit, read: "partial[Sequence[Entry]]") -> AsyncIterator[bytes]:
    """Write the lines of the file, a page of entries at a time."""
    yield csv_line(_HEADS, keeps_formulas=False)
    before: int | None = None
    while found := await visit.run(partial(read, before=before, count=_WRITTEN)):
        yield b"".join(_csv(visit, each) for each in found)
        before = found[-1].entry_id


def _csv(visit: Visit, entry: Entry) -> bytes:
    """Write a line; a cell that a spreadsheet would calculate is kept a text."""
    details = msgspec.json.encode(entry.details).decode() if entry.details else ""
    at = datetime.fromtimestamp(entry.at / 1_000, UTC).isoformat(timespec="milliseconds")
    cells = [at, entry.name, _where(visit, entry), entry.act, entry.subject, details]
    return csv_line([each or None for each in cells], keeps_formulas=False)
