"""`/v1/merges`: preview, merge, undo, what may be merged, and what history says (P-07, B-01)."""

from typing import Any

from tests.native.callers import Native, event, problem, profile


def merge(native: Native, one: str, other: str, **query: object) -> Any:
    body = {"one": {"distinct_id": one}, "other": {"distinct_id": other}}
    answer = native.http.post("/v1/merges", json=body, params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def undo(native: Native, number: int) -> Any:
    answer = native.http.post(f"/v1/merges/{number}/undo")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_preview_equals_the_merge_and_changes_nothing(native: Native) -> None:
    """B-01"""
    native.send({**profile("ana", plan="free", city="Rome"), "at": 1_000}, event("ana", "Seen", 10))
    native.send({**profile("bo", plan="pro"), "at": 2_000})
    native.send(event("bo", "Seen", 20), event("bo", "Paid", 30))
    preview = merge(native, "ana", "bo", dry_run="true")
    assert native.get("profile", distinct_id="bo")["properties"] == {"plan": "pro"}
    assert native.get("merges") == {"merges": []}
    done = merge(native, "ana", "bo")
    assert {**preview, "id": done["id"], "dry_run": False} == {**done, "dry_run": False}
    assert done["conflicts"] == [
        {"property": "plan", "survivor": "free", "absorbed": "pro", "result": "pro"}
    ]
    assert done["moved"] == [{"kind": "identity", "value": "bo"}]
    assert done["events"] == 2
    shown = native.get("profile", distinct_id="bo")
    assert shown == native.get("profile", distinct_id="ana")
    assert shown["properties"] == {"plan": "pro", "city": "Rome"}
    assert shown["events"]["Seen"]["count"] == 2
    events = native.get("profile/events", distinct_id="ana", limit=2)
    assert [each["at"] for each in events["events"]] == [30, 20]
    rest = native.get("profile/events", distinct_id="bo", cursor=events["next_cursor"])
    assert [each["at"] for each in rest["events"]] == [10]
    again = merge(native, "bo", "ana")
    assert (again["done_before"], again["id"]) == (True, done["id"])


def test_undoing_gives_both_back_with_what_their_ids_sent_since(native: Native) -> None:
    """B-01"""
    native.send({**profile("ana", n=1), "at": 1_000}, {**profile("bo", n=5), "at": 2_000})
    number = merge(native, "ana", "bo")["id"]
    native.send(profile("bo", n={"$incr": 1}, b=1), event("bo", "Paid"), profile("ana", a=1))
    assert native.get("profile", distinct_id="ana")["properties"] == {"n": 6, "a": 1, "b": 1}
    assert undo(native, number)["moved"] == [{"kind": "identity", "value": "bo"}]
    assert native.get("profile", distinct_id="ana")["properties"] == {"n": 1, "a": 1}
    back = native.get("profile", distinct_id="bo")
    assert back["properties"] == {"n": 6, "b": 1}
    assert back["events"]["Paid"]["count"] == 1
    assert undo(native, number)["done_before"] is True
    (listed,) = native.get("merges")["merges"]
    assert listed["undone_by"].startswith("v1:")


def test_history_tells_of_a_merge_and_its_undo_on_both_sides(native: Native) -> None:
    """B-04"""
    native.send(profile("ana", plan="free"), profile("bo", plan="pro"))
    number = merge(native, "ana", "bo")["id"]
    undo(native, number)
    for name, words in (("ana", ["gave_back", "took_in"]), ("bo", ["left", "joined"])):
        entries = native.get("profile/history", distinct_id=name)["history"]
        told = [each["merge"] for each in entries if "merge" in each]
        assert [each["action"] for each in told] == words
        assert {each["id"] for each in told} == {number}


def test_a_record_that_merges_says_so_and_dry_run_says_the_same(native: Native) -> None:
    """P-07, B-02"""
    native.send(
        {"type": "profile", "facebook_id": "f1", "properties": {"b": 2}}, profile("ana", a=1)
    )
    both = {"type": "profile", "distinct_id": "ana", "facebook_id": "f1", "properties": {"c": 3}}
    asked = native.send(both, dry_run=True)["results"]
    assert native.get("profile", distinct_id="ana")["properties"] == {"a": 1}
    done = native.send(both)["results"]
    assert asked == done
    assert done[0]["merged"] == [{"kind": "FBID", "value": "f1"}]
    assert native.get("profile", distinct_id="ana")["properties"] == {"a": 1, "b": 2, "c": 3}
    (row,) = native.get("merges")["merges"]
    assert row["joined_by"] == {"kind": "FBID", "value": "f1"}


def test_a_suggestion_is_listed_dismissed_and_gone_once_merged(native: Native) -> None:
    """P-07"""
    native.send(profile("ana"), profile("bo"), profile("ana", identity="bo"))
    (found,) = native.get("merge-suggestions")["merge_suggestions"]
    pair = {name: found[name] for name in ("object_id", "other_object_id")}
    answer = native.http.delete("/v1/merge-suggestions", params=pair)
    assert answer.json() == pair
    problem(native.http.delete("/v1/merge-suggestions", params=pair), 404)
    assert native.get("merge-suggestions")["merge_suggestions"] == []
    native.send(profile("ana", identity="bo"))
    merge(native, "ana", "bo")
    assert native.get("merge-suggestions")["merge_suggestions"] == []


def test_what_cannot_be_merged_or_undone_is_refused(native: Native) -> None:
    native.send(*[profile(name) for name in ("a", "b", "c")])
    first, second = merge(native, "a", "b")["id"], merge(native, "a", "c")["id"]
    told = problem(native.http.post(f"/v1/merges/{first}/undo"), 409)
    assert (told["code"], str(second) in told["detail"]) == ("later_merge", True)
    problem(native.http.post("/v1/merges/999/undo"), 404)
    for body, status in (
        ({"one": {"distinct_id": "a"}, "other": {"distinct_id": "nobody"}}, 404),
        ({"one": {"distinct_id": "a"}, "other": {}}, 400),
        ({"one": {"distinct_id": "a", "object_id": "b"}, "other": {"distinct_id": "b"}}, 400),
        ({"one": {"distinct_id": "a"}}, 400),
        ([], 400),
    ):
        problem(native.http.post("/v1/merges", json=body), status)


def test_a_merged_person_is_downloaded_and_erased_whole(native: Native) -> None:
    """P-15, P-16"""
    native.send(profile("ana", a=1), event("ana", "E"), profile("bo", b=2), event("bo", "F"))
    merge(native, "ana", "bo")
    document = native.get("profile/download", distinct_id="bo")
    assert {each["name"] for each in document["events"]} == {"E", "F"}
    assert len(document["history"]) == 4
    receipt = native.http.delete("/v1/profile?distinct_id=ana").json()
    assert receipt["removed"]["profiles"] == 2
    for name in ("ana", "bo"):
        problem(native.http.get(f"/v1/profile?distinct_id={name}"), 404)
    assert native.get("merges") == {"merges": []}
