"""A small Mien on loopback, for the tests of the client.

It answers as the API `/v1` documents, from memory, over real HTTP. `faults`
are taken one per request: an answer of a proxy or a busy server, a dropped
connection before or after the work, a stall.
"""

import base64
import json
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

ACCOUNT, PASSCODE = "TEST-ABC-DEF-1234", "a:pass code-ü"
BORN = 1_700_000_000


@dataclass(frozen=True)
class Reply:
    """Answer this and do no work."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer, before or after the work."""

    after_work: bool = False


@dataclass(frozen=True)
class Stall:
    """Do no work and say nothing, until the server stops."""


Fault = Reply | Drop | Stall


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def problem(status: int, code: str, detail: str, **headers: str) -> Reply:
    """An error as RFC 9457 has it."""
    body = {"type": f"/docs/errors#{code}", "title": code, "status": status}
    return Reply(
        status,
        json.dumps({**body, "detail": detail, "code": code}).encode(),
        {"Content-Type": "application/problem+json", **headers},
    )


def success(body: object) -> Reply:
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


BUSY = Reply(
    429,
    b'{"status":"fail","error":"Too many concurrent requests","code":429}',
    {"Retry-After": "3"},
)
DOWN = Reply(503, b"<h1>down</h1>", {"Content-Type": "text/html"})
IN_FLIGHT = problem(409, "idempotency_in_flight", "the first sending is still being worked on")


class LoopbackMien(ThreadingHTTPServer):
    """The server; `with` it to serve on a free port."""

    daemon_threads = True

    def __init__(self, *, listening: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.faults: deque[Fault] = deque()
        self.seen: list[Seen] = []
        self.profiles: dict[str, dict[str, Any]] = {}
        self.events: Counter[str] = Counter()
        self.answers: dict[str, tuple[bytes, Reply]] = {}
        self.rejects: dict[int, dict[str, Any]] = {}
        self.history: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {"origins": [], "requires_signed_identities": False}
        self.lock = threading.Lock()
        self.arrived = threading.Event()
        self.stopping = threading.Event()
        self.server_bind()
        if listening:
            self.listen()

    def listen(self) -> None:
        """Start to accept connections; before this they are refused."""
        self.server_activate()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def answer(self, seen: Seen) -> Reply:
        """Do the work of one request."""
        with self.lock:
            if not _is_signed(seen):
                return problem(401, "invalid_credentials", "Invalid Credentials")
            key = seen.headers.get("idempotency-key")
            if key in self.answers:
                body, first = self.answers[key]
                other = problem(409, "idempotency_mismatch", "this key came with another body")
                return first if body == seen.body else other
            reply = self._route(seen)
            if key is not None and reply.status == 200:
                self.answers[key] = (seen.body, reply)
            return reply

    def _route(self, seen: Seen) -> Reply:
        routes: dict[tuple[str, str], Callable[[Seen], Reply]] = {
            ("POST", "/v1/batch"): self._upload,
            ("POST", "/v1/rejects/replay"): self._replay,
            ("GET", "/v1/profile"): lambda it: self._with_profile(it, success),
            ("DELETE", "/v1/profile"): lambda it: self._with_profile(it, self._erase),
            ("GET", "/v1/profile/history"): lambda it: self._with_profile(
                it, lambda _: _page("history", self.history, it.query)
            ),
            ("POST", "/v1/profile/token"): self._token,
            ("GET", "/v1/environment/settings"): lambda _: success(self.settings),
            ("PATCH", "/v1/environment/settings"): self._change_settings,
            ("GET", "/v1/rejects"): lambda it: _page(
                "rejects", list(self.rejects.values()), it.query
            ),
        }
        found = routes.get((seen.method, seen.path))
        return found(seen) if found else Reply(404, b"Not Found", {"Content-Type": "text/plain"})

    def _upload(self, seen: Seen) -> Reply:
        return self._batch(seen.json["records"], dry_run=seen.query["dry_run"] == "true")

    def _replay(self, seen: Seen) -> Reply:
        lines = seen.json["rejects"]
        kept = [it.get("record") or self.rejects[it["id"]]["record"] for it in lines]
        return self._batch(kept, dry_run=False)

    def _token(self, seen: Seen) -> Reply:
        asked = seen.json
        if asked.get("distinct_id") not in self.profiles:
            return problem(404, "not_found", "no such profile")
        return success(
            {
                "token": f"token of {asked['distinct_id']}",
                "expires_at": BORN + asked["lifetime_seconds"],
            }
        )

    def _change_settings(self, seen: Seen) -> Reply:
        if seen.json.keys() - self.settings.keys():
            return problem(400, "invalid_input", "no such setting")
        self.settings = {**self.settings, **seen.json}
        return success(self.settings)

    def _batch(self, records: list[dict[str, Any]], *, dry_run: bool) -> Reply:
        if not 1 <= len(records) <= 1000:
            return problem(400, "invalid_batch", "records: 1 to 1000 are taken")
        results = [
            {"position": position, **self._apply(record, dry_run=dry_run)}
            for position, record in enumerate(records, 1)
        ]
        rejected = sum(each["status"] == "rejected" for each in results)
        status = "partial" if rejected else "success"
        processed = len(results) - rejected
        return success(
            {"status": status, "processed": processed, "dry_run": dry_run, "results": results}
        )

    def _apply(self, record: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        name = record.get("distinct_id") or record.get("object_id")
        if not name:
            return {"status": "rejected", "code": 523, "reason": "no identity"}
        found = self.profiles.get(name)
        profile = found or _new_profile(name)
        if record["type"] == "event":
            self.events[name] += 0 if dry_run else 1
            return {"status": "applied", "object_id": profile["object_id"], "created": not found}
        new = record.get("properties", {})
        changes = [
            {"property": key, "old": profile["properties"].get(key), "new": value}
            for key, value in new.items()
            if profile["properties"].get(key) != value
        ]
        if not dry_run:
            self.profiles[name] = {**profile, "properties": {**profile["properties"], **new}}
        return {
            "status": "applied" if changes or not found else "unchanged",
            "object_id": profile["object_id"],
            "created": not found,
            "changes": changes,
            "attached": [] if found else [{"kind": "identity", "value": name}],
        }

    def _with_profile(self, seen: Seen, then: Callable[[dict[str, Any]], Reply]) -> Reply:
        name = seen.query.get("distinct_id") or seen.query.get("object_id") or ""
        if name not in self.profiles:
            return problem(404, "profile_not_found", f"no profile has the id {name}")
        return then(self.profiles[name])

    def _erase(self, profile: dict[str, Any]) -> Reply:
        del self.profiles[profile["distinct_id"]]
        return success({"status": "success", "erased": {"profiles": 1, "events": 0}})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackMien

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        seen = Seen(
            self.command,
            url.path,
            dict(parse_qsl(url.query)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        with self.server.lock:
            self.server.seen.append(seen)
            self.server.arrived.set()
            fault = self.server.faults.popleft() if self.server.faults else None
        match fault:
            case None:
                self._reply(self.server.answer(seen))
            case Reply():
                self._reply(fault)
            case Drop(after_work):
                if after_work:
                    self.server.answer(seen)
                self._hang_up()
            case Stall():
                self.server.stopping.wait(30)
                self._hang_up()

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _is_signed(seen: Seen) -> bool:
    token = base64.b64encode(f"{ACCOUNT}:{PASSCODE}".encode()).decode()
    return seen.headers.get("authorization") == f"Basic {token}"


def _new_profile(name: str) -> dict[str, Any]:
    return {
        "object_id": f"o-{name}",
        "distinct_id": name,
        "type": "identified",
        "identities": [{"kind": "identity", "value": name}],
        "properties": {},
        "events": {"Charged": {"count": 2, "first_seen": BORN, "last_seen": BORN + 60}},
        "devices": [{"object_id": f"o-{name}", "platform": "Web"}],
        "created_at": BORN,
        "updated_at": "2023-11-14T22:13:20Z",
    }


def _page(field_name: str, rows: list[dict[str, Any]], query: dict[str, str]) -> Reply:
    start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
    following = start + limit
    cursor = {"next_cursor": f"c{following}"} if following < len(rows) else {}
    return success({field_name: rows[start:following], **cursor})
