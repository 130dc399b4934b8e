"""Downloads are streamed: memory does not grow with what is downloaded."""

from pathlib import Path

from tests.native.callers import Native, profile
from tests.support.servers import Server

_RECORDS = 12_000
_PADDING = "x" * 4_000
_GROWTH_BYTES = 24 * 1024 * 1024


def test_all_rejects_are_downloaded_in_flat_memory(server: Server, native: Native) -> None:
    for _ in range(_RECORDS // 1_000):
        native.send(*[profile("ana", Age="x", padding=_PADDING)] * 1_000)
    native.get("rejects", limit=200)
    before, most, size = _resident_bytes(server), 0, 0
    with native.http.stream("GET", "/v1/rejects/download") as answer:
        for number, chunk in enumerate(answer.iter_raw()):
            size += len(chunk)
            if number % 50 == 0:
                most = max(most, _resident_bytes(server))
    assert size > _RECORDS * len(_PADDING)
    assert most - before < _GROWTH_BYTES


def test_a_client_that_goes_away_during_a_download_leaves_the_server_well(native: Native) -> None:
    native.send(*[profile("ana", Age="x", padding=_PADDING)] * 1_000)
    for path in ("rejects/download", "profile/download?distinct_id=bo"):
        native.send(profile("bo"))
        for _ in range(20):
            with native.http.stream("GET", f"/v1/{path}") as answer:
                next(answer.iter_raw())
    assert len(native.items("rejects", "rejects")) == 1_000


def _resident_bytes(server: Server) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
