"""`/v1/segments`: segments saved, listed, changed and deleted (S-01, S-02, P-11)."""

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Serve
from tests.native.callers import Json, Native, event, problem, profile
from tests.support.accounts import Accounts
from tests.support.servers import Server

TREE: Json = {"property": "Plan", "op": "equals", "value": "Gold"}


def create(native: Native, name: str = "Gold", tree: Json = TREE, **more: object) -> Json:
    """Save a segment."""
    answer = native.http.post("/v1/segments", json={"name": name, "tree": tree, **more})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


# S-01
def test_a_segment_is_saved_in_canonical_form_and_told_in_english(native: Native) -> None:
    tree = {"property": "Plan", "op": "any_of", "values": ["b", 2.0, "a", 2]}
    made = create(native, "Some", tree, description="Two letters and a number.")
    assert made == {
        "id": "1",
        "name": "Some",
        "description": "Two letters and a number.",
        "is_system": False,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "source": "v1:1",
        "tree": {**tree, "values": [2, "a", "b"]},
        "sentence": 'People whose Plan is 2, "a" or "b".',
    }
    assert native.get("segments/1") == made


# P-11
def test_the_segments_of_the_system_come_first_and_stay(native: Native) -> None:
    for name in ("b", "a", "Test"):
        create(native, name)
    listed = native.items("segments", "segments", limit=1)
    assert [each["name"] for each in listed] == ["Test users", "Test", "a", "b"]
    assert listed[0] == {
        "id": "test-users",
        "name": "Test users",
        "description": "People marked as test users.",
        "is_system": True,
        "source": "mien",
    }
    assert native.get("segments/test-users")["tree"] == {"test_user": True}
    for answer in (
        native.http.delete("/v1/segments/test-users"),
        native.http.patch("/v1/segments/test-users", json={"name": "Mine"}),
    ):
        assert problem(answer, 409)["code"] == "system_segment"
    answer = native.http.post("/v1/segments", json={"name": "test users", "tree": TREE})
    assert problem(answer, 409)["code"] == "segment_name_taken"


def test_what_a_change_does_not_name_stays(native: Native) -> None:
    made = create(native, description="Paid.")
    answer = native.http.patch(f"/v1/segments/{made['id']}", json={"tree": {"test_user": True}})
    changed = answer.json()
    assert (changed["name"], changed["description"]) == ("Gold", "Paid.")
    assert changed["sentence"] == "People who are test users."
    assert native.get("segments/1") == changed


# S-02
def test_a_segment_is_deleted_once_no_other_is_made_of_it(native: Native) -> None:
    made = create(native)
    user = create(native, "Not gold", {"not": {"segment": made["id"]}})
    refusal = problem(native.http.delete(f"/v1/segments/{made['id']}"), 409)
    assert refusal["code"] == "segment_in_use"
    assert refusal["detail"] == "The segment 1 is part of 'Not gold' (2)."
    for each in (user, made):
        answer = native.http.delete(f"/v1/segments/{each['id']}")
        assert (answer.status_code, answer.json()) == (200, each)
        problem(native.http.get(f"/v1/segments/{each['id']}"), 404)


def deep(levels: int) -> Json:
    """Give a tree of so many levels."""
    tree: Json = {"test_user": True}
    for _ in range(levels - 1):
        tree = {"not": tree}
    return tree


REFUSED: list[tuple[Any, str, str]] = [
    ({"tree": TREE}, "invalid_input", "name"),
    ({"name": "A"}, "invalid_input", "tree"),
    ({"name": "A", "tree": []}, "invalid_input", "tree"),
    ({"name": "A", "tree": TREE, "size": 1}, "invalid_input", "size"),
    ({"name": "", "tree": TREE}, "invalid_input", "name"),
    ({"name": "\x00", "tree": TREE}, "invalid_input", "name"),
    ({"name": "x" * 201, "tree": TREE}, "invalid_input", "name"),
    ({"name": "A", "tree": TREE, "description": "\x00"}, "invalid_input", "description"),
    ({"name": "A", "tree": {}}, "invalid_segment", "tree: "),
    ({"name": "A", "tree": {"all": [{"segment": "9"}]}}, "invalid_segment", "tree.all[0].segment"),
    ({"name": "A", "tree": {**TREE, "op": "like"}}, "invalid_segment", "tree.op"),
    ({"name": "A", "tree": deep(17)}, "invalid_segment", "deeper than 16 levels"),
    ({"name": "A", "tree": deep(900)}, "invalid_segment", "deeper than 16 levels"),
]


# S-02
@pytest.mark.parametrize(
    ("body", "code", "detail"), REFUSED, ids=[str(place) for place in range(len(REFUSED))]
)
def test_a_wrong_segment_is_refused_and_told_where(
    native: Native, body: object, code: str, detail: str
) -> None:
    refusal = problem(native.http.post("/v1/segments", json=body), 400)
    assert refusal["code"] == code
    assert detail in refusal["detail"]
    assert len(native.get("segments")["segments"]) == 1


# S-02
@pytest.mark.parametrize("levels", [1_000, 5_000, 100_000])
def test_a_tree_a_thousand_deep_and_more_is_refused(native: Native, levels: int) -> None:
    tree = '{"not":' * levels + '{"test_user":true}' + "}" * levels
    body = f'{{"name":"A","tree":{tree}}}'
    refusal = problem(native.http.post("/v1/segments", content=body), 400)
    assert refusal["code"] == "invalid_segment"
    assert "deeper than 16 levels" in refusal["detail"]


# S-02
def test_a_circle_of_segments_is_refused_and_named(native: Native) -> None:
    create(native, "A")
    create(native, "B", {"not": {"segment": "1"}})
    answer = native.http.patch("/v1/segments/1", json={"tree": {"segment": "2"}})
    refusal = problem(answer, 400)
    assert refusal["detail"].endswith("would include itself: 'A' (1) → 'B' (2) → 'A' (1)")


def test_segments_of_one_environment_are_not_those_of_the_other(
    native: Native, native_test: Native
) -> None:
    create(native)
    problem(native_test.http.get("/v1/segments/1"), 404)
    body = {"name": "A", "tree": {"segment": "1"}}
    problem(native_test.http.post("/v1/segments", json=body), 400)


@pytest.mark.parametrize("segment", ["9", "%00", "test%2Dusers%00", "'", "%F0%9F%98%80", "x" * 500])
def test_a_segment_that_is_not_there_is_told_so(native: Native, segment: str) -> None:
    problem(native.http.get(f"/v1/segments/{segment}"), 404)
    problem(native.http.delete(f"/v1/segments/{segment}"), 404)
    problem(native.http.patch(f"/v1/segments/{segment}", json={"name": "A"}), 404)


def explain(native: Native, **body: object) -> Json:
    """Explain why somebody is in a segment."""
    answer = native.http.post("/v1/segments/explain", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


# S-06, B-08
def test_a_person_is_explained_with_what_decided(native: Native) -> None:
    native.send(profile("ana", Plan="Gold"), event("ana", "Charged", None, Amount=9, Shop="a"))
    own = native.get("profile", distinct_id="ana")["object_id"]
    at = native.get("profile/events", distinct_id="ana")["events"][0]["at"]
    create(native)
    sold = {"did": "Charged", "where": [{"property": "Amount", "op": "more_than", "value": 10}]}
    told = explain(native, distinct_id="ana", tree={"any": [{"not": {"segment": "1"}}, sold]})
    assert told["explained_at"]
    assert (told["object_id"], told["in_segment"]) == (own, False)
    assert told["explanation"] == {
        "path": "tree",
        "sentence": "At least one of these.",
        "holds": False,
        "decides": True,
        "parts": [
            {
                "path": "tree.any[0]",
                "sentence": "Not this.",
                "holds": False,
                "decides": True,
                "parts": [
                    {
                        "path": "tree.any[0].not",
                        "sentence": 'People who are in the segment "Gold".',
                        "holds": True,
                        "decides": True,
                        "parts": [
                            {
                                "path": "tree.any[0].not.segment",
                                "sentence": 'People whose Plan is "Gold".',
                                "holds": True,
                                "decides": True,
                                "found": {"kind": "value", "value": "Gold"},
                            }
                        ],
                    }
                ],
            },
            {
                "path": "tree.any[1]",
                "sentence": "People who did Charged where Amount is more than 10.",
                "holds": False,
                "decides": True,
                "found": {
                    "kind": "events",
                    "counting": 0,
                    "known": 1,
                    "figure": 0,
                    "newest": [
                        {"name": "Charged", "at": at, "counts": False, "properties": {"Amount": 9}}
                    ],
                },
            },
        ],
    }


# S-06
def test_a_saved_segment_is_explained_by_its_id(native: Native) -> None:
    native.send(profile("ana", Plan="Gold"))
    own = native.get("profile", distinct_id="ana")["object_id"]
    create(native)
    told = explain(native, object_id=own, segment="1")
    assert (told["in_segment"], told["explanation"]["path"]) == (True, "tree")
    assert not explain(native, object_id=own, segment="test-users")["in_segment"]


# S-06
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_today_is_a_day_of_the_account(accounts: Accounts, server: Server, zone: str) -> None:
    caller = Native(server, accounts.open(time_zone=zone)[0])
    with caller.http:
        caller.send(profile("ana"))
        at = explain(caller, distinct_id="ana", segment="test-users")["explained_at"]
        day = datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).date()
        caller.send(profile("ana", Renewal=f"$D_{day:%Y%m%d}"))
        tree = {"property": "Renewal", "op": "in_last", "days": 1}
        assert explain(caller, distinct_id="ana", tree=tree)["in_segment"]


WRONG: list[tuple[Json, int, str]] = [
    ({"tree": TREE}, 400, "exactly one of distinct_id and object_id"),
    ({"distinct_id": "ana", "object_id": "a", "tree": TREE}, 400, "exactly one of distinct_id"),
    ({"distinct_id": "ana"}, 400, "exactly one of segment and tree"),
    ({"distinct_id": "ana", "tree": TREE, "segment": "1"}, 400, "exactly one of segment and tree"),
    ({"distinct_id": "ana", "segment": "9"}, 404, "There is no segment '9'"),
    ({"distinct_id": "ana", "segment": "\x00"}, 404, "There is no segment"),
    ({"distinct_id": "ana", "segment": 1}, 400, "segment"),
    ({"distinct_id": "nobody", "tree": TREE}, 404, "No profile has the distinct_id 'nobody'"),
    ({"distinct_id": "ana", "tree": {"segment": "9"}}, 400, "tree.segment: there is no segment"),
    ({"distinct_id": "ana", "tree": {"any": [{}]}}, 400, "tree.any[0]: a node has one of"),
    ({"distinct_id": "ana", "tree": deep(900)}, 400, "deeper than 16 levels"),
    ({"distinct_id": "ana", "tree": TREE, "more": 1}, 400, "more"),
]


# S-02, S-06
@pytest.mark.parametrize(
    ("body", "status", "detail"), WRONG, ids=[str(place) for place in range(len(WRONG))]
)
def test_a_wrong_question_is_refused(native: Native, body: Json, status: int, detail: str) -> None:
    native.send(profile("ana"))
    refusal = problem(native.http.post("/v1/segments/explain", json=body), status)
    assert detail in refusal["detail"]


def test_the_size_of_a_segment_is_kept_by_the_day(serve: Serve) -> None:
    # On a server of its own: one that other tests share has their segments to count first.
    server = serve()
    with (native := Native(server, server.account()[0])).http:
        native.send(profile("ana", Plan="Gold"), profile("bo", Plan="Gold"))
        made = create(native)
        deadline = time.monotonic() + 60
        while not (sizes := native.get(f"segments/{made['id']}/sizes", days=2)["sizes"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        today = datetime.fromisoformat(sizes[0]["counted_at"]).date()
        assert [(each["day"], each["size"]) for each in sizes] == [(today.isoformat(), 2)]
        problem(native.http.get("/v1/segments/99/sizes"), 404)
        for days in (0, 731, "x"):
            problem(native.http.get("/v1/segments/1/sizes", params={"days": days}), 400)


def test_a_sample_is_drawn_by_its_seed(native: Native) -> None:
    native.send(*(profile(f"p{n}", Plan="Gold", Name=f"P {n}") for n in range(40)), profile("bo"))

    def draw(**body: object) -> list[str]:
        answer = native.http.post("/v1/segments/sample", json={"tree": TREE, **body})
        assert answer.status_code == 200, answer.text
        return [each["distinct_id"] for each in answer.json()["members"]]

    first = draw(size=10, seed=1)
    assert len(set(first)) == 10
    assert draw(size=10, seed=1) == first
    assert draw(size=5, seed=1) == first[:5]
    assert draw(size=10, seed=2) != first
    assert sorted(draw()) == sorted(f"p{n}" for n in range(40))
    for wrong in ({"size": 0}, {"size": 1_001}, {"seed": -1}, {"seed": "a"}, {"limit": 1}):
        problem(native.http.post("/v1/segments/sample", json={"tree": TREE, **wrong}), 400)
