"""`/v1/profile/test-mark`: test profiles (P-11)."""

import pytest

from tests.native.callers import Json, Native, problem, profile


def mark(native: Native, method: str, **ids: str) -> Json:
    """Mark a profile, or take the mark away."""
    answer = native.http.request(method, "/v1/profile/test-mark", params=ids)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


# P-11
def test_a_marked_profile_has_the_property_and_an_unmarked_one_has_not(native: Native) -> None:
    native.send(profile("ana", Name="Ana"))
    own = native.get("profile", distinct_id="ana")["object_id"]
    for changed in (True, False):
        answer = mark(native, "PUT", distinct_id="ana")
        assert answer == {"object_id": own, "is_test": True, "changed": changed}
    found = native.get("profile", distinct_id="ana")["properties"]
    assert found == {"Name": "Ana", "ct_is_test_user": "Yes"}
    for changed in (True, False):
        answer = mark(native, "DELETE", object_id=own)
        assert answer == {"object_id": own, "is_test": False, "changed": changed}
    assert native.get("profile", distinct_id="ana")["properties"] == {"Name": "Ana"}


# P-11
def test_the_mark_is_a_text_with_a_source_and_a_history_like_any_property(native: Native) -> None:
    native.send({"type": "profile", "object_id": "phone", "properties": {}})
    mark(native, "PUT", object_id="phone")
    (entry, _) = native.get("profile/history", object_id="phone")["history"]
    assert (entry["source"], entry["actor"]) == ("v1:1", "first key")
    assert entry["changes"] == [{"property": "ct_is_test_user", "new": "Yes"}]
    (made,) = native.items("definitions/properties", "properties")
    assert (made["name"], made["type"], made["count"]) == ("ct_is_test_user", "String", 1)


# P-11
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("distinct_id=a&object_id=b", 400),
        ("distinct_id=nobody", 404),
        ("object_id=mien_ff", 404),
        ("object_id=%25", 404),
    ],
)
def test_nobody_is_made_by_a_mark(native: Native, method: str, query: str, status: int) -> None:
    problem(native.http.request(method, f"/v1/profile/test-mark?{query}"), status)
    problem(native.http.get("/v1/profile?distinct_id=nobody"), 404)


# P-11
def test_a_test_profile_is_of_its_environment_alone(native: Native, native_test: Native) -> None:
    for caller in (native, native_test):
        caller.send(profile("ana"))
    mark(native, "PUT", distinct_id="ana")
    assert native_test.get("profile", distinct_id="ana")["properties"] == {}
