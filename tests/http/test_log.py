"""The access log and the form of logs."""

import io
import json
import time
from typing import Any

import httpx
import structlog

from mien import log
from tests.conftest import Serve
from tests.support.servers import Key, Server


def lines(server: Server, path: str) -> list[dict[str, Any]]:
    """Give the entries of requests to a path, once the log has been written."""
    time.sleep(0.2)
    entries = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [each for each in entries if each["event"] == "request" and each["path"] == path]


def test_a_request_is_one_line_without_secrets(strict: Server, key: Key) -> None:
    record = {"type": "profile", "identity": "ana@example.com", "profileData": {}}
    url = f"{strict.url}/1/upload?secret=hidden"
    answer = httpx.post(url, json={"d": [record]}, headers=key.headers)
    [entry] = lines(strict, "/1/upload")[-1:]
    assert len([each for each in lines(strict, "/1/upload") if each["status"] == 200]) == 1
    assert entry.pop("timestamp").endswith("Z")
    assert 0 < entry.pop("seconds") < 10
    assert entry == {
        "level": "info",
        "event": "request",
        "method": "POST",
        "path": "/1/upload",
        "status": 200,
        "bytes": len(answer.content),
        "environment": key.account_id,
        "client": "127.0.0.1",
    }
    for secret in (key.passcode, "hidden", "ana@example.com"):
        assert secret not in strict.log()


def test_a_refused_caller_is_logged_without_an_environment(strict: Server, key: Key) -> None:
    wrong = Key(key.account_id, "wrong").headers
    httpx.get(f"{strict.url}/1/profile.json?identity=x", headers=wrong)
    assert lines(strict, "/1/profile.json")[-1]["environment"] == "-"


def test_a_long_path_and_a_line_break_stay_on_one_line(strict: Server) -> None:
    httpx.get(f"{strict.url}/%0Alevel=error{'y' * 1_000}")
    [entry] = lines(strict, "/\nlevel=error" + "y" * (200 - len("/\nlevel=error")))
    assert entry["status"] == 404


def test_a_client_that_left_is_no_fault(strict: Server) -> None:
    assert "request.failed" not in strict.log()


def test_the_access_log_can_be_left_out(serve: Serve) -> None:
    server = serve(access_log=0)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert server.stop() == 0
    assert " request " not in server.log()
    assert "server.stopping" in server.log()


def written(file: io.StringIO, outbox: log.Outbox) -> str:
    outbox.drain()
    return file.getvalue()


def test_text_keeps_each_value_one_word_and_masks_secrets() -> None:
    event = {"timestamp": "T", "level": "info", "event": "it", "a": "two words", "b": "", "c": 1}
    assert log.as_text(None, "info", event) == "T info    it a='two words' b='' c=1"
    assert log.mask(None, "info", {"passcode": "P", "a": 1}) == {"passcode": "***", "a": 1}


def test_a_trace_follows_its_line() -> None:
    event = {"timestamp": "T", "level": "error", "event": "it", "exception": "Trace\nback"}
    assert log.as_text(None, "error", event) == "T error   it\nTrace\nback"


def test_what_finds_no_room_is_dropped_and_counted() -> None:
    file = io.StringIO()
    outbox = log.Outbox(file, room=2)
    for number in range(5):
        outbox.write(f"line {number}\n")
    with structlog.testing.capture_logs() as logs:
        assert written(file, outbox) == "line 0\nline 1\n"
    assert logs == [{"event": "log.dropped", "lines": 3, "log_level": "warning"}]


def test_the_line_of_a_request_reads_as_that_of_any_other_event() -> None:
    line = log.RequestLine(1_780_315_200_007, "GET", "/a b", 200, 0.25, 7, "ABC-DEF-1234", "::1")
    event = {
        "timestamp": "2026-06-01T12:00:00.007Z",
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "/a b",
        "status": 200,
        "seconds": 0.25,
        "bytes": 7,
        "environment": "ABC-DEF-1234",
        "client": "::1",
    }
    assert line.as_text() == f"{log.as_text(None, 'info', dict(event))}\n"
    assert line.as_json() == f"{log.as_line_of_json(None, 'info', dict(event))}\n"
