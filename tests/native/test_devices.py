"""Devices and their push tokens, as `/v1` takes and shows them (P-08, U-15)."""

from mien import clock
from tests.native.callers import Json, Native, profile

FACTS = {
    "platform": "Android",
    "make": "Fairphone",
    "model": "5",
    "os": "Android",
    "os_version": "15",
    "app_version": "4.2.0",
    "browser": "Firefox",
    "browser_version": "140",
    "sdk_version": "1.0",
    "language": "pt-BR",
    "time_zone": "Europe/Lisbon",
    "utc_offset": "+0000",
    "country": "PT",
    "region": "Lisbon",
    "city": "Lisbon",
}


def token(device: str, value: str | None) -> Json:
    """Give a token record; None gives the token up."""
    data = None if value is None else {"id": value, "type": "fcm"}
    return {"type": "token", "object_id": device, "token": data}


def device_of(native: Native, name: str) -> Json:
    """Give the one device of a person."""
    (device,) = native.get("profile", distinct_id=name)["devices"]
    assert isinstance(device, dict)
    return device


def test_a_device_shows_all_that_is_known_of_it(native: Native) -> None:
    started = clock.now_ms() // 1_000
    native.send({**profile("ana"), "object_id": "phone", "device": FACTS}, token("phone", "t"))
    device = device_of(native, "ana")
    assert (
        started <= device.pop("first_seen_at") <= device.pop("seen_at") <= clock.now_ms() // 1_000
    )
    assert device == {
        **FACTS,
        "object_id": "phone",
        "token": {"id": "t", "type": "fcm", "state": "active"},
    }


def test_a_device_was_there_when_the_records_say(native: Native) -> None:
    """Whoever brings history in is not seen today, and what is older makes nobody unseen."""
    old, older = 1_760_000_000, 1_750_000_000
    seen = {"type": "event", "object_id": "phone", "name": "Seen"}
    native.send({**profile("ana"), "object_id": "phone", "at": old}, {**seen, "at": older})
    device = device_of(native, "ana")
    assert (device["first_seen_at"], device["seen_at"]) == (old, old)
    derived = native.get("profile", distinct_id="ana")["derived"]
    assert (derived["First Seen"], derived["Last Seen"]) == (f"$D_{older}", f"$D_{old}")
    native.send(seen)
    assert device_of(native, "ana")["seen_at"] > clock.now_ms() // 1_000 - 60


def test_a_later_record_changes_what_it_names_and_leaves_the_rest(native: Native) -> None:
    native.send({**profile("ana"), "object_id": "phone", "device": {"os": "A", "model": "5"}})
    record = {"type": "event", "object_id": "phone", "name": "Seen", "device": {"os": "B"}}
    assert native.result(record)["status"] == "applied"
    device = device_of(native, "ana")
    assert (device["os"], device["model"]) == ("B", "5")
    (newest, *_) = native.get("profile/history", distinct_id="ana")["history"]
    assert newest["learned"] == {"os": "B"}


def test_a_token_is_given_up_and_says_so_with_time_and_reason(native: Native) -> None:
    native.send({**profile("ana"), "object_id": "phone"}, token("phone", "t"))
    assert native.result(token("phone", None))["status"] == "applied"
    assert native.result(token("phone", None))["status"] == "unchanged"
    shown = device_of(native, "ana")["token"]
    assert shown.pop("inactive_since") <= clock.now_ms() // 1_000
    assert shown == {
        "id": "t",
        "type": "fcm",
        "state": "inactive",
        "inactive_reason": "unregistered",
    }
    (newest, *_) = native.get("profile/history", distinct_id="ana")["history"]
    assert newest["devices"] == [
        {"object_id": "phone", "action": "token_lost", "token": "t", "reason": "unregistered"}
    ]
    assert native.result(token("phone", "t"))["status"] == "applied"
    assert device_of(native, "ana")["token"]["state"] == "active"


def test_history_tells_where_a_token_went(native: Native) -> None:
    native.send(
        {**profile("ana"), "object_id": "old"},
        {**profile("bo"), "object_id": "new"},
        token("old", "t"),
        token("new", "t"),
    )
    bo = native.get("profile", distinct_id="bo")["object_id"]
    (newest, *_) = native.get("profile/history", distinct_id="ana")["history"]
    assert newest["devices"] == [
        {"object_id": "old", "action": "token_lost", "token": "t", "reason": "moved", "to": bo}
    ]


def test_the_compatible_api_shows_tokens_that_can_be_sent_to(native: Native) -> None:
    native.send({**profile("ana"), "object_id": "phone"}, token("phone", "t"))

    def platform_info() -> object:
        answer = native.http.get("/1/profile.json?identity=ana", headers=native.key.headers)
        return answer.json()["record"]["platformInfo"]

    assert platform_info() == [{"platform": "Android", "objectId": "phone", "push_token": "t"}]
    native.send(token("phone", None))
    assert platform_info() == [{"platform": "Android", "objectId": "phone"}]


def test_reachability_follows_the_token(native: Native) -> None:
    visitor = {"type": "profile", "object_id": "phone", "properties": {}}
    native.send(visitor, token("phone", "t"))
    assert native.get("profile", object_id="phone")["type"] == "identified"
    native.send(token("phone", None))
    assert native.get("profile", object_id="phone")["type"] == "anonymous"
