"""`/v1/rejects`: kept as they came, listed, downloaded, and applied after all."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.native.callers import Json, Native, event, problem, profile


def test_a_reject_is_kept_as_it_came(native: Native) -> None:
    bad = {**profile("ana", Email="ana@"), "identity": "ignored", "at": 5}
    native.send(profile("ana"), bad)
    (kept,) = native.get("rejects")["rejects"]
    assert kept.pop("received_at").endswith("Z")
    assert kept == {
        "id": kept["id"],
        "record": bad,
        "position": 2,
        "code": 515,
        "reason": "Email is not valid",
        "source": "v1:1",
    }


def test_each_wire_keeps_its_own_names(native: Native) -> None:
    compatible = {"type": "event", "identity": "ana", "evtName": "Seen", "evtData": 5}
    ours = {"type": "event", "distinct_id": "ana", "name": "Seen", "properties": 5}
    native.compatible(compatible)
    native.send(ours)
    newest, oldest = native.get("rejects")["rejects"]
    assert (newest["record"], newest["source"]) == (ours, "v1:1")
    assert (oldest["record"], oldest["source"]) == (compatible, "api:1")
    assert newest["reason"] == "properties needs to be an object"
    assert oldest["reason"] == "evtData needs to be an object"


def test_rejects_come_newest_first_in_pages(native: Native) -> None:
    native.send(*(profile("ana", Age=f"x{number}") for number in range(7)))
    pages = list(native.pages("rejects", "rejects", limit=3))
    assert [[each["position"] for each in page] for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]


def test_all_rejects_are_downloaded_a_line_each(native: Native) -> None:
    native.send(*(profile("ana", Age=f"x{number}") for number in range(350)))
    answer = native.http.get("/v1/rejects/download")
    assert answer.headers["content-type"].startswith("application/jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == native.items("rejects", "rejects")
    assert len(lines) == 350


def test_nothing_rejected_is_an_empty_file(native: Native) -> None:
    assert native.http.get("/v1/rejects/download").content == b""


def test_a_mended_record_is_applied_and_the_reject_marked(native: Native) -> None:
    reject = _reject(native, profile("ana", Email="ana@", plan="gold"))
    answer = native.replay({"id": reject, "record": profile("ana", Email="ana@example.com")})
    assert answer["status"] == "success"
    assert answer["results"][0]["changes"] == [{"property": "Email", "new": "ana@example.com"}]
    (kept,) = native.get("rejects")["rejects"]
    assert kept["replayed_at"].endswith("Z")


def test_a_second_replay_says_so_and_applies_nothing(native: Native) -> None:
    reject = _reject(native, event("ana", "App Launched"))
    mended = {"id": reject, "record": event("ana", "Opened")}
    native.replay(mended)
    answer = native.replay(mended)
    (result,) = answer["results"]
    assert (answer["status"], result["status"]) == ("success", "unchanged")
    assert result["reason"].startswith(f"Reject {reject} was replayed at ")
    assert native.get("profile", distinct_id="ana")["events"]["Opened"]["count"] == 1


def test_a_record_that_fails_again_stays_as_it_was(native: Native) -> None:
    reject = _reject(native, profile("ana", Age="x"))
    before = native.get("rejects")
    answer = native.replay({"id": reject})
    assert answer["results"] == [
        {
            "position": 1,
            "status": "rejected",
            "code": 520,
            "reason": "Age is invalid",
            "record": profile("ana", Age="x"),
        }
    ]
    assert native.get("rejects") == before


def test_the_stored_record_is_applied_once_the_rule_changed(native: Native) -> None:
    native.send(event("ana", "Seen"))
    native.http.patch("/v1/definitions/events?name=Seen", json={"state": "discarded"})
    reject = _reject(native, event("bo", "Seen", n=1))
    native.http.patch("/v1/definitions/events?name=Seen", json={"state": "active"})
    assert native.replay({"id": reject})["results"][0]["status"] == "applied"
    (found,) = native.get("profile/events", distinct_id="bo")["events"]
    assert found["properties"] == {"n": 1}


def test_a_replayed_record_counts_as_of_the_time_it_came_in(native: Native) -> None:
    reject = _reject(native, profile("ana", Email="broken", plan="first"))
    received_at = native.get("rejects")["rejects"][0]["received_at"]
    native.send(profile("ana", plan="later", at_least=1))
    native.http.post("/v1/batch", json={"records": [profile("ana", 1, city="x")]})
    answer = native.replay({"id": reject, "record": profile("ana", mood="fine")})
    assert answer["results"][0]["status"] == "applied"
    newest = native.get("profile/history", distinct_id="ana")["history"][0]
    assert newest["changes"] == [{"property": "mood", "new": "fine"}]
    assert "at" in newest
    assert received_at.endswith("Z")


@pytest.mark.parametrize(
    "mended",
    [
        {"type": "profile", "identity": "ana", "profileData": {"n": {"$incr": 1}}},
        {"type": "profile", "distinct_id": "ana", "properties": {"n": {"$incr": 1}}},
    ],
)
def test_the_rules_are_those_of_the_wire_that_it_came_by(native: Native, mended: Json) -> None:
    """Whatever shape the mended record has: on the compatible API counting needs a number first."""
    native.compatible({"type": "profile", "identity": "ana", "profileData": {"Age": "x"}})
    compatible = native.get("rejects")["rejects"][0]["id"]
    ours = _reject(native, profile("ana", Age="x"))
    first, second = native.replay(
        {"id": compatible, "record": mended}, {"id": ours, "record": mended}
    )["results"]
    assert (first["status"], first["code"], first["record"]) == ("rejected", 612, mended)
    assert second["changes"] == [{"property": "n", "new": 1}]


def test_ids_of_both_wires_are_answered_in_order(native: Native) -> None:
    ours = _reject(native, profile("ana", Age="x"))
    native.compatible({"type": "profile", "identity": "bo", "profileData": {"Age": "x"}})
    compatible = native.get("rejects")["rejects"][0]["id"]
    done = _reject(native, profile("cy", Age="x"))
    native.replay({"id": done, "record": profile("cy", a=1)})
    answer = native.replay(
        {
            "id": compatible,
            "record": {"type": "profile", "identity": "bo", "profileData": {"b": 1}},
        },
        {"id": 999_999},
        {"id": done},
        {"id": ours, "record": profile("ana", a=1)},
    )
    assert (answer["status"], answer["processed"]) == ("partial", 3)
    assert [result["status"] for result in answer["results"]] == [
        "applied",
        "rejected",
        "unchanged",
        "applied",
    ]
    assert [result["position"] for result in answer["results"]] == [1, 2, 3, 4]
    assert answer["results"][1]["reason"] == "There is no reject 999999"
    sources = [
        native.get("profile/history", distinct_id=each)["history"][0]["source"]
        for each in ("ana", "bo")
    ]
    assert sources == ["v1:1", "api:1"]


def test_the_rest_of_a_record_that_fits_in_part_is_kept_anew(native: Native) -> None:
    native.compatible({"type": "profile", "identity": "ana", "profileData": {"Age": "x"}})
    reject = native.get("rejects")["rejects"][0]["id"]
    data = {f"k{number}": number for number in range(260)}
    mended = {"type": "profile", "identity": "ana", "profileData": data}
    (result,) = native.replay({"id": reject, "record": mended})["results"]
    assert (result["status"], result["code"]) == ("applied", 614)
    assert len(result["record"]["profileData"]) == 4
    rest, first = native.get("rejects")["rejects"]
    assert rest["record"] == result["record"]
    assert "replayed_at" in first


def test_racing_replays_count_a_record_once(native: Native) -> None:
    rejects = [_reject(native, profile("ana", Age="x")) for _ in range(3)]
    mended = [{"id": each, "record": profile("ana", n={"$incr": 1})} for each in rejects]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: native.replay(*mended), range(12)))
    statuses = [result["status"] for answer in answers for result in answer["results"]]
    assert statuses.count("applied") == 3
    assert statuses.count("unchanged") == 33
    assert native.get("profile", distinct_id="ana")["properties"] == {"n": 3}


def test_the_same_key_gives_the_first_answer_of_a_replay(native: Native) -> None:
    native.compatible({"type": "profile", "identity": "bo", "profileData": {"Age": "x"}})
    compatible = native.get("rejects")["rejects"][0]["id"]
    wanted: list[Json] = [
        {"id": _reject(native, profile("ana", Age="x")), "record": profile("ana", n=1)},
        {"id": compatible, "record": profile("bo", n=1)},
    ]
    first = native.replay(*wanted, key="r-1")
    assert [result["status"] for result in first["results"]] == ["applied", "applied"]
    assert native.replay(*wanted, key="r-1") == first
    answer = native.http.post(
        "/v1/rejects/replay", json={"rejects": wanted[:1]}, headers={"Idempotency-Key": "r-1"}
    )
    assert problem(answer, 409)["code"] == "idempotency_key_reused"


def test_keys_given_twice_in_a_mended_record_are_named(native: Native) -> None:
    reject = _reject(native, profile("ana", Age="x"))
    body = (
        f'{{"rejects":[{{"id":{reject},"record":{{"type":"profile","distinct_id":"ana",'
        '"properties":{"a":1,"a":2}}}]}'
    )
    answer = native.http.post("/v1/rejects/replay", content=body).json()
    assert answer["results"][0]["lost_keys"] == ["properties.a"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"rejects": []}, "length >= 1"),
        ({"rejects": [{"id": 0}]}, "rejects[0].id"),
        ({"rejects": [{"id": "1"}]}, "rejects[0].id"),
        ({"rejects": [{"id": 2**63}]}, "rejects[0].id"),
        ({"rejects": [{"record": {}}]}, "missing required field `id`"),
        ({"rejects": [{"id": 1}, {"id": 1}]}, "rejects[1].id: 1 is given twice"),
        ({"rejects": [{"id": 1}] * 1_001}, "length <= 1000"),
    ],
)
def test_a_replay_of_another_form_is_refused(native: Native, body: object, words: str) -> None:
    answer = native.http.post("/v1/rejects/replay", json=body)
    assert words in problem(answer, 400)["detail"]


def test_rejects_go_with_the_person_that_they_name(native: Native) -> None:
    native.send(profile("ana"), profile("bo"))
    reject = _reject(native, profile("ana", Age="x"))
    other = _reject(native, profile("bo", Age="x"))
    native.http.delete("/v1/profile?distinct_id=ana")
    assert [each["id"] for each in native.get("rejects")["rejects"]] == [other]
    assert native.replay({"id": reject})["results"][0]["reason"].startswith("There is no reject")
    problem(native.http.get("/v1/profile?distinct_id=ana"), 404)


def _reject(native: Native, record: object) -> int:
    """Have a record rejected, and give the id under which it is kept."""
    assert native.result(record)["status"] == "rejected"
    found = native.get("rejects", limit=1)["rejects"][0]["id"]
    assert isinstance(found, int)
    return found
