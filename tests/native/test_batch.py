"""`POST /v1/batch`: one result for each record, that says what it changed."""

import gzip
import json

import httpx
import pytest

from mien import clock
from tests.native.callers import Native, event, problem, profile
from tests.support.servers import Server


def test_a_new_profile_is_created_with_all_that_was_sent(native: Native) -> None:
    answer = native.send(profile("ana", Name="Ana", score=3))
    assert answer == {
        "status": "success",
        "processed": 1,
        "dry_run": False,
        "results": [
            {
                "position": 1,
                "status": "applied",
                "created": True,
                "changes": [
                    {"property": "Name", "new": "Ana"},
                    {"property": "score", "new": 3},
                ],
                "attached": [{"kind": "identity", "value": "ana"}],
            }
        ],
    }


def test_a_result_tells_old_and_new_values_and_names_the_profile(native: Native) -> None:
    native.send(profile("ana", plan="silver", tags=["a"], old="x"))
    result = native.result(
        profile("ana", plan="gold", tags={"$add": "b"}, old={"$delete": True}, plan2="new")
    )
    assert result == {
        "position": 1,
        "status": "applied",
        "object_id": native.get("profile", distinct_id="ana")["object_id"],
        "changes": [
            {"property": "plan", "old": "silver", "new": "gold"},
            {"property": "tags", "old": ["a"], "new": ["a", "b"]},
            {"property": "old", "old": "x"},
            {"property": "plan2", "new": "new"},
        ],
    }


def test_a_record_that_changes_nothing_says_unchanged(native: Native) -> None:
    native.send(profile("ana", plan="gold"))
    result = native.result(profile("ana", plan="gold"))
    assert result["status"] == "unchanged"
    assert "changes" not in result


def test_an_event_is_applied_each_time(native: Native) -> None:
    answer = native.send(event("ana", "Charged", Amount=9.5), event("ana", "charged"))
    assert [result["status"] for result in answer["results"]] == ["applied", "applied"]
    known = native.get("profile", distinct_id="ana")["events"]
    assert known["Charged"]["count"] == 2


def test_ids_in_our_own_names_find_and_join_a_profile(native: Native) -> None:
    answer = native.send(
        {"type": "profile", "object_id": "device-1", "properties": {"seen": True}},
        {
            "type": "profile",
            "distinct_id": "ana",
            "facebook_id": "fb",
            "google_id": 7,
            "object_id": "device-1",
            "properties": {},
        },
    )
    first, second = answer["results"]
    assert first["attached"] == [{"kind": "objectId", "value": "device-1"}]
    assert second["attached"] == [
        {"kind": "identity", "value": "ana"},
        {"kind": "FBID", "value": "fb"},
        {"kind": "GPID", "value": "7"},
    ]
    assert "created" not in second
    assert native.get("profile", distinct_id="ana")["properties"] == {"seen": True}


def test_ids_of_two_people_are_a_conflict_and_a_suggestion(native: Native) -> None:
    native.send(profile("ana"), profile("bo"))
    record = {**profile("ana", x=1), "properties": {"x": 1, "identity": "bo"}}
    assert native.result(record)["conflicts"] == [{"kind": "identity", "value": "bo"}]
    ana, bo = (native.get("profile", distinct_id=each)["object_id"] for each in ("ana", "bo"))
    (suggestion,) = native.items("merge-suggestions", "merge_suggestions")
    assert suggestion.pop("suggested_at").endswith("Z")
    assert suggestion == {
        "object_id": ana,
        "other_object_id": bo,
        "kind": "identity",
        "value": "bo",
        "source": "v1:1",
    }


def test_merge_suggestions_come_in_pages(native: Native) -> None:
    people = [f"p{number}" for number in range(5)]
    native.send(profile("ana"), *map(profile, people))
    native.send(*(profile("ana", identity=each) for each in people))
    pages = list(native.pages("merge-suggestions", "merge_suggestions", limit=2))
    assert [[each["value"] for each in page] for page in pages] == [
        ["p0", "p1"],
        ["p2", "p3"],
        ["p4"],
    ]


def test_a_token_is_given_to_a_device_that_is_known(native: Native) -> None:
    token = {"type": "token", "object_id": "d", "token": {"id": "t", "type": "fcm"}}
    assert native.result(token)["code"] == 530
    native.send({"type": "profile", "object_id": "d", "properties": {}})
    assert native.result(token)["status"] == "applied"
    assert native.result(token)["status"] == "unchanged"
    (device,) = native.get("profile", object_id="d")["devices"]
    assert (device["platform"], device["token"]) == (
        "Android",
        {"id": "t", "type": "fcm", "state": "active"},
    )


def test_a_bad_record_is_rejected_alone_and_comes_back_as_it_was_sent(native: Native) -> None:
    bad = {"type": "profile", "distinct_id": "ana", "properties": {"Email": "ana@"}, "at": 5}
    answer = native.send(profile("ana", a=1), bad, profile("ana", b=2))
    assert (answer["status"], answer["processed"]) == ("partial", 2)
    assert answer["results"][1] == {
        "position": 2,
        "status": "rejected",
        "code": 515,
        "reason": "Email is not valid",
        "record": bad,
    }
    assert native.get("profile", distinct_id="ana")["properties"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("record", "code", "words"),
    [
        ({"type": "profile", "properties": {}}, 523, "distinct_id, facebook_id, google_id or"),
        ({"type": "profile", "distinct_id": "null", "properties": {}}, 523, "distinct_id value"),
        ({"type": "profile", "distinct_id": "a"}, 615, "properties needs to be an object"),
        ({"type": "event", "distinct_id": "a", "name": "B", "properties": 1}, 512, "properties"),
        ({"type": "event", "distinct_id": "a"}, 509, "Event name is mandatory"),
        ({"type": "profile", "object_id": "%", "properties": {}}, 526, "object_id needs"),
        ({"type": "token", "object_id": "identity"}, 531, "token needs to be an object"),
        ({"type": "token", "object_id": "ts", "token": {}}, 532, "token has no id"),
        ({"type": "nothing"}, 524, "neither profile, event nor token"),
        ([1], 524, "A record needs to be an object"),
        (None, 524, "A record needs to be an object"),
    ],
)
def test_reasons_use_the_names_of_this_api(
    native: Native, record: object, code: int, words: str
) -> None:
    result = native.result(record)
    assert (result["status"], result["code"]) == ("rejected", code)
    assert words in result["reason"]
    assert result.get("record") == record


def test_keys_that_mean_nothing_are_named(native: Native) -> None:
    record = {**profile("ana", a=1), "identity": "bo", "name": "Ana"}
    result = native.result(record)
    assert result["ignored_keys"] == ["identity", "name"]
    assert result["attached"] == [{"kind": "identity", "value": "ana"}]


def test_a_profile_may_have_any_number_of_keys(native: Native) -> None:
    native.send(profile("ana", **{f"a{n}": n for n in range(200)}))
    result = native.result(profile("ana", **{f"b{n}": n for n in range(200)}))
    assert len(result["changes"]) == 200


def test_counting_starts_at_zero(native: Native) -> None:
    result = native.result(profile("ana", visits={"$incr": 2}))
    assert result["changes"] == [{"property": "visits", "new": 2}]


def test_late_data_leaves_what_a_later_time_set(native: Native) -> None:
    now = clock.now_ms() // 1_000
    native.send(profile("ana", now - 100, plan="gold", city="Rome"))
    result = native.result(profile("ana", now - 200, plan="silver", hair="red"))
    assert result["status"] == "applied"
    assert result["stale"] == ["plan"]
    assert result["changes"] == [{"property": "hair", "new": "red"}]
    assert native.result(profile("ana", now - 200, plan="x"))["status"] == "unchanged"
    assert "stale" not in native.result(profile("ana", now - 50, plan="bronze"))
    assert native.get("profile", distinct_id="ana")["properties"]["plan"] == "bronze"


def test_keys_given_twice_are_named_with_their_place(native: Native) -> None:
    body = (
        '{"records":[{"type":"profile","distinct_id":"ana","properties":{"a":1,"a":2}},'
        '{"type":"event","distinct_id":"ana","name":"Charged","name":"Charged","properties":'
        '{"Items":[{"p":1},{"p":1,"p":2}]}},{"type":"profile","distinct_id":"b","properties":{}}]}'
    )
    for dry_run in (True, False):
        answer = native.http.post("/v1/batch", content=body, params={"dry_run": dry_run}).json()
        lost = [result.get("lost_keys") for result in answer["results"]]
        assert lost == [["properties.a"], ["name", "properties.Items[1].p"], None]
        assert "lost_keys" not in answer
    assert native.get("profile", distinct_id="ana")["properties"] == {"a": 2}


def test_records_given_twice_are_a_lost_key_of_the_body(native: Native) -> None:
    record = json.dumps(profile("ana", a=1))
    body = f'{{"records":[{record},{record}],"records":[{record}]}}'
    answer = native.http.post("/v1/batch", content=body).json()
    assert answer["lost_keys"] == ["records"]
    assert len(answer["results"]) == 1


def test_a_dry_run_gives_the_same_answer_and_writes_nothing(native: Native) -> None:
    native.send(profile("ana", n=1))
    before = native.get("profile/history", distinct_id="ana")
    records = [profile("ana", n={"$incr": 1}), event("bo", "New Event"), profile("c", Age="x")]
    dry = native.send(*records, dry_run=True, key="k")
    assert native.get("profile/history", distinct_id="ana") == before
    assert native.http.get("/v1/profile?distinct_id=bo").status_code == 404
    assert native.get("definitions/events") == {"events": []}
    assert native.get("rejects") == {"rejects": []}
    real = native.send(*records, key="k")
    assert dry.pop("dry_run") is True
    assert real.pop("dry_run") is False
    assert dry == real


def test_the_same_key_and_body_give_the_first_answer_and_apply_nothing(native: Native) -> None:
    first = native.send(profile("ana", n={"$incr": 1}), key="k-1")
    assert native.send(profile("ana", n={"$incr": 1}), key="k-1") == first
    assert native.get("profile", distinct_id="ana")["properties"] == {"n": 1}


def test_the_same_key_with_another_body_is_a_conflict(native: Native) -> None:
    native.send(profile("ana"), key="k-1")
    answer = native.http.post(
        "/v1/batch", json={"records": [profile("bo")]}, headers={"Idempotency-Key": "k-1"}
    )
    assert problem(answer, 409)["code"] == "idempotency_key_reused"


def test_a_key_of_the_compatible_api_is_no_key_of_this_one(native: Native) -> None:
    headers = {"Idempotency-Key": "k", **native.key.headers}
    native.http.post("/1/upload", json={"d": []}, headers=headers)
    answer = native.http.post("/v1/batch", json={"records": [profile("a")]}, headers=headers)
    assert problem(answer, 409)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("", "malformed_request", ""),
        ("{", "malformed_request", ""),
        ('{"records":[NaN]}', "malformed_request", ""),
        ('{"records":' + "[" * 5_000 + "]" * 5_000 + "}", "malformed_request", ""),
        ("[]", "invalid_input", "Expected `object`"),
        ("{}", "invalid_input", "records"),
        ('{"records":{}}', "invalid_input", "records: Expected `array`"),
        ('{"records":[]}', "invalid_input", "records: Expected `array` of length >= 1"),
        ('{"records":[{}],"dry_run":true}', "invalid_input", "dry_run"),
        (json.dumps({"records": [1] * 1_001}), "invalid_input", "length <= 1000"),
    ],
)
def test_a_body_of_another_form_is_refused_whole(
    native: Native, body: str, code: str, words: str
) -> None:
    found = problem(native.http.post("/v1/batch", content=body), 400)
    assert found["code"] == code
    assert words in found["detail"]


@pytest.mark.parametrize("kind", ["record", "value", "repeated key"])
def test_a_body_may_nest_at_any_depth_and_is_answered(native: Native, kind: str) -> None:
    statuses = set()
    for depth in range(820, 1_010, 3):
        nest = "[" * depth + "]" * depth
        record = {
            "record": nest,
            "value": f'{{"type":"profile","distinct_id":"ana","properties":{{"x":{nest}}}}}',
            "repeated key": f'{{"type":"event","distinct_id":"ana","x":1,"x":{nest}}}',
        }[kind]
        answer = native.http.post("/v1/batch", content=f'{{"records":[{record}]}}')
        statuses.add(answer.status_code)
    assert statuses == {200, 400}
    assert len(native.items("rejects", "rejects")) > 0


def test_bad_parameters_are_named(native: Native) -> None:
    body = {"records": [profile("ana")]}
    answer = native.http.post("/v1/batch", params={"dry_run": "maybe"}, json=body)
    assert "dry_run" in problem(answer, 400)["detail"]
    answer = native.http.post("/v1/batch", json=body, headers={"Idempotency-Key": "with space"})
    assert "idempotency_key" in problem(answer, 400)["detail"]


def test_bodies_may_be_compressed_and_bombs_are_refused(native: Native) -> None:
    headers = {"Content-Encoding": "gzip"}
    body = gzip.compress(json.dumps({"records": [profile("ana")]}).encode())
    assert native.http.post("/v1/batch", content=body, headers=headers).status_code == 200
    bomb = gzip.compress(b" " * (17 * 1024 * 1024))
    problem(native.http.post("/v1/batch", content=bomb, headers=headers), 413)


def test_both_ways_to_say_who_calls_are_good(server: Server, native: Native) -> None:
    where, key = f"{server.url}/v1/environment", native.key
    assert httpx.get(where, headers=key.headers).status_code == 200
    assert httpx.get(where, auth=(key.account_id, key.passcode)).status_code == 200
    answer = httpx.get(where, auth=(key.account_id, "wrong"))
    assert problem(answer, 401)["code"] == "wrong_passcode"
    assert answer.headers["www-authenticate"].startswith("Basic")
    problem(httpx.get(where), 401)


def test_who_calls_is_looked_at_before_what_they_ask(server: Server) -> None:
    problem(httpx.get(f"{server.url}/v1/rejects?limit=nonsense"), 401)
