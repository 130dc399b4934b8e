"""Input that no client should send: refused with a 4xx, never answered with a 5xx."""

import base64
import json
import random
from collections.abc import Iterator

import httpx
import pytest

from mien.store import accounts
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.consistency import find_faults
from tests.support.servers import Key, Server

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def key(server: Server) -> Key:
    """Give a key for this file."""
    return server.account()[0]


@pytest.fixture
def client(server: Server, key: Key) -> Iterator[httpx.Client]:
    """Give a client of the server."""
    with httpx.Client(base_url=server.url, headers=key.headers, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    """Give the store under the server."""
    opened = prepare(server.store_url, may_migrate=False)
    yield opened
    opened.close()


def nested(depth: int, *, brackets: str = "[]") -> bytes:
    """Give JSON that nests so deep."""
    return brackets[:-1].encode() * depth + b"1" + brackets[-1].encode() * depth


VALUES = {
    "a huge integer": b"1" + b"0" * 5_000,
    "an integer of 30 digits": b"123456789012345678901234567890",
    "the first integer over 64 bits": str(2**63).encode(),
    "the first under 64 bits": str(-(2**63) - 1).encode(),
    "a huge exponent": b"1e400",
    "a tiny exponent": b"1e-400",
    "an endless exponent": b"1e" + b"9" * 5_000,
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "minus zero": b"-0.0",
    "NUL": b'"a\\u0000b"',
    "a raw NUL": b'"a\x00b"',
    "a control character": b'"a\\u001fb"',
    "a lone high surrogate": b'"\\ud83d"',
    "a lone low surrogate": b'"\\ude00 x"',
    "surrogates in the wrong order": b'"\\ude00\\ud83d"',
    "a raw surrogate": b'"\xed\xa0\x80"',
    "bytes that are no UTF-8": b'"\xff\xfe"',
    "an overlong slash": b'"\xc0\xaf"',
    "half an emoji": b'"\xf0\x9f\x98"',
    "a non-character": '"\uffff\U0010ffff"'.encode(),
    "right to left": '"\u202e\u200f\u2066"'.encode(),
    "null": b"null",
    "true": b"true",
    "a list of everything": b'[null,true,1,"a",[],{}]',
    "an object of everything": b'{"":null,"a":{"b":[{}]},"$incr":1,"$set":{}}',
    "an empty text": b'""',
    "a text of a megabyte": b'"' + b"x" * MEGABYTE + b'"',
    "a text of emoji": '"{}"'.format("\U0001f600" * 2_000).encode(),
    "10,000 levels of lists": nested(10_000),
    "10,000 levels of objects": nested(10_000, brackets='{"a":}'),
    "400 levels of lists": nested(400),
    "400 levels of objects": nested(400, brackets='{"a":}'),
}

PLACES = {
    "the body": b"@",
    "the records": b'{"d":@}',
    "a record": b'{"d":[@]}',
    "the type": b'{"d":[{"type":@,"identity":"ana"}]}',
    "an identity": b'{"d":[{"type":"profile","identity":@,"profileData":{}}]}',
    "an FBID": b'{"d":[{"type":"event","FBID":@,"evtName":"Seen"}]}',
    "an objectId": b'{"d":[{"type":"profile","objectId":@,"profileData":{}}]}',
    "an alias": b'{"d":[{"type":"profile","identity":"ana","profileData":{"identity":@}}]}',
    "a time": b'{"d":[{"type":"event","identity":"ana","evtName":"Seen","ts":@}]}',
    "the properties": b'{"d":[{"type":"profile","identity":"ana","profileData":@}]}',
    "a property": b'{"d":[{"type":"profile","identity":"ana","profileData":{"plan":@}}]}',
    "an e-mail": b'{"d":[{"type":"profile","identity":"ana","profileData":{"Email":@}}]}',
    "a phone": b'{"d":[{"type":"profile","identity":"ana","profileData":{"Phone":@}}]}',
    "a birthday": b'{"d":[{"type":"profile","identity":"ana","profileData":{"DOB":@}}]}',
    "an item": b'{"d":[{"type":"profile","identity":"ana","profileData":{"a":{"$add":[@]}}}]}',
    "an operand": b'{"d":[{"type":"profile","identity":"ana","profileData":{"n":{"$incr":@}}}]}',
    "a group": b'{"d":[{"type":"profile","identity":"ana","profileData":'
    b'{"category-unsubscribe":{"email":[@]}}}]}',
    "an event name": b'{"d":[{"type":"event","identity":"ana","evtName":@}]}',
    "event properties": b'{"d":[{"type":"event","identity":"ana","evtName":"A","evtData":@}]}',
    "an event property": b'{"d":[{"type":"event","identity":"ana","evtName":"A",'
    b'"evtData":{"x":@}}]}',
    "items": b'{"d":[{"type":"event","identity":"ana","evtName":"Charged","evtData":'
    b'{"Items":[{"x":@}]}}]}',
    "a token": b'{"d":[{"type":"token","objectId":"d","tokenData":{"id":@,"type":"fcm"}}]}',
}
KEYS = {
    "a key of the body": b'{"d":[],@:1}',
    "a key of a record": b'{"d":[{"type":"profile","identity":"ana","profileData":{},@:1}]}',
    "a key of a property": b'{"d":[{"type":"profile","identity":"ana","profileData":{@:1}}]}',
    "a key of an event": b'{"d":[{"type":"event","identity":"ana","evtName":"B","evtData":{@:1}}]}',
}


def check(answer: httpx.Response) -> None:
    """See that an answer is no fault, and says why in the shape of its API."""
    assert answer.status_code in (200, 400, 404, 413), (answer.status_code, answer.text[:300])
    body = answer.json()
    assert body.get("status") in ("success", "partial", "fail", answer.status_code), body


@pytest.mark.parametrize("place", [*PLACES.values(), *KEYS.values()], ids=[*PLACES, *KEYS])
def test_any_value_in_any_place_of_an_upload_is_taken_or_refused(
    client: httpx.Client, place: bytes
) -> None:
    for value in VALUES.values():
        if place in PLACES.values() or value[:1] == b'"':
            check(client.post("/1/upload", content=place.replace(b"@", value)))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_any_value_in_a_native_batch_is_taken_or_refused(
    client: httpx.Client, value: bytes
) -> None:
    for place in (
        b"@",
        b'{"records":@}',
        b'{"records":[@]}',
        b'{"records":[{"type":"profile","distinct_id":@,"properties":{"a":1}}]}',
        b'{"records":[{"type":"profile","distinct_id":"ana","properties":{"plan":@}}]}',
        b'{"records":[{"type":"event","distinct_id":"ana","name":@,"properties":{}}]}',
        b'{"records":[{"type":"event","distinct_id":"ana","name":"C","properties":{"x":@}}]}',
        b'{"records":[{"type":"profile","distinct_id":"ana","properties":{},"at":@}]}',
    ):
        check(client.post("/v1/batch", content=place.replace(b"@", value)))


@pytest.mark.parametrize(
    "place",
    [PLACES["a record"], PLACES["a property"], PLACES["an event property"], PLACES["an identity"]],
)
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_where_nesting_becomes_too_deep_it_is_refused_and_not_half_done(
    client: httpx.Client, place: bytes, brackets: str
) -> None:
    def upload(depth: int) -> httpx.Response:
        answer = client.post(
            "/1/upload", content=place.replace(b"@", nested(depth, brackets=brackets))
        )
        check(answer)
        return answer

    shallow, deep = 10, 10_000
    while deep - shallow > 1:
        middle = (shallow + deep) // 2
        if upload(middle).status_code == httpx.codes.OK:
            shallow = middle
        else:
            deep = middle
    for depth in range(shallow - 25, deep + 5):
        upload(depth)


BAD_IDS = [
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF",
    "%F0%9F%98",
    "%0A",
    "",
    "%20",
    "x" * 5_000,
    "%2B",
    "%",
]


@pytest.mark.parametrize("value", BAD_IDS)
def test_any_id_in_a_url_finds_somebody_or_nobody(client: httpx.Client, value: str) -> None:
    for path in (
        "/1/profile.json?identity={}",
        "/1/profile.json?email={}",
        "/1/profile.json?objectId={}",
        "/1/profiles.json?cursor={}",
        "/1/events.json?cursor={}",
        "/1/profiles.json?query={}",
        "/1/profiles.json?batch_size={}",
        "/v1/profile?distinct_id={}",
        "/v1/profile?object_id={}",
        "/v1/profile/history?distinct_id={}",
        "/v1/profile/events?distinct_id=ana&cursor={}",
        "/v1/rejects?cursor={}",
        "/v1/rejects?limit={}",
        "/v1/definitions/events?limit={}",
        "/v1/merge-suggestions?cursor={}",
    ):
        answer = client.get(httpx.URL(client.base_url.join(path.format(value))))
        assert answer.status_code < 500, (path, answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "name", ["\u0000", "a\u0000b", "\u001f", "x" * 5_000, "\U0001f600" * 1_024]
)
def test_any_event_name_may_be_asked_for(client: httpx.Client, name: str) -> None:
    for path in ("/1/profiles.json", "/1/events.json"):
        body = {"event_name": name, "from": 1, "to": 2}
        check(client.post(path, content=json.dumps(body)))


@pytest.mark.parametrize(
    "name", ["\u0000", "a\u0000b", "x" * 5_000, 10**30, -1, None, [], {}, [[]]]
)
def test_any_id_may_be_asked_to_be_deleted(client: httpx.Client, name: object) -> None:
    for field in ("identity", "guid"):
        check(client.post("/1/delete/profiles.json", content=json.dumps({field: name})))
        check(client.post("/1/delete/profiles.json", content=json.dumps({field: [name]})))


NOISE = base64.b64encode(random.Random(1).randbytes(4_000))


@pytest.mark.parametrize("value", [b"\x80\xff", NOISE, "ü".encode(), b'"quoted"', b"a\tb"])
def test_any_idempotency_key_is_used_or_refused(client: httpx.Client, value: bytes) -> None:
    headers = [(b"Idempotency-Key", value)]
    for path, body in (("/1/upload", b'{"d":[]}'), ("/v1/batch", b'{"records":[]}')):
        for _ in range(2):
            check(client.post(path, content=body, headers=headers))


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "ü", "x" * 5_000, "\U0001f600"])
def test_any_account_id_is_admitted_or_not(server: Server, name: str) -> None:
    for pair in (f"{name}:secret", f"secret:{name}", name):
        basic = base64.b64encode(pair.encode()).decode()
        answer = httpx.get(f"{server.url}/v1/rejects", headers={"Authorization": f"Basic {basic}"})
        assert answer.status_code == httpx.codes.UNAUTHORIZED
    for header in ("X-CleverTap-Account-Id", "X-CleverTap-Passcode"):
        raw = [(header.encode(), name.replace("\x00", "").encode())]
        answer = httpx.get(f"{server.url}/1/profile.json?identity=a", headers=raw)
        assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_a_body_of_16_mebibytes_is_read_and_one_byte_more_is_not(client: httpx.Client) -> None:
    body = b'{"d":[],"filler":"' + b"x" * (16 * MEGABYTE - 20) + b'"}'
    assert len(body) == 16 * MEGABYTE
    assert client.post("/1/upload", content=body).json()["status"] == "success"
    assert client.post("/1/upload", content=body + b" ").status_code == 413


def test_16_mebibytes_of_bad_records_are_refused_one_by_one(client: httpx.Client) -> None:
    record = (
        b'{"type":"profile","identity":"' + b"\xf0\x9f\x98\x80" * 4_000 + b'","profileData":{}}'
    )
    body = b'{"d":[' + b",".join([record] * 1_000) + b"]}"
    assert len(body) < 16 * MEGABYTE
    answer = client.post("/1/upload", content=body).json()
    assert (answer["processed"], len(answer["unprocessed"])) == (0, 1_000)


def test_after_all_of_this_the_store_is_whole_and_what_was_rejected_can_be_read(
    client: httpx.Client, server: Server, key: Key, store: Store
) -> None:
    with store.read() as tx:
        here = accounts.find_environment(tx, key.account_id)
    assert here is not None
    assert find_faults(store, only=here.environment_id) == []
    page = client.get("/v1/rejects", params={"limit": 50})
    assert page.status_code == httpx.codes.OK
    download = client.get("/v1/rejects/download")
    assert download.status_code == httpx.codes.OK
    assert all(json.loads(line) for line in download.text.splitlines())
    assert "request.failed" not in server.log()
