"""`/v1/profile`: a person, what happened to them, what they did, and forgetting them."""

import json
import time

import pytest

from mien.services.accounts import add_key
from tests.native.callers import Native, event, problem, profile
from tests.support.accounts import Accounts
from tests.support.servers import Key, Server


def test_a_profile_shows_its_three_parts(native: Native) -> None:
    native.send(
        profile("ana", Name="Ana", DOB="$D_20000229"),
        {**event("ana", "Charged", 1_760_000_000), "object_id": "d-1"},
        event("ana", "charged", 1_750_000_000),
        {"type": "token", "object_id": "d-1", "token": {"id": "t", "type": "apns"}},
    )
    found = native.get("profile", distinct_id="ana")
    assert found.pop("created_at").endswith("Z")
    assert found.pop("updated_at").endswith("Z")
    for when in ("first_seen_at", "seen_at"):
        assert found["devices"][0].pop(when) > 1_700_000_000
    derived = found.pop("derived")
    assert derived.pop("Age") >= 26
    assert 0 <= derived.pop("User Bucket") < 1_000
    assert derived == {
        "Type": "identified",
        "First Seen": "$D_1750000000",
        "Last Seen": "$D_1760000000",
        "Session Count": 0,
    }
    assert found.pop("reachable")["push"] == {"can": True}
    assert found == {
        "object_id": found["object_id"],
        "distinct_id": "ana",
        "type": "identified",
        "disabled": False,
        "identities": [
            {"kind": "identity", "value": "ana"},
            {"kind": "objectId", "value": "d-1"},
        ],
        "properties": {"Name": "Ana", "DOB": "$D_20000229"},
        "events": {
            "Charged": {"count": 2, "first_seen": 1_750_000_000, "last_seen": 1_760_000_000}
        },
        "devices": [
            {
                "object_id": "d-1",
                "platform": "iOS",
                "token": {"id": "t", "type": "apns", "state": "active"},
            }
        ],
    }


def test_a_visitor_is_anonymous_and_has_no_distinct_id(native: Native) -> None:
    native.send({"type": "profile", "object_id": "-d", "properties": {"a": 1}})
    for each in ("d", "-d"):
        found = native.get("profile", object_id=each)
        assert found["type"] == "anonymous"
        assert "distinct_id" not in found


def test_the_object_id_of_a_profile_finds_it(native: Native) -> None:
    native.send(profile("ana"))
    found = native.get("profile", distinct_id="ana")
    assert native.get("profile", object_id=found["object_id"]) == found


@pytest.mark.parametrize(
    "path", ["profile", "profile/history", "profile/events", "profile/latest-values"]
)
@pytest.mark.parametrize("query", ["", "distinct_id=a&object_id=b"])
def test_exactly_one_id_is_asked_for(native: Native, path: str, query: str) -> None:
    problem(native.http.get(f"/v1/{path}?{query}"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "profile",
        "profile/history",
        "profile/events",
        "profile/latest-values",
        "profile/download",
    ],
)
@pytest.mark.parametrize(
    "query",
    [
        "distinct_id=nobody",
        "object_id=nothing",
        "object_id=mien_ff",
        "distinct_id=",
        "distinct_id=%00",
        "object_id=%25",
        "distinct_id=null",
        "distinct_id=%ED%A0%80",
    ],
)
def test_an_id_that_nobody_has_is_not_found(native: Native, path: str, query: str) -> None:
    assert problem(native.http.get(f"/v1/{path}?{query}"), 404)["code"] == "not_found"


def test_history_tells_what_each_record_changed_newest_first(native: Native) -> None:
    native.send(profile("ana", plan="silver", city="Rome"))
    native.send(profile("ana", 1_999_999_999 // 2, mood="fine"))
    native.send(profile("ana", plan="gold", city={"$delete": 1}))
    history = native.items("profile/history", "history", distinct_id="ana")
    assert all(entry.pop("received_at").endswith("Z") for entry in history)
    sent = {"source": "v1:1", "actor": "first key"}
    assert history == [
        {
            **sent,
            "changes": [
                {"property": "plan", "old": "silver", "new": "gold"},
                {"property": "city", "old": "Rome"},
            ],
        },
        {**sent, "at": 999_999_999, "changes": [{"property": "mood", "new": "fine"}]},
        {
            **sent,
            "created": True,
            "changes": [
                {"property": "plan", "new": "silver"},
                {"property": "city", "new": "Rome"},
            ],
            "attached": [{"kind": "identity", "value": "ana"}],
        },
    ]


def test_history_names_the_way_and_the_key(
    native: Native, server: Server, accounts: Accounts, keys: tuple[Key, Key]
) -> None:
    second = add_key(accounts._store, keys[0].account_id, label="nightly job")
    native.compatible({"type": "profile", "identity": "ana", "profileData": {"a": 1}})
    native.send(profile("ana", a=2))
    other = Native(server, Key(second.account_id, second.passcode))
    with other.http:
        other.send(profile("ana", a=3))
    history = native.get("profile/history", distinct_id="ana")["history"]
    assert [(entry["source"], entry["actor"]) for entry in history] == [
        ("v1:2", "nightly job"),
        ("v1:1", "first key"),
        ("api:1", "first key"),
    ]


def test_history_tells_devices_flags_groups_and_conflicts(native: Native) -> None:
    native.send(profile("bo"), {"type": "profile", "object_id": "d", "properties": {}})
    native.send(
        profile("ana", **{"Email": "a@example.com", "MSG-dndEmail": True}),
        profile("ana", **{"category-unsubscribe": {"Email": ["news"]}}),
        {**profile("ana"), "object_id": "d2"},
        {"type": "token", "object_id": "d2", "token": {"id": "t", "type": "fcm"}},
        {**profile("bo"), "object_id": "d2"},
        profile("ana", identity="bo"),
    )
    ana, bo = (native.get("profile", distinct_id=each)["object_id"] for each in ("ana", "bo"))
    history = native.items("profile/history", "history", distinct_id="ana")
    for entry in history:
        for name in ("received_at", "source", "actor"):
            del entry[name]
    assert history[:5] == [
        {"conflicts": [{"kind": "identity", "value": "bo", "object_id": bo}]},
        {"devices": [{"object_id": "d2", "action": "lost", "to": bo}]},
        {"devices": [{"object_id": "d2", "action": "token", "token": "t"}]},
        {"devices": [{"object_id": "d2", "action": "bound"}]},
        {"groups": {"Email": {"news": False}}},
    ]
    assert history[5]["flags"] == {"MSG-dndEmail": True}
    (bound, _) = native.items("profile/history", "history", distinct_id="bo")
    assert bound["devices"] == [{"object_id": "d2", "action": "bound", "from": ana}]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1_000])
def test_history_comes_whole_in_pages_of_any_size(native: Native, limit: int) -> None:
    for number in range(7):
        native.send(profile("ana", n=number))
    pages = list(native.pages("profile/history", "history", distinct_id="ana", limit=limit))
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    new = [change["new"] for page in pages for entry in page for change in entry["changes"]]
    assert new == [6, 5, 4, 3, 2, 1, 0]


def test_pages_go_on_where_they_were_while_records_come_in(native: Native) -> None:
    for number in range(4):
        native.send(profile("ana", n=number))
    first = native.get("profile/history", distinct_id="ana", limit=2)
    native.send(profile("ana", n="later"))
    second = native.get("profile/history", distinct_id="ana", limit=2, cursor=first["next_cursor"])
    assert [entry["changes"][0]["new"] for entry in second["history"]] == [1, 0]


def test_events_come_last_arrived_first_with_their_properties(native: Native) -> None:
    native.send(
        event("ana", "Seen", 1_760_000_000, page="a", nested={"deep": [1, {"x": True}]}),
        {**event("ana", "Charged", 1_750_000_000), "object_id": "d"},
        event("bo", "Seen"),
    )
    found = native.items("profile/events", "events", distinct_id="ana", limit=1)
    assert all(entry.pop("received_at").endswith("Z") for entry in found)
    sent = {"source": "v1:1", "actor": "first key"}
    assert found == [
        {"name": "Charged", "at": 1_750_000_000, "properties": {}, "object_id": "d", **sent},
        {
            "name": "Seen",
            "at": 1_760_000_000,
            "properties": {"page": "a", "nested": {"deep": [1, {"x": True}]}},
            **sent,
        },
    ]


def test_a_profile_without_events_has_an_empty_list(native: Native) -> None:
    native.send(profile("ana"))
    assert native.get("profile/events", distinct_id="ana") == {"events": []}


def test_a_cursor_is_bound_to_its_profile_and_its_list(native: Native) -> None:
    native.send(*(profile(each, n=n) for n in range(3) for each in ("ana", "bo")))
    native.send(event("ana", "Seen"), event("ana", "Seen"))
    cursor = native.get("profile/history", distinct_id="ana", limit=1)["next_cursor"]
    for query in (
        {"distinct_id": "bo", "cursor": cursor},
        {"distinct_id": "ana", "cursor": cursor[:-1]},
        {"distinct_id": "ana", "cursor": "é"},
    ):
        answer = native.http.get("/v1/profile/history", params=query)
        assert problem(answer, 400)["code"] == "invalid_cursor"
    answer = native.http.get("/v1/profile/events", params={"distinct_id": "ana", "cursor": cursor})
    assert problem(answer, 400)["code"] == "invalid_cursor"


@pytest.mark.parametrize("limit", ["0", "1001", "x", "1.5"])
def test_a_page_has_one_to_a_thousand(native: Native, limit: str) -> None:
    answer = native.http.get("/v1/profile/history", params={"distinct_id": "a", "limit": limit})
    assert "limit" in problem(answer, 400)["detail"]


def test_everything_known_of_a_person_is_one_document(native: Native) -> None:
    native.send(
        *(event("ana", "Seen", n=number) for number in range(450)),
        {**profile("ana", Name="Ana"), "object_id": "d"},
        profile("ana", Email="broken"),
        {"type": "profile", "object_id": "d", "properties": {"Age": "x"}},
        profile("bo", Email="broken"),
    )
    answer = native.http.get("/v1/profile/download?distinct_id=ana")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    found = json.loads(answer.content)
    assert found["profile"] == native.get("profile", distinct_id="ana")
    assert found["history"] == native.items("profile/history", "history", distinct_id="ana")
    assert found["events"] == native.items("profile/events", "events", distinct_id="ana")
    assert [entry["properties"]["n"] for entry in found["events"]] == list(range(449, -1, -1))
    assert [each["code"] for each in found["rejects"]] == [520, 515]


def test_what_tells_of_a_person_elsewhere_is_in_the_document_too(native: Native) -> None:
    """P-16: what was said of the addresses, suggested merges, rejects of records about others."""
    native.send(
        profile("ana", Email="Ana@Example.com"),
        profile("ana", Email="ana@work.example", Phone="+14155551234"),
        profile("bo", Email="bo@example.com"),
        profile("bo", identity="ana"),
        profile("bo", Email="ana@example.com", Age="x"),
        profile("bo", Email="bo@example.com", Age="x"),
        {"type": "profile", "distinct_id": "cy", "google_id": "0", "properties": {"tell": "ana"}},
    )
    items = [
        {"kind": kind, "value": value, "blocked": True}
        for kind, value in (
            ("email", "ana@example.com"),
            ("whatsapp", "+14155551234"),
            ("email", "bo@example.com"),
        )
    ]
    native.http.post("/v1/addresses/subscriptions", json={"subscriptions": items})
    found = native.get("profile/download", distinct_id="ana")
    assert [(each["kind"], each["value"]) for each in found["subscriptions"]] == [
        ("email", "ana@example.com"),
        ("whatsapp", "+14155551234"),
    ]
    [suggestion] = found["merge_suggestions"]
    assert suggestion["other_object_id"] == found["profile"]["object_id"]
    [reject] = found["rejects"]
    assert reject["record"]["properties"]["Email"] == "ana@example.com"
    receipt = native.http.delete("/v1/profile?distinct_id=ana").json()["removed"]
    assert {name: receipt[name] for name in ("rejects", "subscriptions", "merge_suggestions")} == {
        "rejects": 1,
        "subscriptions": 2,
        "merge_suggestions": 1,
    }


def test_a_person_without_anything_is_a_document_too(native: Native) -> None:
    native.send(profile("ana"))
    found = native.get("profile/download", distinct_id="ana")
    assert len(found["history"]) == 1
    for part in ("events", "rejects", "subscriptions", "merge_suggestions"):
        assert found[part] == []


def test_erasing_gives_a_receipt_and_leaves_nothing(native: Native) -> None:
    native.send(profile("ana", Name="Ana"), event("ana", "Seen"), profile("ana", Age="x"))
    object_id = native.get("profile", distinct_id="ana")["object_id"]
    receipt = native.http.delete("/v1/profile?distinct_id=ana").json()
    assert receipt.pop("erased_at").endswith("Z")
    assert receipt["object_id"] == object_id
    assert receipt["removed"]["events"] == 1
    assert receipt["removed"]["rejects"] == 1
    for path in ("profile", "profile/history", "profile/events", "profile/download"):
        for query in ("distinct_id=ana", f"object_id={object_id}"):
            problem(native.http.get(f"/v1/{path}?{query}"), 404)
    problem(native.http.delete("/v1/profile?distinct_id=ana"), 404)
    assert native.get("rejects") == {"rejects": []}


def test_a_new_record_makes_a_new_profile_without_old_data(native: Native) -> None:
    native.send(profile("ana", secret="old"))
    native.http.delete("/v1/profile?distinct_id=ana")
    native.send(profile("ana", fresh=1))
    assert native.get("profile", distinct_id="ana")["properties"] == {"fresh": 1}
    history = native.items("profile/history", "history", distinct_id="ana")
    assert [entry["changes"] for entry in history] == [[{"property": "fresh", "new": 1}]]


def test_erasing_again_with_the_same_key_gives_the_first_receipt(native: Native) -> None:
    native.send(profile("ana"), profile("bo"))
    headers = {"Idempotency-Key": "erase-1"}
    first = native.http.delete("/v1/profile?distinct_id=ana", headers=headers)
    native.send(profile("ana", later=1))
    again = native.http.delete("/v1/profile?distinct_id=ana", headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert native.get("profile", distinct_id="ana")["properties"] == {"later": 1}
    other = native.http.delete("/v1/profile?distinct_id=bo", headers=headers)
    assert problem(other, 409)["code"] == "idempotency_key_reused"
    native.get("profile", distinct_id="bo")


def test_the_time_of_the_last_change_or_event_is_told(native: Native) -> None:
    native.send(profile("ana"))
    before = native.get("profile", distinct_id="ana")
    time.sleep(1.1)
    native.send(event("ana", "Seen", 1_000_000_000))
    after = native.get("profile", distinct_id="ana")
    assert after["created_at"] == before["created_at"] == before["updated_at"]
    assert after["updated_at"] > before["updated_at"]
