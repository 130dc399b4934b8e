"""`/v1/erasures`: many people at once, and a time in which it can be cancelled (P-15, B-07)."""

import pytest

from tests.native.callers import Json, Native, problem, profile


def ask(native: Native, **body: object) -> Json:
    """Ask for erasures and give the answer."""
    answer = native.http.post("/v1/erasures", json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def is_there(native: Native, name: str) -> bool:
    """Tell whether a person is known."""
    return native.http.get("/v1/profile", params={"distinct_id": name}).status_code == 200


def test_people_are_erased_at_once_with_a_receipt_each(native: Native) -> None:
    native.send(profile("ana", n=1), profile("bo"))
    number = native.get("profile", distinct_id="ana")["object_id"]
    answer = ask(native, distinct_ids=["ana", "nobody", "", "bo"])
    assert (answer["status"], answer["processed"]) == ("partial", 2)
    assert [each["status"] for each in answer["results"]] == [
        "done",
        "not_found",
        "not_found",
        "done",
    ]
    entry = answer["results"][0]["erasure"]
    assert entry["object_id"] == number == entry["receipt"]["object_id"]
    assert entry["receipt"]["removed"]["profiles"] == 1
    assert (is_there(native, "ana"), is_there(native, "bo")) == (False, False)
    assert native.get(f"erasures/{entry['id']}") == entry


def test_an_erasure_that_waits_is_shown_and_can_be_cancelled(native: Native) -> None:
    native.send(profile("ana"), {**profile("bo"), "object_id": "d-1"})
    [first] = ask(native, distinct_ids=["ana"], after_hours=24)["results"]
    [second] = ask(native, object_ids=["-d-1"], after_hours=720)["results"]
    waiting = [first["erasure"], second["erasure"]]
    assert [each["state"] for each in waiting] == ["waiting", "waiting"]
    assert waiting[0]["actor"]
    assert native.items("erasures", "erasures", limit=1) == waiting[::-1]
    cancelled = native.http.delete(f"/v1/erasures/{waiting[0]['id']}")
    assert cancelled.json() == waiting[0]
    again = native.http.delete(f"/v1/erasures/{waiting[0]['id']}")
    assert problem(again, 404)["code"] == "not_found"
    assert native.get("erasures")["erasures"] == [waiting[1]]
    assert is_there(native, "ana")


def test_an_erasure_that_is_done_cannot_be_cancelled(native: Native) -> None:
    native.send(profile("ana"))
    [result] = ask(native, distinct_ids=["ana"])["results"]
    answer = native.http.delete(f"/v1/erasures/{result['erasure']['id']}")
    assert problem(answer, 409)["code"] == "erasure_done"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"distinct_ids": ["a"], "object_ids": ["b"]},
        {"distinct_ids": []},
        {"distinct_ids": ["a"] * 101},
        {"distinct_ids": [1]},
        {"distinct_ids": ["a"], "after_hours": -1},
        {"distinct_ids": ["a"], "after_hours": 721},
        {"distinct_ids": ["a"], "after_days": 1},
    ],
    ids=repr,
)
def test_a_call_of_another_form_is_refused(native: Native, body: Json) -> None:
    problem(native.http.post("/v1/erasures", json=body), 400)


@pytest.mark.parametrize("number", ["0", "1", "9" * 30])
def test_an_erasure_that_is_not_there_is_not_found(native: Native, number: str) -> None:
    for method in ("GET", "DELETE"):
        answer = native.http.request(method, f"/v1/erasures/{number}")
        assert answer.status_code in (400, 404)


def test_nothing_crosses_into_another_environment(native: Native, native_test: Native) -> None:
    native.send(profile("ana"))
    [result] = ask(native, distinct_ids=["ana"], after_hours=1)["results"]
    path = f"/v1/erasures/{result['erasure']['id']}"
    assert native_test.http.get(path).status_code == 404
    assert native_test.http.delete(path).status_code == 404
    assert native_test.get("erasures") == {"erasures": []}
    assert [each["status"] for each in ask(native_test, distinct_ids=["ana"])["results"]] == [
        "not_found"
    ]
