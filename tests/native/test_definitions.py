"""`/v1/definitions`: what exists, since when, and what people say of it."""

import pytest

from mien.services.definitions import COLUMNS
from tests.native.callers import Json, Native, event, problem, profile


def test_properties_are_listed_with_type_source_and_counts(native: Native) -> None:
    native.send(profile("ana", n=1, plan="a"), profile("bo", n=1.5), profile("cy", plan=7))
    native.compatible({"type": "profile", "identity": "di", "profileData": {"late": True}})
    found = native.get("definitions/properties")["properties"]
    for at in ("first_seen_at", "last_seen_at"):
        assert all(each.pop(at).endswith("Z") for each in found)
    rest = {"state": "active", "description": "", "in_table": False}
    assert found == [
        {"name": "late", "type": "Boolean", "source": "api:1", "count": 1, "conflicts": 0, **rest},
        {"name": "n", "type": "Float", "source": "v1:1", "count": 2, "conflicts": 0, **rest},
        {"name": "plan", "type": "Mixed", "source": "v1:1", "count": 2, "conflicts": 1, **rest},
    ]


def test_events_are_listed_with_their_properties(native: Native) -> None:
    native.send(
        event("ana", "Page Seen", url="a"), event("bo", "pageseen", depth=2), event("bo", "Left")
    )
    found = native.get("definitions/events")["events"]
    names = [(each["name"], each["count"]) for each in found]
    assert sorted(names) == [("Left", 1), ("Page Seen", 2)]
    seen = next(each for each in found if each["name"] == "Page Seen")
    kinds = [(each["name"], each["type"], each["count"]) for each in seen["properties"]]
    assert kinds == [("depth", "Integer", 1), ("url", "String", 1)]


def test_a_property_is_described_and_made_inactive(native: Native) -> None:
    native.send(profile("ana", plan="a"))
    changed = _change(native, "properties", {"name": "plan"}, description="What they pay for.")
    assert (changed["description"], changed["state"]) == ("What they pay for.", "active")
    changed = _change(native, "properties", {"name": "plan"}, state="inactive")
    assert (changed["description"], changed["state"]) == ("What they pay for.", "inactive")
    assert native.get("definitions/properties")["properties"] == [changed]
    assert _change(native, "properties", {"name": "plan"}, description="")["description"] == ""
    assert native.result(profile("ana", plan="b"))["status"] == "applied"


# D-03
def test_a_property_is_made_a_column_of_the_table_of_people_and_taken_out(native: Native) -> None:
    native.send(profile("ana", plan="a"))
    where = {"name": "plan"}
    assert _change(native, "properties", where, in_table=True)["in_table"] is True
    # What is not said stays.
    assert _change(native, "properties", where, description="Paid.")["in_table"] is True
    (listed,) = native.get("definitions/properties")["properties"]
    assert (listed["in_table"], listed["description"]) == (True, "Paid.")
    assert _change(native, "properties", where, in_table=False)["in_table"] is False


# D-03
def test_the_table_has_so_many_columns_and_no_more(native: Native) -> None:
    native.send(profile("ana", **{f"p{n:02}": n for n in range(COLUMNS + 1)}))
    for n in range(COLUMNS):
        _change(native, "properties", {"name": f"p{n:02}"}, in_table=True)
    _change(native, "properties", {"name": "p00"}, in_table=True)
    last = {"name": f"p{COLUMNS}"}
    answer = native.http.patch("/v1/definitions/properties", params=last, json={"in_table": True})
    assert "take one out first" in problem(answer, 400)["detail"]
    _change(native, "properties", {"name": "p07"}, in_table=False)
    assert _change(native, "properties", last, in_table=True)["in_table"] is True


# D-03
def test_a_property_of_an_event_is_no_column(native: Native) -> None:
    native.send(event("ana", "Seen", url="a"))
    where = {"event": "Seen", "name": "url"}
    answer = native.http.patch(
        "/v1/definitions/events/properties", params=where, json={"in_table": True}
    )
    assert "in_table" in problem(answer, 400)["detail"]


def test_a_discarded_event_is_rejected_until_it_is_taken_back(native: Native) -> None:
    native.send(event("ana", "Page Seen"))
    assert _change(native, "events", {"name": "PAGE seen"}, state="discarded")["count"] == 1
    assert native.result(event("ana", "pageseen"))["code"] == 528
    _change(native, "events", {"name": "Page Seen"}, state="active")
    assert native.result(event("ana", "pageseen"))["status"] == "applied"


def test_a_property_of_an_event_is_described(native: Native) -> None:
    native.send(event("ana", "Seen", url="a"), event("ana", "Left", url="a"))
    where = {"event": "seen", "name": "url"}
    assert _change(native, "events/properties", where, description="Path.")["name"] == "url"
    found = native.get("definitions/events")["events"]
    described = {each["name"]: each["properties"][0]["description"] for each in found}
    assert described == {"Seen": "Path.", "Left": ""}


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("properties", {"name": "unheard"}),
        ("properties", {"name": "a\x00"}),
        ("events", {"name": "unheard"}),
        ("events/properties", {"event": "unheard", "name": "url"}),
        ("events/properties", {"event": "Seen", "name": "unheard"}),
    ],
)
def test_what_was_never_seen_has_no_definition(
    native: Native, kind: str, where: dict[str, str]
) -> None:
    native.send(event("ana", "Seen", url="a"))
    answer = native.http.patch(f"/v1/definitions/{kind}", params=where, json={"state": "active"})
    assert problem(answer, 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("properties", {"state": "discarded"}, "state"),
        ("properties", {"description": "x" * 1_001}, "description"),
        ("properties", {"description": "a\x00"}, "description"),
        ("events", {"state": "gone"}, "state"),
        ("events", {"note": "x"}, "note"),
        ("events", {"in_table": True}, "in_table"),
        ("properties", {"in_table": "yes"}, "in_table"),
        ("events", [], "Expected `object`"),
    ],
)
def test_a_change_of_another_form_is_refused(
    native: Native, kind: str, body: object, words: str
) -> None:
    native.send(event("plan", "plan", plan=1), profile("ana", plan=1))
    answer = native.http.patch(f"/v1/definitions/{kind}", params={"name": "plan"}, json=body)
    assert words in problem(answer, 400)["detail"]


def test_the_name_is_asked_for(native: Native) -> None:
    answer = native.http.patch("/v1/definitions/events", json={"state": "active"})
    assert "name" in problem(answer, 400)["detail"]


def _change(native: Native, kind: str, where: dict[str, str], **body: object) -> Json:
    answer = native.http.patch(f"/v1/definitions/{kind}", params=where, json=body)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert isinstance(changed, dict)
    return changed
