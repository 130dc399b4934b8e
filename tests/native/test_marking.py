"""`/v1/profile/test-mark` and `/v1/profile/disabled`: test profiles (P-11), disabled ones (R12, R21)."""

import pytest

from tests.native.callers import Json, Native, problem, profile


def mark(native: Native, method: str, what: str = "test-mark", **ids: str) -> Json:
    """Mark a profile, or take the mark away."""
    answer = native.http.request(method, f"/v1/profile/{what}", params=ids)
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
@pytest.mark.parametrize("what", ["test-mark", "disabled"])
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
def test_nobody_is_made_by_a_mark(
    native: Native, method: str, what: str, query: str, status: int
) -> None:
    problem(native.http.request(method, f"/v1/profile/{what}?{query}"), status)
    problem(native.http.get("/v1/profile?distinct_id=nobody"), 404)


# P-11
def test_a_test_profile_is_of_its_environment_alone(native: Native, native_test: Native) -> None:
    for caller in (native, native_test):
        caller.send(profile("ana"))
    mark(native, "PUT", distinct_id="ana")
    assert native_test.get("profile", distinct_id="ana")["properties"] == {}


# R12, R21
def test_a_disabled_profile_is_reached_on_no_channel_until_it_is_enabled(native: Native) -> None:
    native.send(profile("ana", Email="ana@example.com", Phone="+14155551234"))
    before = native.get("profile", distinct_id="ana")
    assert before["disabled"] is False
    assert before["reachable"]["email"] == {"can": True}
    own = before["object_id"]
    for changed in (True, False):
        answer = mark(native, "PUT", "disabled", distinct_id="ana")
        assert answer == {"object_id": own, "disabled": True, "changed": changed}
    found = native.get("profile", distinct_id="ana")
    assert found["disabled"] is True
    assert {each["reason"] for each in found["reachable"].values()} == {"disabled"}
    for changed in (True, False):
        answer = mark(native, "DELETE", "disabled", object_id=own)
        assert answer == {"object_id": own, "disabled": False, "changed": changed}
    after = native.get("profile", distinct_id="ana")
    assert (after["disabled"], after["reachable"]) == (False, before["reachable"])
    assert after["properties"] == before["properties"]


# R12, R21
def test_who_was_disabled_and_enabled_when_and_by_whom_is_in_the_history(native: Native) -> None:
    native.send(profile("ana"))
    mark(native, "PUT", "disabled", distinct_id="ana")
    mark(native, "DELETE", "disabled", distinct_id="ana")
    enabled, disabled, _ = native.get("profile/history", distinct_id="ana")["history"]
    assert disabled["changes"] == [{"property": "MSG-disabled", "new": True}]
    assert enabled["changes"] == [{"property": "MSG-disabled", "old": True}]
    assert {(each["source"], each["actor"]) for each in (enabled, disabled)} == {
        ("v1:1", "first key")
    }
