"""Event properties that an environment maps onto properties of the person, over `/v1` (P-12)."""

import pytest

from tests.native.callers import Json, Native, event, problem, profile


def map_onto(native: Native, *mappings: Json) -> None:
    """Choose the mappings of the environment."""
    answer = native.http.patch("/v1/environment/settings", json={"mappings": mappings})
    assert answer.status_code == 200, answer.text
    assert answer.json()["mappings"] == list(mappings)


AMOUNT: Json = {"event": "Charged", "property": "Amount", "to": "last amount"}


# P-12
def test_a_mapped_event_says_what_it_changed_and_the_history_names_it(native: Native) -> None:
    map_onto(native, AMOUNT)
    native.send(profile("ana", Name="Ana"))
    result = native.result(event("ana", "Charged", 2_000, Amount=20, Name="Bo"))
    assert result["status"] == "applied"
    assert result["changes"] == [{"property": "last amount", "new": 20}]
    late = native.result(event("ana", "Charged", 1_000, Amount=10))
    assert (late["status"], late["stale"]) == ("applied", ["last amount"])
    assert native.get("profile", distinct_id="ana")["properties"] == {
        "Name": "Ana",
        "last amount": 20,
    }
    (newest, *_) = native.get("profile/history", distinct_id="ana")["history"]
    assert (newest["mapped_from"], newest["at"]) == ("Charged", 2_000)
    assert newest["changes"] == [{"property": "last amount", "new": 20}]


# P-12
def test_what_does_not_fit_comes_back_ready_to_be_mended_and_replayed(native: Native) -> None:
    map_onto(native, {"event": "Signed", "property": "years", "to": "Age"})
    result = native.result(event("ana", "Signed", 2_000, years="many"))
    assert (result["status"], result["code"]) == ("applied", 630)
    part = {"type": "profile", "distinct_id": "ana", "at": 2_000, "properties": {"Age": "many"}}
    assert result["record"] == part
    (kept,) = native.items("rejects", "rejects")
    assert kept["record"] == part
    mended = {"id": kept["id"], "record": {**part, "properties": {"Age": 34}}}
    assert native.replay(mended)["processed"] == 1
    found = native.get("profile", distinct_id="ana")
    assert found["properties"] == {"Age": 34}
    assert found["events"]["Signed"]["count"] == 1


# P-12
def test_the_compatible_api_tells_the_part_that_was_not_written(native: Native) -> None:
    map_onto(native, {"event": "Signed", "property": "years", "to": "Age"})
    answer = native.compatible(
        {"type": "event", "identity": "ana", "evtName": "Signed", "evtData": {"years": "many"}}
    )
    assert (answer["status"], answer["processed"]) == ("partial", 1)
    (told,) = answer["unprocessed"]
    assert told["code"] == 630
    assert told["record"] == {
        "type": "profile",
        "identity": "ana",
        "profileData": {"Age": "many"},
    }
    assert native.get("profile", distinct_id="ana")["events"]["Signed"]["count"] == 1


# P-12
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"to": "identity"}, "mappings[1]"),
        ({"to": "MSG-dndEmail"}, "mappings[1]"),
        ({"to": "category-unsubscribe"}, "mappings[1]"),
        ({"to": "MSG-disabled"}, "mappings[1]"),
        ({"to": "a.b"}, "mappings[1]"),
        ({"to": "x" * 121}, "mappings[1]"),
        ({"event": " "}, "mappings[1]"),
        ({"property": "a$b"}, "mappings[1]"),
        ({"to": 5}, "mappings[1].to"),
        ({"from": "x"}, "mappings[1]"),
    ],
    ids=repr,
)
def test_a_mapping_that_could_never_work_is_refused_with_its_place(
    native: Native, change: Json, place: str
) -> None:
    body = {"mappings": [AMOUNT, {**AMOUNT, **change}]}
    answer = problem(native.http.patch("/v1/environment/settings", json=body), 400)
    assert place in answer["detail"]
    assert native.get("environment/settings")["mappings"] == []


# P-07, P-12
def test_no_event_may_set_what_joins_profiles(native: Native) -> None:
    mapping = {"event": "Signed", "property": "mail", "to": "Email"}
    body = {"mappings": [mapping], "unify_on": ["email"]}
    answer = problem(native.http.patch("/v1/environment/settings", json=body), 400)
    assert "mappings[0]" in answer["detail"]
    map_onto(native, mapping)
    problem(native.http.patch("/v1/environment/settings", json={"unify_on": ["email"]}), 400)


# P-12
def test_more_mappings_than_the_limit_are_refused(native: Native) -> None:
    body = {"mappings": [AMOUNT] * 101}
    answer = problem(native.http.patch("/v1/environment/settings", json=body), 400)
    assert "100" in answer["detail"]
