"""Golden cases: a request as a file, and the answer that the server must give to it.

A case is a folder `<endpoint>/<name>` with

- `request.http`: comment lines, then one request or several with `###` between them. The first
  comment line is the claim, with the ids of the requirements in brackets; `# From:` says where
  the request comes from; each `# After:` is a path that is read at the end; `# Time zone:` sets
  that of the account.
- `before.http`: requests that prepare, each of which must succeed. Those without headers get
  the usual ones.
- `response.json`: the answer, or the list of answers.
- `after.json`: what the paths of `# After:` then show.

Requests go over a socket byte for byte as they are written, once these are filled in:
`{{account_id}}`, `{{passcode}}` (also with `test_` and `other_` before them), `{{now}}`,
`{{now+60}}`, `{{today-1}}`, `{{cursor}}` (the last that was answered; `{{cursor 2}}` is the second
answered), `{{percent cursor}}` (each of its bytes as `%XX`), `{{reject}}` (the id of the last that
was listed), `{{"x" * 513}}` and, as the start of a line, `@repeat 1001 …{n}…`. A body with a
`Content-Encoding` is compressed on its way; `@lz<…>` at the end of a parameter of a URL is
what the web SDK makes of `…`.
"""

import gzip
import http.client
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mien import clock
from tests.support.lz import compress
from tests.support.servers import Key

_SEPARATOR = re.compile(r"^###.*\n", re.MULTILINE)
_REQUIREMENT = re.compile(r"\b[A-Z]-\d\d\b")
_EXPRESSION = re.compile(
    r"\{\{(?:(?P<name>\w+)(?P<offset>[+-]\d+)?|cursor (?P<number>\d+)|(?P<percent>percent cursor)"
    r"|\"(?P<text>[^\"]*)\" \* (?P<times>\d+))\}\}"
)
_REPEAT = re.compile(r"^@repeat (\d+) (.*)$", re.MULTILINE)
_PACKED = re.compile(r"@lz<(.*?)>(?=&|$)")
_CURSOR = re.compile(r"[A-Za-z0-9_-]+")
_MADE_OBJECT_ID = re.compile(r"\bmien_[1-9a-f][0-9a-f]{0,15}\b")
_SECONDS = re.compile(r"\b\d{10}\b")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SHOWN_HEADERS = ("content-type", "retry-after", "allow")
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@dataclass(frozen=True)
class Request:
    """One request as it is written in a file."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True)
class Case:
    """A golden case."""

    folder: Path
    claim: str
    origin: str
    after: tuple[str, ...]
    time_zone: str
    before: tuple[Request, ...]
    requests: tuple[Request, ...]

    def __str__(self) -> str:
        """Name it as the table of compatibility does."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def requirements(self) -> set[str]:
        """The ids of the requirements that it shows."""
        return set(_REQUIREMENT.findall(self.claim))


def read_cases(root: Path) -> list[Case]:
    """Read every case below a folder, in the order of their names."""
    return [read_case(each.parent) for each in sorted(root.glob("*/*/request.http"))]


def read_case(folder: Path) -> Case:
    """Read one case."""
    text = (folder / "request.http").read_text()
    comments = [line.removeprefix("#").strip() for line in text.splitlines() if line[:2] == "# "]
    notes = [line.partition(": ") for line in comments]
    before = folder / "before.http"
    return Case(
        folder,
        claim=comments[0],
        origin=next((value for name, _, value in notes if name == "From"), ""),
        after=tuple(value for name, _, value in notes if name == "After"),
        time_zone=next((value for name, _, value in notes if name == "Time zone"), "UTC"),
        before=parse_requests(before.read_text()) if before.exists() else (),
        requests=parse_requests(text),
    )


def parse_requests(text: str) -> tuple[Request, ...]:
    """Read the requests of a file."""
    return tuple(_parse_request(part) for part in _SEPARATOR.split(text) if part.strip())


def _parse_request(text: str) -> Request:
    lines = text.split("\n")
    while not lines[0].strip() or lines[0].startswith("#"):
        lines.pop(0)
    head, _, body = "\n".join(lines).partition("\n\n")
    start, *headers = head.strip().split("\n")
    method, _, target = start.removesuffix(" HTTP/1.1").partition(" ")
    pairs = (line.partition(": ") for line in headers)
    return Request(
        method, target, tuple((name, value) for name, _, value in pairs), body.removesuffix("\n")
    )


@dataclass
class Play:
    """One run of a case: fills in what a request leaves open, and hides it again in answers.

    Nothing is hidden but what this run made itself: its keys, cursors, objectIds made by the
    server, and times between its start and now. So a value that a case states stays visible.
    """

    port: int
    keys: dict[str, Key]
    zone: ZoneInfo
    started: int = field(default_factory=lambda: clock.now_ms() // 1_000)
    cursors: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    rejects: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    offsets: dict[int, str] = field(default_factory=dict)
    days: dict[str, str] = field(default_factory=dict)

    def run(self, case: Case) -> tuple[object, dict[str, Any]]:
        """Give the answer (or answers) to a case, and what can be read afterwards."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            for request in case.before:
                shown = self.answer(connection, request)
                assert _succeeded(shown), f"before.http: {request.target}: {shown}"
            answers = [self.answer(connection, request) for request in case.requests]
            after = {
                path: self.answer(connection, Request("GET", path, (), "")) for path in case.after
            }
        finally:
            connection.close()
        return (answers[0] if len(answers) == 1 else answers), after

    def answer(self, connection: http.client.HTTPConnection, request: Request) -> dict[str, Any]:
        """Send one request, and give its answer with all hidden that this run made."""
        headers = dict(request.headers) or {
            "X-CleverTap-Account-Id": "{{account_id}}",
            "X-CleverTap-Passcode": "{{passcode}}",
            "Content-Type": "application/json",
        }
        body = self.fill(_REPEAT.sub(_repeated, request.body)).encode()
        self.sent.append(f"{request.target}\n{request.body}")
        encoding = headers.get("Content-Encoding", "")
        connection.request(
            request.method,
            self.fill(request.target),
            _COMPRESS[encoding](body) if encoding in _COMPRESS else body or None,
            {name: self.fill(value) for name, value in headers.items()},
        )
        answer = connection.getresponse()
        raw = answer.read()
        shown: dict[str, Any] = {"status": answer.status}
        shown |= {name: value for name in _SHOWN_HEADERS if (value := answer.headers.get(name))}
        is_json = "json" in answer.headers.get("content-type", "")
        shown["body"] = self.hide(json.loads(raw) if is_json else raw.decode())
        return shown

    def fill(self, text: str) -> str:
        """Put values in the place of `{{…}}`, and pack what is to be."""
        return _PACKED.sub(_packed, _EXPRESSION.sub(self._value, text))

    def hide(self, value: object) -> object:
        """Put `{{…}}` in the place of what this run made."""
        match value:
            case dict():
                shown = {
                    self._hide_text(key): self._hide_entry(key, each, value)
                    for key, each in value.items()
                }
                if self._is_age_of_today(value):
                    shown["Age"] = "{{age of DOB}}"
                return shown
            case list():
                return [self.hide(each) for each in value]
            case bool():
                return value
            case int():
                return self._hide_number(value)
            case str():
                return self._hide_text(value)
            case _:
                return value

    def _value(self, found: re.Match[str]) -> str:
        if found["text"] is not None:
            return str(found["text"]) * int(found["times"])
        if found["number"] or found["percent"] or found["name"] == "cursor":
            return self._cursor(found)
        offset = int(found["offset"] or 0)
        match found["name"]:
            case "now":
                return self._now(offset, found[0])
            case "reject":
                return str(self.rejects[-1])
            case "today":
                return self._today(offset, found[0])
            case _:
                return self._secrets()[found[0]]

    def _cursor(self, found: re.Match[str]) -> str:
        cursor = self.cursors[int(found["number"] or 0) - 1]
        return "".join(f"%{byte:02X}" for byte in cursor.encode()) if found["percent"] else cursor

    def _now(self, offset: int, expression: str) -> str:
        seconds = clock.now_ms() // 1_000 + offset
        self.offsets[seconds] = expression
        return str(seconds)

    def _today(self, offset: int, expression: str) -> str:
        day = f"{clock.today(self.zone) + timedelta(days=offset):%Y%m%d}"
        self.days[day] = expression
        return day

    def _secrets(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for prefix, key in self.keys.items():
            names[f"{{{{{prefix}account_id}}}}"] = key.account_id
            names[f"{{{{{prefix}passcode}}}}"] = key.passcode
        return names

    def _hide_entry(self, key: str, value: object, beside: dict[str, object]) -> object:
        if key in ("cursor", "next_cursor") and isinstance(value, str) and _CURSOR.fullmatch(value):
            self.cursors.append(value)
            return "{{cursor}}"
        # An id of a reject stands beside its record; nothing else has both.
        if key == "id" and isinstance(value, int) and "received_at" in beside:
            self.rejects.append(value)
            return "{{reject}}"
        return self.hide(value)

    def _is_age_of_today(self, properties: dict[str, Any]) -> bool:
        """Is there an age that changes with the years, since a fixed date of birth is beside it?"""
        born = _day_of(str(properties.get("DOB", "")))
        if born is None or any(day in properties["DOB"] for day in self.days):
            return False
        today = clock.today(self.zone)
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return bool(properties.get("Age") == years)

    def _hide_number(self, number: int) -> object:
        if (expression := self.offsets.get(number)) is not None:
            return expression
        if self._is_now(number):
            return "{{now}}"
        return "{{now packed}}" if self._is_now(_unpacked(number, self.zone)) else number

    def _hide_text(self, text: str) -> str:
        # Longest first: the id of a test environment contains that of the live one.
        for name, secret in sorted(self._secrets().items(), key=lambda pair: -len(pair[1])):
            text = text.replace(secret, name)
        for day, expression in self.days.items():
            text = text.replace(day, expression)
        text = _MADE_OBJECT_ID.sub(self._hide_made, text)
        text = _RFC_3339.sub(self._hide_moment, text)
        return _SECONDS.sub(self._hide_seconds, text)

    def _hide_seconds(self, found: re.Match[str]) -> str:
        shown = self._hide_number(int(found[0]))
        return shown if isinstance(shown, str) else found[0]

    def _hide_made(self, found: re.Match[str]) -> str:
        if any(found[0] in text for text in self.sent):
            return found[0]
        if found[0] not in self.made:
            self.made.append(found[0])
        return f"{{{{made objectId {self.made.index(found[0]) + 1}}}}}"

    def _hide_moment(self, found: re.Match[str]) -> str:
        return "{{now}}" if self._is_now(datetime.fromisoformat(found[0]).timestamp()) else found[0]

    def _is_now(self, seconds: float) -> bool:
        return self.started <= seconds <= clock.now_ms() / 1_000


def dump(value: object) -> str:
    """Write an answer so that equal ones have equal texts, and 1, 1.0 and true different ones."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _succeeded(shown: dict[str, Any]) -> bool:
    # Answers of our own API have no `status` of their own.
    ok = shown["status"] == http.client.OK
    return bool(ok and shown["body"].get("status", "success") == "success")


def _packed(found: re.Match[str]) -> str:
    return quote(compress(found[1]), safe="")


def _repeated(found: re.Match[str]) -> str:
    return ",".join(found[2].replace("{n}", str(number)) for number in range(int(found[1])))


def _day_of(text: str) -> date | None:
    found = re.fullmatch(r"\$D_(-?\d+)", text)
    if found is None:
        return None
    if len(found[1]) == len("YYYYMMDD"):
        return date.fromisoformat(found[1])
    return datetime.fromtimestamp(int(found[1]), UTC).date()


def _unpacked(number: int, zone: ZoneInfo) -> float:
    """Read a time of the form 20221119054937 as epoch seconds, 0 if it is none."""
    try:
        return datetime.strptime(str(number), "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        return 0
