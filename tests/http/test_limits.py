"""Clients that send too much, too slowly, or leave (U-01)."""

import base64
import gzip
import json
import random
import sqlite3
import threading
import time
import zlib

import httpx
import pytest

from tests.support.raw import Wire
from tests.support.servers import Key, Server

LIMIT = 100_000


def batch(identity: str) -> bytes:
    record = {"type": "profile", "identity": identity, "profileData": {"Name": identity}}
    return json.dumps({"d": [record]}).encode()


def is_known(server: Server, key: Key, identity: str) -> bool:
    url = f"{server.url}/1/profile.json"
    return httpx.get(url, params={"identity": identity}, headers=key.headers).status_code == 200


def upload(server: Server, key: Key, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}/1/upload", content=body, headers=key.headers | headers)


def test_a_body_said_to_be_too_large_is_refused_before_it_is_sent(strict: Server, key: Key) -> None:
    with Wire(strict) as wire:
        answer = wire.head("POST /1/upload", key, content_length=LIMIT + 1).answer()
    assert answer.status == 413
    assert answer.json()["code"] == 413


def test_a_body_of_the_largest_size_is_taken(strict: Server, key: Key) -> None:
    body = batch("largest")
    answer = upload(strict, key, body + b" " * (LIMIT - len(body)))
    assert answer.json()["status"] == "success"


def test_a_chunked_body_that_grows_too_large_is_refused(strict: Server, key: Key) -> None:
    with Wire(strict) as wire:
        wire.head("POST /1/upload", key, transfer_encoding="chunked")
        for _ in range(LIMIT // 10_000 + 1):
            wire.chunk(b" " * 10_000)
        assert wire.answer().status == 413


@pytest.mark.parametrize("status", [401, 413])
def test_a_client_that_sends_all_before_it_reads_still_sees_the_refusal(
    strict: Server, key: Key, status: int
) -> None:
    wrong = Key(key.account_id, "wrong") if status == 401 else key
    size = 3 * LIMIT
    with Wire(strict) as wire:
        wire.head("POST /1/upload", wrong, content_length=size).send(b" " * size)
        assert wire.answer().status == status
        # The connection is good for another request.
        wire.head("GET /healthz")
        assert wire.answer().body == b"ok"


def test_a_body_that_comes_too_slowly_is_answered_408(strict: Server, key: Key) -> None:
    with Wire(strict) as wire:
        answer = wire.head("POST /1/upload", key, content_length=100).send(b'{"d":').answer()
    assert answer.status == 408
    assert answer.json()["error"] == "The body did not arrive within 1 seconds."


def test_a_head_that_comes_too_slowly_ends_the_connection(strict: Server) -> None:
    started = time.monotonic()
    with Wire(strict) as wire:
        assert wire.send(b"GET /healthz HTTP/1.1\r\nhost: tes").is_closed()
    assert time.monotonic() - started < 5


def test_an_unused_connection_is_closed(strict: Server) -> None:
    with Wire(strict) as wire:
        wire.head("GET /healthz")
        assert wire.answer().status == 200
        assert wire.is_closed()


def test_a_head_of_a_megabyte_is_refused(strict: Server) -> None:
    with Wire(strict) as wire:
        assert wire.head("GET /healthz", x="y" * 1_000_000).answer().status in (400, 431)


def test_a_client_that_leaves_amid_its_body_changes_nothing(strict: Server, key: Key) -> None:
    body = batch("left")
    with Wire(strict) as wire:
        wire.head("POST /1/upload", key, content_length=len(body)).send(body[:-1])
    assert not is_known(strict, key, "left")


def test_the_batch_of_a_client_that_leaves_after_it_is_applied(strict: Server, key: Key) -> None:
    body = batch("hasty")
    # Somebody else writes meanwhile, so that it leaves when the server has all of it and not before.
    with sqlite3.connect(strict.data / "mien.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with Wire(strict) as wire:
            wire.head("POST /1/upload", key, content_length=len(body)).send(body)
            time.sleep(0.5)
        other.execute("ROLLBACK")
    deadline = time.monotonic() + 10
    while not is_known(strict, key, "hasty"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_that_takes_too_long_is_answered_503(strict: Server, key: Key) -> None:
    # Somebody else writes for so long that the upload cannot.
    with sqlite3.connect(strict.data / "mien.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        answer = upload(strict, key, batch("late"))
        other.execute("ROLLBACK")
    assert 1.5 < time.monotonic() - started < 6
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"].endswith("it may have been applied.")
    assert upload(strict, key, batch("after")).json()["status"] == "success"


# U-20
def test_a_request_without_a_place_is_answered_429_after_a_while(strict: Server, key: Key) -> None:
    with Wire(strict) as first:
        first.head("POST /1/upload", key, content_length=100).send(b"{")
        started = time.monotonic()
        answer = upload(strict, key, batch("second"))
    assert time.monotonic() - started > 0.4
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json() == {
        "status": "fail",
        "error": "Too many concurrent requests",
        "code": 429,
    }


# U-20
def test_a_request_that_gets_a_place_in_time_is_served(strict: Server, key: Key) -> None:
    body = batch("first")
    with Wire(strict) as first:
        first.head("POST /1/upload", key, content_length=len(body)).send(body[:-1])
        timer = threading.Timer(0.2, first.send, (body[-1:],))
        timer.start()
        assert upload(strict, key, batch("second")).json()["status"] == "success"
        timer.join()
        assert first.answer().json()["status"] == "success"


# U-20
def test_one_environment_does_not_take_the_places_of_another(strict: Server, key: Key) -> None:
    other = strict.account()[0]
    with Wire(strict) as first:
        first.head("POST /1/upload", key, content_length=100).send(b"{")
        assert upload(strict, other, batch("other")).json()["status"] == "success"


def deflate_bare(body: bytes) -> bytes:
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(body) + maker.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", deflate_bare),
        ("identity", bytes),
    ],
    ids=["gzip", "upper case", "x-gzip", "zlib", "bare deflate", "identity"],
)
def test_a_compressed_body_is_read(strict: Server, key: Key, encoding: str, compress: type) -> None:
    answer = upload(strict, key, compress(batch("packed")), **{"content-encoding": encoding})
    assert answer.json() == {"status": "success", "processed": 1, "unprocessed": []}


def test_a_long_compressed_body_is_read_off_the_loop(strict: Server, key: Key) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(72_000)).decode()
    packed = gzip.compress(json.dumps({"d": [], "ignored": noise}).encode())
    assert len(packed) > 64 * 1024
    assert upload(strict, key, packed, **{"content-encoding": "gzip"}).status_code == 200


BOMB = b"\0" * 50_000_000


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(BOMB), 413),
        ("deflate", zlib.compress(BOMB), 413),
        ("deflate", deflate_bare(BOMB), 413),
        ("gzip", gzip.compress(gzip.compress(BOMB)), 400),
        ("gzip", gzip.compress(batch("x"))[:-9], 400),
        ("deflate", zlib.compress(batch("x"))[:-5], 400),
        ("gzip", gzip.compress(batch("x")) + b"garbage", 400),
        ("gzip", gzip.compress(batch("x")) + gzip.compress(b" "), 400),
        ("gzip", b"", 400),
        ("gzip", batch("x"), 400),
        ("deflate", batch("x"), 400),
        ("gzip, gzip", gzip.compress(gzip.compress(batch("x"))), 415),
        ("br", batch("x"), 415),
    ],
    ids=[
        "a gzip bomb",
        "a zlib bomb",
        "a deflate bomb",
        "a bomb in a bomb",
        "gzip cut short",
        "zlib cut short",
        "garbage behind",
        "two members",
        "nothing",
        "no gzip at all",
        "no deflate at all",
        "compressed twice",
        "brotli",
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(
    strict: Server, key: Key, encoding: str, body: bytes, status: int
) -> None:
    answer = upload(strict, key, body, **{"content-encoding": encoding})
    assert answer.status_code == status
    assert answer.json()["status"] == "fail"
